"""Refuses what is too long before it is read."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from qa_api.problems import respond

MAX_BYTES = 5_000_000
"""Of a request that is no upload; a history may be long."""
_FORM_OVERHEAD = 100_000
"""Bytes of a multipart body that are no file: boundaries and headers."""


class _TooLong(Exception):
    """Ends the reading of a body that has been refused."""


class BodyLimit:
    """Limits the bodies of requests; `uploads` is the limit of all files of an upload together, in bytes.

    FastAPI's own limit and the MCP SDK's answer with plain text.
    """

    def __init__(self, app: ASGIApp, uploads: int) -> None:
        self._app = app
        self._uploads = uploads + _FORM_OVERHEAD

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = self._uploads if scope["path"] == "/v1/documents" else MAX_BYTES
        detail = f"The request is longer than {limit} bytes; send less at once."
        refusal = respond(scope["path"], "body-too-large", detail)
        announced = Headers(scope=scope).get("content-length", "")
        if announced.isdecimal() and int(announced) > limit:
            await refusal(scope, receive, send)
            return
        read = 0

        async def receive_within_limit() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > limit:
                await refusal(scope, receive, send)
                raise _TooLong
            return message

        async def send_unless_refused(message: Message) -> None:
            if read <= limit:
                await send(message)

        try:
            await self._app(scope, receive_within_limit, send_unless_refused)
        except Exception:
            # Once the request is refused, whatever fails within fails for want of the rest of it.
            if read <= limit:
                raise
