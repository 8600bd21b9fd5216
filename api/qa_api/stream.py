"""An answer as a series of events: evidence at once, each claim once it is verified, then the answer."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator
from contextlib import aclosing, contextmanager, suppress
from typing import Any

from fastapi import HTTPException, Request
from fastapi.sse import ServerSentEvent
from starlette.concurrency import run_in_threadpool

from qa.errors import QAError
from qa.types import Answer, Found, Shown, Step, Waiting
from qa.wire import wire_answer, wire_citation
from qa_api.problems import bug_of, problem_of

_EVIDENCE = 10


Steps = AsyncGenerator[Step, None]


async def taken(steps: Generator[Step]) -> Steps:
    """The steps of an answer, taken in worker threads; who leaves early stops what makes them."""
    with _stopped(steps):
        while (step := await run_in_threadpool(next, steps, None)) is not None:
            yield step


async def waited_for(steps: Generator[Step]) -> Steps:
    """Like `taken`, for who is shown the answer alone: without the steps that take no time."""
    with _stopped(steps):
        step: Step = Waiting()
        while isinstance(step, Waiting):
            step = await run_in_threadpool(_next_wait, steps)
            yield step


def _next_wait(steps: Generator[Step]) -> Step:
    """The next step that takes its time, or the last, after which the steps end in this thread too."""
    last: Step | None = None
    for last in steps:
        if isinstance(last, Waiting):
            break
    assert last is not None, "asked for more after the answer"
    return last


@contextmanager
def _stopped(steps: Generator[Step]) -> Iterator[None]:
    try:
        yield
    finally:
        with suppress(ValueError):  # a service that ends cancels this while a thread is still in `next`
            steps.close()


async def started(steps: Steps, request: Request) -> Steps:
    """`steps`, the first that tells something at hand: what fails before raises here, an HTTP error yet."""
    first: Step = Waiting()
    while isinstance(first, Waiting):
        if await request.is_disconnected():
            await steps.aclose()
            raise _gone()
        first = await anext(steps)

    async def all_of_them() -> Steps:
        async with aclosing(steps):
            yield first
            async for step in steps:
                yield step

    return all_of_them()


async def answer_of(steps: Steps, request: Request) -> Answer:
    """The last of the steps; they are given up when the client has gone."""
    async with aclosing(steps):
        if await request.is_disconnected():
            raise _gone()
        async for step in steps:
            if isinstance(step, Answer):
                return step
            if await request.is_disconnected():
                break
    raise _gone()


def _gone() -> HTTPException:
    return HTTPException(499, "The client went away before its answer was ready")


async def answer_events(steps: Steps, *, trace: bool = False) -> AsyncIterator[ServerSentEvent]:
    """The event of each step; what fails once events were sent is the last one, `error`."""
    try:
        async with aclosing(steps):
            async for step in steps:
                if not isinstance(step, Waiting):
                    yield _event(step, trace=trace)
    except QAError as error:
        yield ServerSentEvent(event="error", data=problem_of(error))
    except Exception as error:
        logging.getLogger("qa_api").exception("bug in a stream")
        yield ServerSentEvent(event="error", data=bug_of(error))


def _event(step: Found | Shown | Answer, *, trace: bool) -> ServerSentEvent:
    if isinstance(step, Found):
        return ServerSentEvent(event="evidence", data=_evidence(step))
    if isinstance(step, Shown):
        citations = [wire_citation(one) for one in step.citations]
        return ServerSentEvent(event="claim", data={"text": step.claim.text, "citations": citations})
    return ServerSentEvent(event="answer", data=wire_answer(step, trace=trace))


def _evidence(found: Found) -> dict[str, Any]:
    return {
        "standalone_question": found.question,
        "evidence": [
            {
                "document_id": one.passage.document_id,
                "title": found.sources[one.passage.document_id].title,
                "published": found.sources[one.passage.document_id].published,
                "start": one.start,
                "end": one.end,
                "quote": one.quote,
                "score": round(one.score, 4),
            }
            for one in found.evidence[:_EVIDENCE]
        ],
    }
