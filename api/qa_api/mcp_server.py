"""The service for assistants that speak MCP: four tools, each with a schema of what it gives."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import wraps
from importlib.metadata import version
from typing import Annotated, ParamSpec, TypeVar

from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.transport_security import TransportSecuritySettings
from mcp_types import ToolAnnotations
from pydantic import Field
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from qa.errors import QAError
from qa.types import Turn
from qa.wire import wire_answer
from qa_api.body_limit import MAX_BYTES
from qa_api.problems import MCP_PATH, bug_of
from qa_api.schemas import (
    MAX_CHOSEN,
    MAX_HISTORY,
    AskResponse,
    DocumentList,
    DocumentListed,
    DocumentWithText,
    PassageOut,
    SearchResponse,
    TurnIn,
)
from qa_api.service import Service

log = logging.getLogger("qa_api")
_P = ParamSpec("_P")
_T = TypeVar("_T")
_INSTRUCTIONS = (
    "Answers from a collection of documents. ask_question quotes them sentence by sentence, with citations"
    " that are checked against the text, says how sure it is, and says so when they do not tell or disagree."
)


def create_server(service: Service) -> MCPServer:
    """The server; `run("stdio")` serves one client, `Assistants` many over HTTP."""
    server: MCPServer = MCPServer(
        "grounded-qa",
        title="Document question answering",
        instructions=_INSTRUCTIONS,
        version=version("grounded-qa"),
        log_level="WARNING",
    )
    reading = ToolAnnotations(read_only_hint=True, open_world_hint=False)

    @server.tool(title="Ask the documents", annotations=reading)
    @_told
    def ask_question(
        question: str,
        history: Annotated[
            list[TurnIn] | None, Field(max_length=MAX_HISTORY, description="earlier turns, oldest first")
        ] = None,
        documents: Annotated[
            list[str] | None,
            Field(max_length=MAX_CHOSEN, description="answer from the documents of these ids only"),
        ] = None,
    ) -> AskResponse:
        """Answer a question from the documents, with citations, or say that they do not."""
        turns = tuple(Turn(turn.role, turn.content) for turn in history or ())
        answer = service.ask(question, turns, documents=documents)
        return AskResponse.model_validate(wire_answer(answer))

    @server.tool(title="Search the documents", annotations=reading)
    @_told
    def search_documents(query: str, k: Annotated[int, Field(ge=1, le=100)] = 10) -> SearchResponse:
        """Find the passages that fit a query best."""
        found = service.search(query, k)
        return SearchResponse(passages=[PassageOut.model_validate(one) for one in found])

    @server.tool(title="List the documents", annotations=reading)
    @_told
    def list_documents() -> DocumentList:
        """List the documents that are answered from, without their texts."""
        listed = [DocumentListed.of(document, origin=origin) for document, origin in service.documents()]
        return DocumentList(documents=listed)

    @server.tool(title="Read a document", annotations=reading)
    @_told
    def get_document(document_id: str) -> DocumentWithText:
        """Read one document with its whole text, into which the offsets of citations point."""
        found = service.document(document_id)
        return DocumentWithText.of(found, text=found.text)

    return server


class Assistants:
    """Serves MCP over HTTP while `running`; the SDK's server can do so only once, so each time has one."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._app: ASGIApp | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """As long as the application runs."""
        server = create_server(self._service)
        # Hosts and origins are looked at by `access`, for all routes alike.
        trusting = TransportSecuritySettings(enable_dns_rebinding_protection=False)
        self._app = server.streamable_http_app(
            streamable_http_path=MCP_PATH,
            stateless_http=True,
            json_response=True,
            transport_security=trusting,
            max_request_body_size=MAX_BYTES,  # `body_limit` comes first and has more to say
        )
        async with server.session_manager.run():
            yield
        self._app = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if self._app is None:
            raise HTTPException(503, "The service is starting or stopping")
        await self._app(scope, receive, send)


def _told(function: Callable[_P, _T]) -> Callable[_P, _T]:
    """Have the assistant read what went wrong and what to do."""

    @wraps(function)
    def telling(*arguments: _P.args, **options: _P.kwargs) -> _T:
        try:
            return function(*arguments, **options)
        except QAError as error:
            raise ToolError(str(error)) from error
        except Exception as error:
            log.exception("bug in a tool")
            raise ToolError(bug_of(error).detail) from None

    return telling
