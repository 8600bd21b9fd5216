"""The FastAPI application."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from anyio import to_thread
from fastapi import Depends, FastAPI
from fastapi.security import HTTPBearer
from starlette.routing import Route

from qa.pipeline import QA
from qa.settings import Settings
from qa_api import problems, static
from qa_api.access import Access, AccessRules
from qa_api.backlog import THREADS_BESIDES, Backlog
from qa_api.body_limit import BodyLimit
from qa_api.description import DescribedAPI
from qa_api.documents import documents_router
from qa_api.mcp_server import Assistants
from qa_api.observe import Observe
from qa_api.openai_routes import router as openai_router
from qa_api.paths import route_paths
from qa_api.routes import router
from qa_api.service import Service

_KEY = HTTPBearer(auto_error=False, description="A key of this service, as 'qa key' makes them.")
"""Describes the keys, so that /docs asks for one; `access` is what checks them."""


def create_app(settings: Settings, qa: QA | None = None, *, only_local: bool = False) -> FastAPI:
    """The service over the index of `settings`, or over an opened `qa`.

    With `only_local` it answers to the name localhost alone. Raises `SettingsError` on malformed keys.
    """
    service = Service(settings, qa)
    assistants = Assistants(service)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        service.reading.ended.clear()
        threads = to_thread.current_default_thread_limiter()
        threads.total_tokens = settings.max_requests + THREADS_BESIDES
        async with assistants.running():
            yield
        service.close()

    app = DescribedAPI(
        title="Document question answering",
        summary="Answers that quote their sources, and say when there is none.",
        version=version("grounded-qa"),
        docs_url=None,  # FastAPI's own page loads scripts from another host
        redoc_url=None,
        lifespan=lifespan,
        generate_unique_id_function=lambda route: route.name,
        dependencies=[Depends(_KEY)] if settings.api_keys else [],
    )
    app.state.service = service
    app.include_router(router, tags=["questions"])
    app.include_router(documents_router(settings), tags=["documents"])
    app.include_router(openai_router, tags=["OpenAI's protocol"])
    app.router.routes.append(Route(problems.MCP_PATH, assistants, include_in_schema=False))
    problems.install(app)
    static.install(app)
    # The last added is the outermost.
    app.add_middleware(BodyLimit, uploads=settings.upload_max_files * settings.upload_max_bytes)
    app.add_middleware(Backlog, limit=settings.max_requests)
    app.add_middleware(Access, access=AccessRules(settings, only_local=only_local))
    app.add_middleware(Observe, metrics=service.metrics, routes=route_paths(app))
    return app
