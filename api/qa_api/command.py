"""`qa serve`, `qa mcp` and `qa key`."""

from __future__ import annotations

import signal
import socket
from contextlib import suppress
from typing import Annotated

import typer

from qa.cli import sync_corpus
from qa.errors import CorpusMissing, IndexMissing, SettingsError
from qa.keys import new_key
from qa.settings import Settings, load_settings

_WAITING = 2048
"""Connections that wait to be taken; uvicorn's own number."""

_LAST_SECONDS = 20
"""For what is in work when the service is told to end; those who end services give them 30 s or more.
The rest is for an upload, which is given up once its chunk is done."""

_IDLE_SECONDS = 30
"""Longer than clients keep an idle connection (httpx, and so OpenAI's client, 5 s): a request that meets the
closing of its connection is lost."""
# What is heavy is imported inside the commands: 'qa --help' loads no web framework.


def serve(
    insecure: Annotated[
        bool, typer.Option("--insecure", help="listen beyond this machine without keys")
    ] = False,
) -> None:
    """Bring the index up to date with the corpus folder, then answer over HTTP."""
    import uvicorn

    from qa_api.access import is_loopback, refuse_open_address
    from qa_api.app import create_app
    from qa_api.log import log_to_stderr
    from qa_api.memory import share_arenas

    share_arenas()
    settings = load_settings()
    refuse_open_address(settings, insecure=insecure)
    listener = _bound(settings)
    app = create_app(settings, only_local=is_loopback(settings.host) and not settings.api_keys)
    try:
        sync_corpus(settings)
    except CorpusMissing as error:
        # What is answered from may all have been uploaded, or the folder not be mounted.
        try:
            app.state.service.open()
        except IndexMissing:
            raise error from None
        stays = "What is in the index stays and is answered from; 'qa documents rm' deletes what is to go."
        typer.echo(f"qa: {error} {stays}", err=True)
    app.state.service.open()
    log_to_stderr()
    listener.listen(_WAITING)
    address = address_of(settings)
    typer.echo(f"Ready: open {address} or ask at {address}/v1/ask; {address}/docs says how (Ctrl-C ends it).")
    # What is in work as it ends may be finished; a stream that never ends must not keep it.
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        timeout_keep_alive=_IDLE_SECONDS,
        timeout_graceful_shutdown=_LAST_SECONDS,
    )
    server = uvicorn.Server(config)
    with suppress(KeyboardInterrupt):
        # Once what is in work is finished, uvicorn raises again the signal that ended it.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        server.run([listener])


def _bound(settings: Settings) -> socket.socket:
    """The address of these settings, taken before the index is read: one that is in use is told at once.

    Raises `SettingsError`.
    """
    listener = socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
    except OSError as error:
        listener.close()
        raise SettingsError(
            f"The service can't listen on {settings.host}, port {settings.port} ({error.strerror or error});"
            " end what listens there or set QA_PORT."
        ) from error
    return listener


def address_of(settings: Settings) -> str:
    """Where browsers find the service; an IPv6 address stands in brackets."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"http://{host}:{settings.port}"


def mcp() -> None:
    """Answer as an MCP server over standard input and output, for assistants that start it."""
    from qa_api.log import log_to_stderr
    from qa_api.mcp_server import create_server
    from qa_api.service import Service

    service = Service(load_settings())
    service.open()
    log_to_stderr()
    create_server(service).run("stdio")


def key(
    name: Annotated[str, typer.Argument(help="whom or what the key is for")],
    read: Annotated[
        bool, typer.Option("--read", help="the key may ask and read, but change nothing")
    ] = False,
) -> None:
    """Make a key of the service: the key to hand out, and what to put into QA_API_KEYS."""
    made, entry = new_key(name, read_only=read)
    typer.echo(f"key (shown once):  {made}\nQA_API_KEYS entry: {entry}")
