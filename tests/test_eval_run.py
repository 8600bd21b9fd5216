from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import httpx
import pytest

from qa.errors import QuestionInvalid
from qa_eval.examples import Dataset, Example, GoldPosition, GoldSpan, SourceText
from qa_eval.judge import judge
from qa_eval.reply import Place, Reply
from qa_eval.run import InProcess, OverHttp, ServiceError, evaluate, temporary_qa
from qa_eval.scores import figures, losses

TEXT = "It was built in 1911. Others say 1912. It is white. It is 40 metres high."
SPANS = [(0, 21), (22, 38), (39, 51), (52, 73)]


def place(number: int) -> Place:
    start, end = SPANS[number]
    return Place("lamp", start, end, TEXT[start:end])


def gold(number: int, *, sufficient: bool = True) -> GoldSpan:
    start, end = SPANS[number]
    return GoldSpan("lamp", start, end, TEXT[start:end], sufficient)


def reply(*cited: int, ranked: tuple[int, ...] = (0, 1, 2, 3), conflict: str | None = None) -> Reply:
    citations = {number: place(one) for number, one in enumerate(cited, start=1)}
    return Reply(
        status="answered" if cited else "not_found",
        confidence=0.5,
        statements=tuple((one.text, (number,)) for number, one in citations.items()),
        citations=citations,
        short_answer=None,
        disagreement=conflict,
        passages=(Place("lamp", 0, len(TEXT)),) if ranked else (Place("other", 0, 9),),
        evidence=tuple(map(place, ranked)),
    )


HEIGHT = Example("h", "How high?", True, answers=("40 metres",), evidence=(gold(3),))
BOTH = Example("b", "?", True, evidence=(gold(2, sufficient=False), gold(3, sufficient=False)))
DISPUTED = Example(
    "d",
    "When?",
    True,
    answers=("1911", "1912"),
    evidence=(gold(0), gold(1)),
    conflict="value",
    positions=(GoldPosition("1911", (0,)), GoldPosition("1912", (1,))),
)
NOTHING = Example("n", "Who?", False)


@pytest.mark.parametrize(
    ("example", "given", "loss"),
    [
        (HEIGHT, reply(3), None),
        (HEIGHT, reply(2), "not selected"),
        (HEIGHT, reply(), "refused"),
        (HEIGHT, reply(2, ranked=(0, 1, 2)), "not ranked"),
        (HEIGHT, reply(2, ranked=()), "not retrieved"),
        (HEIGHT, reply(3, 2, conflict="value"), "false conflict"),
        (HEIGHT, reply(3, 2, conflict="value", ranked=(0, 1)), "false conflict"),
        (BOTH, reply(2, 3), None),
        (BOTH, reply(2), "not selected"),
        (DISPUTED, reply(0, 1, conflict="value"), None),
        (DISPUTED, reply(0), "conflict missed"),
        (DISPUTED, reply(0, 1, conflict="as_of"), "conflict missed"),
        (DISPUTED, reply(0, 2, conflict="value"), "conflict missed"),
        (NOTHING, reply(), None),
        (NOTHING, reply(0), "wrongly answered"),
    ],
)
def test_the_stage_that_lost_a_question_is_named(example: Example, given: Reply, loss: str | None) -> None:
    assert judge(example, given).loss == loss


def test_what_would_have_been_answered_is_judged_by_the_best_evidence() -> None:
    assert judge(HEIGHT, reply(ranked=(3, 0))).best_right
    assert not judge(HEIGHT, reply(ranked=(0, 3))).best_right
    assert judge(HEIGHT, reply(ranked=(0, 3))).rank == 2


def test_half_of_the_gold_sentence_is_enough() -> None:
    span = GoldSpan("lamp", 10, 20)
    assert span.is_held_by(Place("lamp", 15, 40))
    assert not span.is_held_by(Place("lamp", 16, 40))
    assert not span.is_held_by(Place("other", 10, 20))


def wire(*cited: int, **changes: Any) -> dict[str, Any]:
    numbered = [(number, place(one)) for number, one in enumerate(cited, start=1)]
    citations = [
        {
            "number": n,
            "document_id": "lamp",
            "start": one.start,
            "end": one.end,
            "quote": one.text,
            "highlight": None,
        }
        for n, one in numbered
    ]
    evidence = [
        {"document_id": "lamp", "start": a, "end": b, "quote": TEXT[a:b], "score": 1} for a, b in SPANS
    ]
    return {
        "status": "answered" if cited else "not_found",
        "answer": "",
        "confidence": 0.9 if cited else 0.2,
        "claims": [{"text": one.text, "citations": [n]} for n, one in numbered],
        "citations": citations,
        "disagreement": None,
        "trace": {
            "passages": [{"document_id": "lamp", "start": 0, "end": 73, "score": 1}],
            "evidence": evidence,
        },
        **changes,
    }


class Scripted:
    """Gives prepared answers by question id."""

    def __init__(self, **answers: dict[str, Any]) -> None:
        self.answers = answers

    def ask(self, example: Example) -> dict[str, Any]:
        if example.id not in self.answers:
            raise QuestionInvalid("too long")
        return self.answers[example.id]

    def text(self, document_id: str) -> str | None:
        return TEXT if document_id == "lamp" else None


def test_figures_of_a_run() -> None:
    asker = Scripted(h=wire(3), n=wire(0), b=wire())
    results = evaluate(Dataset("set", (HEIGHT, NOTHING, BOTH)), asker)
    assert losses(results.results) == {"wrongly answered": 1, "refused": 1}
    found = {name: one.value for name, one in figures(results.results, rounds=10).items()}
    assert found["accuracy"] == pytest.approx(1 / 3)
    assert found["answer_contains"] == 1
    assert found["citation_precision"] == found["citation_recall"] == 1, (
        "of answered questions that have an answer"
    )
    assert found["quote_exactness"] == 1
    assert found["refusal_precision"] == found["refusal_recall"] == 0
    assert found["false_refusal_rate"] == 0.5
    assert found["recall@5"] == 1
    assert found["sentence_success@3"] == 0.5, "40 metres is fourth, the white one third"


def test_an_inexact_quote_is_counted() -> None:
    body = wire(3, 2)
    body["citations"][0]["start"] += 1
    results = evaluate(Dataset("set", (HEIGHT,)), Scripted(h=body))
    assert figures(results.results, rounds=10)["quote_exactness"].value == 0.5


def test_rows_that_cannot_be_asked_do_not_stop_the_rest() -> None:
    moved = replace(HEIGHT, id="moved", evidence=(GoldSpan("lamp", 1, 4, "xyz"),))
    gone = replace(HEIGHT, id="gone", evidence=(GoldSpan("gone", 1, 4, "xyz"),))
    results = evaluate(Dataset("set", (moved, gone, NOTHING, HEIGHT)), Scripted(h=wire(3)))
    assert [one.example.id for one in results.results] == ["h"]
    assert [one.field for one in results.problems] == [
        "moved.evidence.0.quote",
        "gone.evidence.0.document_id",
        "n.question",
    ]


def test_over_http_the_same_is_asked_and_read() -> None:
    seen: list[Any] = []

    def serve(request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return httpx.Response(200, json={"text": TEXT})
        seen.append(json.loads(request.content))
        return httpx.Response(200, json=wire(3))

    with httpx.Client(base_url="http://test", transport=httpx.MockTransport(serve)) as client:
        over = evaluate(Dataset("set", (replace(HEIGHT, documents=("lamp",)),)), OverHttp(client))
    direct = evaluate(Dataset("set", (HEIGHT,)), Scripted(h=wire(3)))
    assert seen == [{"question": "How high?", "trace": True, "documents": ["lamp"]}]
    assert over.results[0].judgement == direct.results[0].judgement
    assert over.results[0].sentences == direct.results[0].sentences


def test_a_service_that_fails_is_named() -> None:
    def broken(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    with (
        httpx.Client(base_url="http://test", transport=httpx.MockTransport(broken)) as client,
        pytest.raises(ServiceError, match="http://test"),
    ):
        OverHttp(client).ask(HEIGHT)


def test_documents_of_a_set_are_indexed_and_asked() -> None:
    quote = "The lighthouse of Brelm was built in 1911."
    documents = (
        SourceText("lamp", 'A "lamp"', f"{quote} It is white."),
        SourceText("bread", "Bread", "Bread is baked from flour, water and salt."),
        SourceText("empty", "", " "),
    )
    example = Example(
        "q", "When was the lighthouse of Brelm built?", True, ("1911",), (GoldSpan("lamp", 0, 42, quote),)
    )
    with temporary_qa(documents, lambda done, total: None) as qa:
        (result,) = evaluate(Dataset("set", (example,), documents), InProcess(qa)).results
        assert {one.title for one in qa.documents()} == {'A "lamp"', "Bread"}
    assert result.sentences["success@1"] == 1
    assert result.quotes[0] == result.quotes[1]


def test_a_precision_is_left_out_where_there_is_nothing_to_find() -> None:
    results = evaluate(Dataset("set", (HEIGHT,)), Scripted(h=wire()))
    found = figures(results.results, rounds=10)
    assert "refusal_precision" not in found
    assert "conflict_precision" not in found
    assert found["false_refusal_rate"].value == 1
