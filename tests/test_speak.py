"""Answers in a model's words: the model is a fake that says what it is told, the rest is real."""

from __future__ import annotations

import json

import pytest
from fastapi.testclient import TestClient

from fakes import FakeGenerator
from qa.errors import GeneratorUnavailable
from qa.pipeline import QA
from qa.settings import Settings
from qa.types import Answer, Found, Shown, Turn, Waiting
from qa_api.app import create_app

CHINA = "How much did China invest in Belarus, and in how many projects?"
SEVERAL = "Who is Lukashenko?"
"""A question that several sentences answer."""

SAID = "China invested $185 million in twelve economic projects in Belarus."


def reply(*sentences: tuple[str, list[int]]) -> str:
    return json.dumps({"sentences": [{"sources": sources, "text": text} for text, sources in sentences]})


def speaking(qa: QA, *replies: str, error: GeneratorUnavailable | None = None) -> tuple[QA, FakeGenerator]:
    model = FakeGenerator(*replies, error=error)
    return QA(qa.index, qa.embedder, model), model


def test_a_sentence_that_its_evidence_says_is_shown_in_the_models_words(qa: QA) -> None:
    answer = speaking(qa, reply((SAID, [1])))[0].ask(CHINA)
    assert answer.text == f"{SAID} [1]"
    assert (answer.status, answer.generator, answer.degraded) == ("answered", "fake", None)
    (citation,) = answer.citations
    assert "invested $185 million in twelve" in citation.quote
    text = qa.document(citation.document_id).text
    assert text[citation.start : citation.end] == citation.quote


def test_a_claim_comes_with_its_date_notes_like_the_answer(qa: QA) -> None:
    *_, shown, answer = speaking(qa, reply((SAID, [1])))[0].steps(CHINA)
    assert isinstance(shown, Shown)
    assert isinstance(answer, Answer)
    assert shown.citations == answer.citations
    assert [note.phrase for note in shown.citations[0].notes] == ["Last year"]


@pytest.mark.parametrize(
    "said",
    [
        "China invested $186 million in twelve economic projects in Belarus.",
        "China invested $185 million in thirteen economic projects in Belarus.",
        "Germany invested $185 million in twelve economic projects in Belarus.",
        "China never invested $185 million in twelve economic projects in Belarus.",
        "Belarus invested $185 million in twelve economic projects in China.",
        "The weather in Minsk is mild in spring.",
    ],
)
def test_a_sentence_that_its_evidence_does_not_say_gives_way_to_the_quote(said: str, qa: QA) -> None:
    plain = qa.ask(CHINA)
    answer = speaking(qa, reply((said, [1])))[0].ask(CHINA)
    assert said not in answer.text
    assert answer.claims[0].text == plain.claims[0].text


def test_what_rests_on_no_answering_evidence_is_left_out(qa: QA) -> None:
    quote = qa.ask(SEVERAL).citations[0].quote
    answer = speaking(qa, reply(("The moon is far.", [5]), (quote, [1])))[0].ask(SEVERAL)
    assert [claim.text for claim in answer.claims] == [quote]


def test_a_wrong_citation_is_put_right(qa: QA) -> None:
    answer = speaking(qa, reply((SAID, [4])))[0].ask(CHINA)
    assert answer.claims[0].text == SAID
    assert "$185 million" in answer.citations[0].quote


def test_a_sentence_that_breaks_off_gives_way_to_the_quote(qa: QA) -> None:
    plain = qa.ask(CHINA)
    broken = SAID.removesuffix(" in Belarus.")
    answer = speaking(qa, reply((broken, [1])))[0].ask(CHINA)
    assert answer.claims == plain.claims
    assert answer.generator == "fake"


def test_the_first_sentence_rests_on_what_is_quoted_without_a_model(qa: QA) -> None:
    own, model = speaking(qa)
    plain, other = own.ask(CHINA, generate=False), own.ranking(CHINA).sentences[1]
    beside = other.passage.text[other.start : other.end]
    assert beside not in plain.text
    model.replies.append(reply((beside, [2]), (SAID, [1])))
    assert own.ask(CHINA).claims == plain.claims


def test_with_nothing_left_there_are_the_quotes_and_the_reason(qa: QA) -> None:
    plain = qa.ask(CHINA)
    answer = speaking(qa, reply(("The moon is far.", [4])))[0].ask(CHINA)
    assert (answer.claims, answer.citations) == (plain.claims, plain.citations)
    assert answer.generator == "none"
    assert "said nothing that the documents support" in (answer.degraded or "")


def test_a_model_that_is_away_leaves_the_quotes(qa: QA, caplog: pytest.LogCaptureFixture) -> None:
    away = GeneratorUnavailable("The model is away; start it.")
    answer = speaking(qa, "", error=away)[0].ask(CHINA)
    assert answer.claims == qa.ask(CHINA).claims
    assert (answer.generator, answer.degraded) == ("none", "The language model is away or too slow.")
    assert caplog.messages == ["The model is away; start it."]


def test_what_was_shown_stays_when_the_model_breaks_off(qa: QA) -> None:
    broken = GeneratorUnavailable("The model broke off; try again.")
    quote = qa.ask(SEVERAL).citations[0].quote
    answer = speaking(qa, reply((quote, [1]))[:-2] + ", {", error=broken)[0].ask(SEVERAL)
    assert answer.text == f"{quote} [1]"
    assert (answer.generator, answer.degraded) == ("fake", "The language model is away or too slow.")


@pytest.mark.parametrize(
    "question", ["What is the capital of Poland?", "In what year was the Union State treaty signed?"]
)
def test_refusals_and_conflicts_are_not_for_the_model(question: str, qa: QA) -> None:
    own, model = speaking(qa)
    answer = own.ask(question)
    assert answer.status in ("not_found", "conflict")
    assert (model.asked, answer.generator, answer.degraded) == ([], "none", None)


def test_the_model_is_not_asked_when_it_is_not_wanted(qa: QA) -> None:
    own, model = speaking(qa)
    assert own.ask(CHINA, generate=False).generator == "none"
    assert model.asked == []


def test_a_follow_up_is_reworded_by_the_model_or_else_plainly(qa: QA) -> None:
    history = [Turn("user", "How much did China invest in Belarus?"), Turn("assistant", "$185 million.")]
    reworded = json.dumps({"question": "In how many projects did China invest in Belarus?"})
    answer = speaking(qa, reworded, reply((SAID, [1])))[0].ask("In how many projects?", history)
    assert answer.standalone_question == "In how many projects did China invest in Belarus?"
    assert answer.generator == "fake"
    away = GeneratorUnavailable("The model is away; start it.")
    answer = speaking(qa, "", error=away)[0].ask("In how many projects?", history)
    assert answer.standalone_question == qa.ask("In how many projects?", history).standalone_question
    assert answer.degraded == "The language model is away or too slow."


def test_evidence_comes_first_and_who_leaves_stops_the_model(qa: QA) -> None:
    own, model = speaking(qa, reply((SAID, [1])))
    steps = own.steps(CHINA)
    assert isinstance(next(steps), Found)
    assert model.said == 0
    assert isinstance(next(steps), Waiting)
    steps.close()
    assert model.closed
    assert model.said == 1


def test_the_pieces_that_are_shown_make_the_text(qa: QA) -> None:
    quotes = [claim.text for claim in qa.ask(SEVERAL).claims[:2]]
    said = reply(*((quote, [number]) for number, quote in enumerate(quotes, start=1)))
    steps = list(speaking(qa, said)[0].steps(SEVERAL))
    answer = steps[-1]
    assert isinstance(answer, Answer)
    assert "".join(one.text for one in steps if isinstance(one, Shown)) == answer.text
    assert len(answer.claims) == 2


def test_over_http_the_generator_can_be_left_out(settings: Settings, qa: QA) -> None:
    own, _ = speaking(qa, reply((SAID, [1])))
    client = TestClient(create_app(settings, own))
    quoted = client.post("/v1/ask", json={"question": CHINA, "generator": "none"}).json()
    assert (quoted["generator"], quoted["degraded"]) == ("none", None)
    worded = client.post("/v1/ask", json={"question": CHINA}).json()
    assert (worded["answer"], worded["generator"]) == (f"{SAID} [1]", "fake")
