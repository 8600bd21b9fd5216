"""The files that browsers get: the chat page and the description of the routes. No other host is asked."""

from __future__ import annotations

import mimetypes
from collections.abc import Awaitable, Callable
from pathlib import Path

import fastapi_offline
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import FileResponse, Response

PAGE = Path(__file__).parent / "page"
_TYPES = {".js": "text/javascript", ".css": "text/css", ".html": "text/html", ".svg": "image/svg+xml"}
"""Said here because browsers are told not to guess and some systems' tables are wrong."""


def page_paths() -> dict[str, Path]:
    """The paths of the files that browsers get, and the file at each."""
    found = {
        "/" + file.relative_to(PAGE).as_posix(): file for file in sorted(PAGE.rglob("*")) if file.is_file()
    }
    assets = Path(fastapi_offline.__file__).parent / "static"
    swagger = {f"/docs/{name}": assets / name for name in ("swagger-ui.css", "swagger-ui-bundle.js")}
    return found | swagger | {"/": PAGE / "index.html", "/docs": PAGE / "docs.html"}


def install(app: FastAPI) -> None:
    """Serve them from `app`.

    Each file has a route of its own: a folder mounted at / would take what is wrong with a request
    to another route for a file that isn't there.
    """
    for path, file in page_paths().items():
        app.add_route(path, _file(file), include_in_schema=False)


def _file(file: Path) -> Callable[[Request], Awaitable[Response]]:
    kind = _TYPES.get(file.suffix) or mimetypes.guess_type(file.name)[0]

    async def serve(_: Request) -> Response:
        return FileResponse(file, media_type=kind, headers={"Cache-Control": "no-cache"})

    return serve
