"""Refuses what would have to wait for too long: a full queue is told, not felt."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from qa_api.problems import BUSY_SECONDS, MCP_PATH, respond

_WORK = ("/v1/", MCP_PATH)
"""Where requests are for work; the page, health and metrics are served however much there is."""
THREADS_BESIDES = 8
"""Threads beyond those that requests for work may fill, so that health and metrics find one."""


class Backlog:
    """Lets in so many requests at once, those in work and those waiting for a thread together.

    The others get a 503 with Retry-After at once. A stream counts until its end goes out.
    """

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self._app = app
        self._limit = limit
        self._inside = 0  # all requests are on one event loop, so that no lock is needed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve or refuse one request."""
        if scope["type"] != "http" or not scope["path"].startswith(_WORK):
            await self._app(scope, receive, send)
            return
        if self._inside >= self._limit:
            refusal = respond(scope["path"], "overloaded", headers={"Retry-After": str(BUSY_SECONDS)})
            await refusal(scope, receive, send)
            return
        self._inside += 1
        is_inside = True

        async def tell(message: Message) -> None:
            nonlocal is_inside
            if is_inside and message["type"] == "http.response.body" and not message.get("more_body"):
                is_inside = False  # before it is sent: who has read all of it may ask the next
                self._inside -= 1
            await send(message)

        try:
            await self._app(scope, receive, tell)
        finally:
            self._inside -= is_inside
