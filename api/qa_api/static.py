"""The files that browsers get: the chat page and the description of the routes. No other host is asked."""

from __future__ import annotations

import mimetypes
from collections.abc import Awaitable, Callable
from importlib.resources import as_file, files
from pathlib import Path

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response

PAGE = Path(__file__).parent / "page"
_TYPES = {".js": "text/javascript", ".css": "text/css", ".html": "text/html", ".svg": "image/svg+xml"}
"""Said here because browsers are told not to guess and some systems' tables are wrong."""

_DOCS = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Routes</title>
<meta name="viewport" content="width=device-width">
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/docs/swagger-ui.css"></head>
<body><div id="swagger-ui"></div>
<script src="/docs/swagger-ui-bundle.js"></script><script src="/docs/start.js"></script></body></html>
"""
_DOCS_START = """SwaggerUIBundle({url: "/openapi.json", dom_id: "#swagger-ui", deepLinking: true});"""


def page_paths() -> dict[str, Path]:
    """The paths of the chat page and the file at each."""
    found = {
        "/" + file.relative_to(PAGE).as_posix(): file for file in sorted(PAGE.rglob("*")) if file.is_file()
    }
    if "/index.html" in found:
        found["/"] = found["/index.html"]
    return found


def install(app: FastAPI) -> None:
    """Serve them from `app`.

    Each file has a route of its own: a folder mounted at / would take what is wrong with a request
    to another route for a file that isn't there.
    """
    for path, file in page_paths().items():
        app.add_route(path, _file(file), include_in_schema=False)
    with as_file(files("fastapi_offline").joinpath("static")) as folder:
        for name in ("swagger-ui.css", "swagger-ui-bundle.js"):
            app.add_route(f"/docs/{name}", _file(folder / name), include_in_schema=False)
    app.add_route("/docs", _text(HTMLResponse(_DOCS)), include_in_schema=False)
    start = Response(_DOCS_START, media_type="text/javascript")
    app.add_route("/docs/start.js", _text(start), include_in_schema=False)


def _file(file: Path) -> Callable[[Request], Awaitable[Response]]:
    kind = _TYPES.get(file.suffix) or mimetypes.guess_type(file.name)[0]

    async def serve(_: Request) -> Response:
        return FileResponse(file, media_type=kind, headers={"Cache-Control": "no-cache"})

    return serve


def _text(response: Response) -> Callable[[Request], Awaitable[Response]]:
    async def serve(_: Request) -> Response:
        return response

    return serve
