"""The FastAPI application."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI

from qa.pipeline import QA
from qa.settings import Settings
from qa_api import problems
from qa_api.routes import router
from qa_api.service import Service


def create_app(settings: Settings, qa: QA | None = None) -> FastAPI:
    """The service over the index of `settings`, or over an opened `qa`."""
    service = Service(settings, qa)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        service.close()

    app = FastAPI(
        title="Document question answering",
        summary="Answers that quote their sources, and say when there is none.",
        version=version("grounded-qa"),
        lifespan=lifespan,
    )
    app.state.service = service
    app.include_router(router)
    problems.install(app)
    return app
