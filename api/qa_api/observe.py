"""Around every request: an id, a line in the log, the metrics, the security headers."""

from __future__ import annotations

import logging
import re
import time
import uuid
from collections.abc import Sequence

from starlette.datastructures import Headers, MutableHeaders
from starlette.routing import compile_path
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from qa_api.metrics import Metrics
from qa_api.problems import bug_of, response_for

log = logging.getLogger("qa_api")
REQUEST_ID = "X-Request-ID"
_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "connect-src 'self'",
        "img-src 'self' data:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_USABLE_ID = re.compile(r"[\w.-]{1,100}", re.ASCII)


class Observe:
    """The outermost layer: even the answer to a bug has its headers, its id and its line in the log.

    The log names routes, not paths: no id of a document, no question and no text gets into it. `routes`
    are their paths as declared, so that a request that is refused on its way there is named too.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics, routes: Sequence[str]) -> None:
        self._app = app
        self._metrics = metrics
        self._routes = [(compile_path(path)[0], path) for path in routes]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get(REQUEST_ID, "")
        request_id = given if _USABLE_ID.fullmatch(given) else uuid.uuid4().hex
        scope.setdefault("state", {})["request_id"] = request_id
        status = 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in {**HEADERS, REQUEST_ID: request_id}.items():
                    headers.setdefault(name, value)
            await send(message)

        start = time.perf_counter()
        try:
            await self._app(scope, receive, send_with_headers)
        except Exception as error:
            log.exception("bug", extra={"fields": {"request_id": request_id}})
            if status:
                raise
            await response_for(scope["path"], bug_of(error))(scope, receive, send_with_headers)
        finally:
            self._note(scope, status, request_id, time.perf_counter() - start)

    def _note(self, scope: Scope, status: int, request_id: str, seconds: float) -> None:
        path = scope["path"]
        route = next((route for pattern, route in self._routes if pattern.match(path)), "other")
        method = scope["method"] if scope["method"] in _METHODS else "other"
        self._metrics.observe(method, route, status, seconds)
        fields = {
            "request_id": request_id,
            "method": method,
            "route": route,
            "status": status,
            "ms": round(seconds * 1000, 1),
            **scope["state"].get("log", {}),
        }
        log.info("request", extra={"fields": fields})


_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
