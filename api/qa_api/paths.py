"""Which paths the application serves, and how: for the log, for refusals, and for the test of the keys."""

from __future__ import annotations

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.routing import compile_path


def route_paths(app: FastAPI) -> list[str]:
    """The paths of all routes as declared, those that no description names included."""
    paths = (context.path for context in iter_route_contexts(app.routes))
    return list(dict.fromkeys(path for path in paths if path))


def methods_of(app: FastAPI, path: str) -> set[str]:
    """The methods that the routes at `path` take, all together."""
    found = set()
    for context in iter_route_contexts(app.routes):
        if context.path and compile_path(context.path)[0].match(path):
            found |= context.methods or set()
    return found
