"""Answers from the project's own documents, with the real encoder and the real index."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from qa.errors import DocumentNotFound, IndexBusy, QuestionInvalid
from qa.interfaces import Encoding
from qa.pipeline import QA
from qa.types import Answer, Found, Turn

FIRST, SECOND, THIRD = "000_e1c246d16611bd0e", "002_dca27c1875aea8af", "003_dd187c07f51b4d18"


def cited(answer: Answer, qa: QA) -> None:
    """Every claim is a quote, and every quote is the stored text at its offsets."""
    for citation in answer.citations:
        document = qa.document(citation.document_id)
        assert document.text[citation.start : citation.end] == citation.quote
        assert document.sha256 == citation.revision
        if citation.highlight:
            start, end = citation.highlight
            assert citation.start <= start < end <= citation.end
        for note in citation.notes:
            assert citation.quote[note.start : note.end] == note.phrase
    quotes = {citation.number: citation.quote for citation in answer.citations}
    assert all(claim.text == quotes[claim.evidence_numbers[0]] for claim in answer.claims)


@pytest.mark.parametrize(
    ("question", "document_id", "words"),
    [
        ("How much did China invest in Belarus, and in how many projects?", SECOND, "$185 million in twelve"),
        ("Who leads the OSCE's short-term observer mission?", FIRST, "Margareta Cederfelt"),
        ("When did Russia annex Crimea?", THIRD, "annexed from Ukraine in 2014"),
        ("How large is the population of Belarus?", FIRST, "close to 10 million"),
        ("What was largely developed in Belarus?", SECOND, "Viber"),
        ("Who are the two opposition figures that were detained?", FIRST, "Paval Sevyarynets and Maksim"),
    ],
)
def test_single_facts(qa: QA, question: str, document_id: str, words: str) -> None:
    answer = qa.ask(question)
    assert answer.status == "answered"
    assert answer.citations[0].document_id == document_id
    assert words in answer.citations[0].quote
    assert 1 <= len(answer.claims) <= 3
    cited(answer, qa)


@pytest.mark.parametrize(
    ("question", "sides"),
    [
        ("In what year was the Union State treaty signed?", {SECOND: "1997", THIRD: "1996"}),
        ("In which year was the treaty on the Union State signed?", {SECOND: "1997", THIRD: "1996"}),
        ("When was the treaty signed?", {SECOND: "1997", THIRD: "1996"}),
        ("When was the treaty creating the Union State signed?", {SECOND: "1997", THIRD: "1996"}),
        (
            "How many people protested in Minsk around the day of the Sochi talks?",
            {FIRST: "more than a thousand", SECOND: "Hundreds"},
        ),
        (
            "How many people protested on the day of the Sochi talks?",
            {FIRST: "more than a thousand", SECOND: "Hundreds"},
        ),
        (
            "How large was the protest in Minsk on the day of the Sochi talks?",
            {FIRST: "more than a thousand", SECOND: "Hundreds"},
        ),
        ("When does Putin's term end?", {FIRST: "2024", SECOND: "2020"}),
        ("When does Putin's presidential term expire?", {FIRST: "2024", SECOND: "2020"}),
    ],
)
def test_sources_that_disagree_are_both_quoted(qa: QA, question: str, sides: dict[str, str]) -> None:
    answer = qa.ask(question)
    assert answer.status == "conflict"
    assert answer.disagreement is not None
    assert answer.disagreement.kind == "value"
    by_number = {citation.number: citation for citation in answer.citations}
    stated = {
        by_number[number].document_id: by_number[number].quote
        for position in answer.disagreement.positions
        for number in position.citations
    }
    for document_id, words in sides.items():
        assert words in stated[document_id]
    assert answer.text.startswith("The sources disagree: ")
    cited(answer, qa)


@pytest.mark.parametrize(
    "question",
    [
        "How many people live in Russia?",
        "How much did China invest in Belarus?",
        "How many people protested in Minsk when Putin and Lukashenko met?",  # not the two who were held
    ],
)
def test_numbers_of_different_things_are_no_disagreement(qa: QA, question: str) -> None:
    assert qa.ask(question).disagreement is None


def test_values_of_different_times_are_told_with_their_dates(qa: QA) -> None:
    answer = qa.ask("How long has Lukashenko been in power?")
    assert answer.disagreement is not None
    assert answer.disagreement.kind == "as_of"
    assert answer.status == "answered"
    assert "As of 2019-12: " in answer.text
    assert "As of 2023-04: " in answer.text
    assert "more than 25 years" in answer.text
    assert "almost 30 years" in answer.text
    cited(answer, qa)


@pytest.mark.parametrize(
    "question",
    [
        "What is the capital of Poland?",
        "Who won the football World Cup in 2018?",
        "How do I bake a chocolate cake?",
        "What is the boiling point of water?",
        "In what year did Belarus join NATO?",
        "How much did Germany invest in Belarus?",
        "How much did China invest in Russia?",
        "In what year did Belarus annex Crimea?",
    ],
)
def test_what_is_not_in_the_documents_is_refused(qa: QA, question: str) -> None:
    answer = qa.ask(question)
    assert (answer.status, answer.claims, answer.citations) == ("not_found", (), ())
    assert answer.text == "The documents do not say."


def test_a_relative_date_is_explained_beside_the_quote(qa: QA) -> None:
    answer = qa.ask("How much did China invest in Belarus?")
    notes = {note.phrase: note.meaning for note in answer.citations[0].notes}
    assert notes == {"Last year": "2018"}
    assert "2018" not in answer.citations[0].quote
    start, end = answer.citations[0].highlight or (0, 0)
    assert qa.document(SECOND).text[start:end] == "$185 million"


def test_a_follow_up_stands_alone_and_a_new_topic_stays_clean(qa: QA) -> None:
    history = (
        Turn("user", "How much did China invest in Belarus?"),
        Turn("assistant", qa.ask("How much did China invest in Belarus?").text),
    )
    followed = qa.ask("In how many projects?", history)
    assert followed.standalone_question != "In how many projects?"
    assert "twelve" in followed.text
    fresh = qa.ask("What is the capital of Poland?", history)
    assert fresh.standalone_question == "What is the capital of Poland?"
    assert fresh.status == "not_found"


def test_page_furniture_is_never_quoted(qa: QA) -> None:
    trace = qa.ask("What are the latest stories on Wednesday, November 1, 2023? Date:").trace
    shown = {one.text for one in (*trace.evidence, *trace.passages)}
    assert not any("Latest stories" in text or "November 1, 2023" in text for text in shown)


def test_bare_keywords_invent_no_conflict(qa: QA) -> None:
    assert qa.ask("Belarus Russia").disagreement is None


@pytest.mark.parametrize("question", ["\ud800 Why?", "Why \udcff?"])
def test_characters_that_no_encoding_holds_do_no_harm(qa: QA, question: str) -> None:
    assert qa.ask(question, (Turn("user", "\ud800"),)).question


def test_a_question_waits_for_others_but_not_for_who_reads_the_answer(
    qa: QA, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(qa, "_at_once", threading.Semaphore(1))
    steps = qa.steps("Who is Lukashenko?")
    assert isinstance(next(steps), Found)  # its reader takes no more for a while
    assert qa.ask("Who is Lukashenko?").claims
    steps.close()
    monkeypatch.setattr(qa, "_at_once", threading.Semaphore(0))
    monkeypatch.setattr("qa.pipeline._PATIENCE", 0.01)
    with pytest.raises(IndexBusy, match="try again"):
        qa.ask("Who is Lukashenko?")


def test_two_questions_are_looked_up_at_once(qa: QA, monkeypatch: pytest.MonkeyPatch) -> None:
    both, encode = threading.Barrier(2), qa.embedder.encode

    def meeting(texts: Sequence[str]) -> list[Encoding]:
        both.wait(60)  # breaks where one question keeps the other out
        return encode(texts)

    monkeypatch.setattr(qa.embedder, "encode", meeting)
    with ThreadPoolExecutor(2) as threads:
        answers = list(threads.map(qa.ask, ["Who is Lukashenko?"] * 2))
    assert all(one.claims for one in answers)


def test_unknown_documents_and_no_evidence_are_refused(qa: QA) -> None:
    with pytest.raises(DocumentNotFound, match="no document 'none'"):
        qa.ask("Why?", documents=[FIRST, "none"])
    with pytest.raises(QuestionInvalid, match="top_k"):
        qa.ask("Why?", top_k=0)
