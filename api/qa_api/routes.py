"""The routes of version 1."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request

from qa.pipeline import QA
from qa.types import Turn
from qa.wire import wire_answer
from qa_api.problems import responses
from qa_api.schemas import (
    AskRequest,
    AskResponse,
    DocumentOut,
    DocumentWithText,
    Health,
    PassageOut,
    SearchRequest,
    SearchResponse,
)
from qa_api.service import Service

router = APIRouter()


def _service(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


def _qa(service: Annotated[Service, Depends(_service)]) -> QA:
    """The opened index; raises what is wrong with it, which becomes a 503."""
    return service.qa()


ReadyQA = Annotated[QA, Depends(_qa)]


@router.post("/v1/ask", responses=responses(422, 503), response_model_exclude_unset=True)
def ask(body: AskRequest, qa: ReadyQA) -> AskResponse:
    """Answer a question from the documents, with citations, or say that they do not."""
    history = tuple(Turn(turn.role, turn.content) for turn in body.history)
    answer = qa.ask(body.question, history, top_k=body.top_k, documents=body.documents)
    return AskResponse.model_validate(wire_answer(answer, trace=body.trace))


@router.post("/v1/search", responses=responses(422, 503))
def search(body: SearchRequest, qa: ReadyQA) -> SearchResponse:
    """The passages that fit a query best."""
    found = qa.search(body.query, body.k)
    return SearchResponse(passages=[PassageOut.model_validate(one) for one in found])


@router.get("/v1/documents", responses=responses(503))
def documents(qa: ReadyQA) -> list[DocumentOut]:
    """The documents that are answered from."""
    return [DocumentOut.model_validate(one) for one in qa.documents()]


@router.get("/v1/documents/{document_id:path}", responses=responses(404, 503))
def document(document_id: str, qa: ReadyQA) -> DocumentWithText:
    """One document, with its text."""
    return DocumentWithText.model_validate(qa.document(document_id))


@router.get("/healthz")
def healthz() -> Health:
    """The process is alive."""
    return Health(status="ok")


@router.get("/readyz", responses=responses(503))
def readyz(qa: ReadyQA) -> Health:
    """The service can answer."""
    counts = qa.counts()
    return Health(status="ready", documents=counts.documents, passages=counts.passages)
