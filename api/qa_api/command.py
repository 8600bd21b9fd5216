"""`qa serve`."""

from __future__ import annotations

import typer

from qa.cli import sync_corpus
from qa.settings import load_settings


def serve() -> None:
    """Bring the index up to date with the corpus folder, then answer over HTTP."""
    settings = load_settings()
    sync_corpus(settings)
    # Imported here so that 'qa --help' loads no web framework.
    import uvicorn

    from qa_api.app import create_app

    app = create_app(settings)
    app.state.service.qa()
    address = f"http://{settings.host}:{settings.port}"
    typer.echo(f"Ready: ask at {address}/v1/ask, documentation at {address}/docs (Ctrl-C ends it).")
    uvicorn.run(app, host=settings.host, port=settings.port, log_level="warning")
