"""What is shown of a model's sentence, by the words that it takes for the answer; the model is a fake."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from fakes import FakeGenerator
from qa.build import build_qa, run_ingest
from qa.errors import GeneratorUnavailable
from qa.finding.confidence import SECOND_LOOK, THRESHOLD
from qa.pipeline import QA
from qa.settings import Settings
from qa.types import Answer

BUILT = "The lighthouse of Ulm was built in 1911 by the guild of pilots."
LAMP = "Its lamp was bought in Leith for £300 in the spring of 1912."
GUILD = "The guild of pilots was dissolved in 1950."


@pytest.fixture(scope="module")
def lamp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[QA]:
    folder = tmp_path_factory.mktemp("lamp")
    settings = Settings(corpus=folder / "corpus", index=folder / "index")
    settings.corpus.mkdir()
    (settings.corpus / "lamp.txt").write_text(f"{BUILT} {LAMP} The harbour is dredged. {GUILD}")
    run_ingest(settings, [settings.corpus])
    built = build_qa(settings)
    yield built
    built.close()


def asked(qa: QA, question: str, *sentences: tuple[int, str, str]) -> Answer:
    said = [{"sources": [number], "answer": answer, "text": text} for number, answer, text in sentences]
    return QA(qa.index, qa.embedder, FakeGenerator(json.dumps({"sentences": said}))).ask(question)


def evidence(qa: QA, text: str, question: str = "") -> int:
    """The number that the sentence has as evidence."""
    ranked = qa.ranking(question or UNSURE).sentences
    return next(n for n, one in enumerate(ranked, 1) if one.passage.text[one.start : one.end] == text)


def marked(qa: QA, answer: Answer) -> list[str | None]:
    return [
        one.highlight and qa.document(one.document_id).text[slice(*one.highlight)] for one in answer.citations
    ]


WHO = "Who built the lighthouse of Ulm?"


def test_a_sentence_with_its_answer_is_shown_and_the_answer_marked_in_the_quote(lamp: QA) -> None:
    said = "The guild of pilots built the lighthouse of Ulm."
    answer = asked(lamp, WHO, (1, "guild of pilots", said))
    assert [one.text for one in answer.claims] == [said]
    assert marked(lamp, answer) == ["guild of pilots"]


def test_a_sentence_that_leaves_out_its_answer_gives_way_to_the_quote_that_has_it(lamp: QA) -> None:
    answer = asked(lamp, WHO, (1, "guild of pilots", "The lighthouse of Ulm was built in 1911."))
    assert [one.text for one in answer.claims] == [BUILT]
    assert marked(lamp, answer) == ["guild of pilots"]
    assert answer.generator == "none"


def test_words_that_rest_on_nothing_quoted_are_not_shown(lamp: QA) -> None:
    said = "The lamp was bought in Leith in 1912."
    answer = asked(lamp, WHO, (evidence(lamp, LAMP, WHO), "Leith", said))
    assert [one.text for one in answer.claims] == [*(one.text for one in lamp.ask(WHO).claims), LAMP]


def test_what_is_marked_is_of_the_kind_that_is_asked_for(lamp: QA) -> None:
    answer = asked(lamp, "When was the lighthouse of Ulm built?", (1, "guild of pilots", BUILT))
    assert marked(lamp, answer) == ["1911"]


@pytest.mark.parametrize("words", ["lighthouse of Ulm", "the architects of the sea", "by " * 13 + "pilots"])
def test_an_answer_that_says_nothing_new_or_stands_nowhere_or_is_long_is_not_marked(
    words: str, lamp: QA
) -> None:
    plain = lamp.ask(WHO)
    answer = asked(lamp, WHO, (1, words, "The lighthouse of Ulm was built in 1911."))
    assert answer.claims == plain.claims
    assert marked(lamp, answer) == marked(lamp, plain)


def test_an_answer_in_what_is_not_quoted_comes_after_the_quotes(lamp: QA) -> None:
    plain = lamp.ask(WHO)
    number = evidence(lamp, LAMP, WHO)
    answer = asked(lamp, WHO, (number, "Leith", LAMP))
    assert [one.text for one in answer.claims] == [*(one.text for one in plain.claims), LAMP]
    answer = asked(lamp, WHO, (number, "London", LAMP))
    assert answer.claims == plain.claims


@pytest.mark.parametrize(
    ("word", "text", "shown"),
    [
        ("Yes", "The lighthouse of Ulm was built in 1911.", "The lighthouse of Ulm was built in 1911."),
        (
            "yes.",
            "Yes, the lighthouse of Ulm was built in 1911.",
            "Yes, the lighthouse of Ulm was built in 1911.",
        ),
        ("No", "No, the lighthouse of Ulm was built in 1911.", "The lighthouse of Ulm was built in 1911."),
        ("1911", "The lighthouse of Ulm was built in 1911.", "The lighthouse of Ulm was built in 1911."),
    ],
)
def test_yes_and_no_are_said_where_the_sentence_bears_them_out(
    word: str, text: str, shown: str, lamp: QA
) -> None:
    answer = asked(lamp, "Was the lighthouse of Ulm built in 1911?", (1, word, text))
    assert answer.claims[0].text.casefold() == shown.casefold()


UNSURE = "In which town was the light acquired?"
"""Too many other words for the ranking to be sure."""


def test_a_model_may_find_an_answer_that_the_quotes_alone_are_too_unsure_of(lamp: QA) -> None:
    plain = lamp.ask(UNSURE)
    assert plain.status == "not_found"
    assert SECOND_LOOK <= plain.confidence < THRESHOLD
    number = evidence(lamp, LAMP)
    answer = asked(lamp, UNSURE, (number, "Leith", LAMP))
    assert (answer.status, [one.text for one in answer.claims]) == ("answered", [LAMP])
    assert answer.confidence == THRESHOLD
    assert marked(lamp, answer) == ["Leith"]


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("Leith", "The light comes from a factory in Leith."),  # not supported
        ("Leith", GUILD),  # without its answer
        ("London", LAMP),  # an answer that stands nowhere
        ("light", LAMP),  # one that says nothing
        ("", LAMP),  # none
    ],
)
def test_what_the_quotes_do_not_bear_out_is_not_found(words: str, text: str, lamp: QA) -> None:
    answer, plain = asked(lamp, UNSURE, (1, words, text)), lamp.ask(UNSURE)
    assert (answer.status, answer.claims, answer.generator) == ("not_found", (), "none")
    assert (answer.confidence, answer.degraded) == (plain.confidence, None)


def test_each_sentence_has_to_be_borne_out_where_the_quotes_are_not_sure(lamp: QA) -> None:
    number = evidence(lamp, LAMP)
    answer = asked(lamp, UNSURE, (number, "Leith", LAMP), (1, "zebra", "The zebra is here."))
    assert [one.text for one in answer.claims] == [LAMP]
    whole = json.dumps({"sentences": [{"sources": [number], "answer": "Leith", "text": LAMP}]})
    away = FakeGenerator(whole[:-2], error=GeneratorUnavailable("The model is away; start it."))
    answer = QA(lamp.index, lamp.embedder, away).ask(UNSURE)
    assert [one.text for one in answer.claims] == [LAMP]


@pytest.mark.parametrize(
    "question",
    ["In which town was the light acquired in 1931?", "In which town did Tolland acquire the light?"],
)
def test_what_the_question_names_stands_in_the_quote(question: str, lamp: QA) -> None:
    assert lamp.ask(question).status == "not_found"
    assert asked(lamp, question, (evidence(lamp, LAMP, question), "Leith", LAMP)).status == "not_found"


def test_what_two_sources_tell_differently_is_not_answered_with_one_of_them(tmp_path: Path) -> None:
    settings = Settings(corpus=tmp_path / "corpus", index=tmp_path / "index")
    settings.corpus.mkdir()
    for price in ("900", "300"):
        (settings.corpus / f"{price}.txt").write_text(LAMP.replace("300", price))
    run_ingest(settings, [settings.corpus])
    qa = build_qa(settings)
    question = "How much was paid for the lantern?"
    assert SECOND_LOOK <= qa.ask(question).confidence < THRESHOLD
    best = qa.ranking(question).sentences[0]
    text = best.passage.text[best.start : best.end]
    shown = asked(qa, question, (1, "£900" if "900" in text else "£300", text))
    qa.close()
    assert shown.status == "not_found"


def test_what_is_asked_for_in_numbers_is_answered_in_numbers(lamp: QA) -> None:
    question = "How much was paid for the lantern?"
    assert SECOND_LOOK <= lamp.ask(question).confidence < THRESHOLD
    assert asked(lamp, question, (1, "Leith", LAMP)).status == "not_found"
    assert asked(lamp, question, (1, "£300", LAMP)).status == "answered"


def test_the_model_is_not_asked_what_is_out_of_the_question(lamp: QA) -> None:
    assert lamp.ask("Who painted the Mona Lisa?").confidence < SECOND_LOOK
    assert asked(lamp, "Who painted the Mona Lisa?", (1, "Leith", LAMP)).status == "not_found"


def test_a_model_that_is_away_leaves_what_is_not_sure_not_found(lamp: QA) -> None:
    away = FakeGenerator("", error=GeneratorUnavailable("The model is away; start it."))
    answer = QA(lamp.index, lamp.embedder, away).ask(UNSURE)
    assert (answer.status, answer.degraded) == ("not_found", "The language model is away or too slow.")
