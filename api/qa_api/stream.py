"""An answer as a series of events: evidence at once, each claim once it is verified, then the answer."""

from __future__ import annotations

import itertools
import logging
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from fastapi.sse import ServerSentEvent

from qa.errors import QAError
from qa.types import Answer, Document
from qa.wire import wire_answer
from qa_api.problems import bug_of, problem_of

_EVIDENCE = 10
_MARKS = re.compile(r" ?(\[\d+\])*")


def answer_events(
    answer: Answer, documents: Mapping[str, Document], *, trace: bool = False
) -> Iterator[ServerSentEvent]:
    """The events of an answer that is ready; `documents` are those that its evidence is from.

    A composer that takes its time would yield the same events as it goes.
    """
    yield ServerSentEvent(event="evidence", data=_evidence(answer, documents))
    body = wire_answer(answer, trace=trace)
    cited = {one["number"]: one for one in body["citations"]}
    for claim in body["claims"]:
        citations = [cited[number] for number in claim["citations"]]
        yield ServerSentEvent(event="claim", data={"text": claim["text"], "citations": citations})
    yield ServerSentEvent(event="answer", data=body)


def pieces(answer: Answer) -> list[str]:
    """The text of an answer, claim by claim; together they are `answer.text`."""
    text = answer.text
    ends = []
    start = 0
    for claim in answer.claims:
        start = text.index(claim.text, start) + len(claim.text)
        ends.append(start)
    # The marks of a claim, and what introduces the next one, stand between their texts.
    cuts = [0, *(_after_marks(text, end) for end in ends[:-1]), len(text)]
    return [text[a:b] for a, b in itertools.pairwise(cuts)]


def _after_marks(text: str, start: int) -> int:
    marks = _MARKS.match(text, start)
    return marks.end() if marks else start


def started(events: Iterable[ServerSentEvent]) -> Iterator[ServerSentEvent]:
    """`events`, the first of them at hand: what fails before it raises here, and is an HTTP error yet.

    What fails later can only be the last event, `error`.
    """
    iterator = iter(events)
    first = next(iterator)
    return _guarded(itertools.chain([first], iterator))


def _guarded(events: Iterator[ServerSentEvent]) -> Iterator[ServerSentEvent]:
    try:
        yield from events
    except QAError as error:
        yield ServerSentEvent(event="error", data=problem_of(error))
    except Exception as error:
        logging.getLogger("qa_api").exception("bug in a stream")
        yield ServerSentEvent(event="error", data=bug_of(error))


def _evidence(answer: Answer, documents: Mapping[str, Document]) -> dict[str, Any]:
    return {
        "standalone_question": answer.standalone_question,
        "evidence": [
            {
                "document_id": one.document_id,
                "title": documents[one.document_id].title,
                "published": documents[one.document_id].published,
                "start": one.start,
                "end": one.end,
                "quote": one.text,
                "score": round(one.score, 4),
            }
            for one in answer.trace.evidence[:_EVIDENCE]
            if one.document_id in documents  # it may have been deleted since
        ],
    }
