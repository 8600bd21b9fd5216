"""The routes that ask, search and report; documents and OpenAI's protocol have files of their own."""

from __future__ import annotations

from collections.abc import AsyncIterable, Generator
from contextlib import aclosing
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent

from qa import feedback as feedback_log
from qa.errors import QAError
from qa.types import Answer, Step, Turn
from qa.wire import wire_answer
from qa_api.access import is_trusted
from qa_api.problems import respond, responses
from qa_api.schemas import (
    AskRequest,
    AskResponse,
    ClaimEvent,
    EvidenceEvent,
    Feedback,
    Health,
    PassageOut,
    SearchRequest,
    SearchResponse,
)
from qa_api.service import Service
from qa_api.stream import Steps, answer_events, answer_of, started, taken, waited_for

router = APIRouter()


async def service_of(request: Request) -> Service:
    """The service that a request is for; `async` to be called here, not by way of a thread."""
    service: Service = request.app.state.service
    return service


TheService = Annotated[Service, Depends(service_of)]


def _steps(body: AskRequest, service: Service) -> Generator[Step]:
    history = tuple(Turn(turn.role, turn.content) for turn in body.history)
    return service.steps(
        body.question,
        history,
        top_k=body.top_k,
        documents=body.documents,
        generate=body.generator == "default",
    )


async def noted(steps: Steps, request: Request, service: Service) -> Steps:
    """`steps`; the line of this request in the log tells what became of the question."""
    async with aclosing(steps):
        async for step in steps:
            if isinstance(step, Answer):
                note(request, step, service)
            yield step


def note(request: Request, answer: Answer, service: Service) -> None:
    """Have the line of this request in the log tell what became of the question."""
    fields: dict[str, Any] = {"outcome": answer.status, "stages_ms": dict(answer.trace.timings_ms)}
    if service.settings.log_questions:
        fields["question"] = answer.question
    request.state.log = fields


_ASKING = responses(
    "document-not-found",
    "body-too-large",
    "question-invalid",
    "request-invalid",
    "index-missing",
    "index-busy",
)


@router.post("/v1/ask", responses=_ASKING, response_model_exclude_unset=True)
async def ask(body: AskRequest, service: TheService, request: Request) -> AskResponse:
    """Answer a question from the documents, with citations, or say that they do not."""
    answer = await answer_of(noted(waited_for(_steps(body, service)), request, service), request)
    return AskResponse.model_validate(wire_answer(answer, trace=body.trace))


async def _started(body: AskRequest, service: TheService, request: Request) -> Steps:
    return await started(noted(taken(_steps(body, service)), request, service), request)


_EVENTS = (
    f"Events: `evidence` ({EvidenceEvent.__name__}), any number of `claim` ({ClaimEvent.__name__}), then"
    f" `answer` ({AskResponse.__name__}) or `error` (Problem)."
)


@router.post(
    "/v1/ask/stream",
    response_class=EventSourceResponse,
    responses=_ASKING,
    description="Answer a question as server-sent events, no word before it is verified. " + _EVENTS,
)
async def ask_stream(
    body: AskRequest, steps: Annotated[Steps, Depends(_started)]
) -> AsyncIterable[ServerSentEvent]:
    """Answer a question as server-sent events."""
    async for event in answer_events(steps, trace=body.trace):
        yield event


@router.post(
    "/v1/search",
    responses=responses(
        "body-too-large", "question-invalid", "request-invalid", "index-missing", "index-busy"
    ),
)
def search(body: SearchRequest, service: TheService) -> SearchResponse:
    """The passages that fit a query best."""
    found = service.search(body.query, body.k)
    return SearchResponse(passages=[PassageOut.model_validate(one) for one in found])


@router.post(
    "/v1/feedback",
    status_code=204,
    responses=responses(
        "read-only", "body-too-large", "request-invalid", "index-missing", "feedback-unwritable"
    ),
)
def feedback(body: Feedback, service: TheService) -> None:
    """Keep a verdict on an answer, as a draft of a gold question; of the citations those that are true."""
    history = tuple(Turn(turn.role, turn.content) for turn in body.history)
    cited = [one for one in body.citations if service.holds(one.document_id, one.start, one.end, one.quote)]
    numbers = {one.number for one in cited}
    claims = [one for one in body.claims if numbers.issuperset(one.citations)]
    kept = body.model_copy(update={"citations": cited, "claims": claims})
    wire = kept.model_dump(exclude_none=True)
    verdict: feedback_log.Verdict = "good" if body.verdict == "up" else "bad"
    feedback_log.record(service.settings.feedback, wire, verdict, history, body.comment)


@router.get("/healthz", responses={403: responses()[403]})
async def healthz() -> Health:
    """The process is alive."""
    return Health(status="ok")


@router.get("/readyz", responses=responses("not-ready", "index-missing"), response_model=Health)
def readyz(service: TheService, request: Request) -> Health | Response:
    """The service can answer. Why not, and how much it holds, is told to those with a key."""
    try:
        counts = service.ready()
    except QAError:
        if is_trusted(request):
            raise
        return respond(request.url.path, "not-ready")
    if not is_trusted(request):
        return Health(status="ready")
    return Health(status="ready", documents=counts.documents, passages=counts.passages)


@router.get(
    "/metrics",
    response_class=Response,
    responses={**responses(), 200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
def metrics(service: TheService) -> Response:
    """What Prometheus reads."""
    return Response(service.metrics.exposition(), media_type="text/plain; version=0.0.4; charset=utf-8")
