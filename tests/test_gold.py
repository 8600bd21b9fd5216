"""The shipped gold set says nothing that its documents do not say."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
GOLD = ROOT / "eval" / "gold" / "union_state.jsonl"
CORPUS = ROOT / "corpus"

TYPES = {
    "single_fact",
    "why_how",
    "list",
    "yes_no",
    "paraphrase",
    "typo",
    "multi_sentence",
    "multi_document",
    "conflict",
    "as_of",
    "follow_up",
    "near_miss",
    "false_premise",
    "out_of_corpus",
}
ASKS = {"who", "when", "where", "how_much", "how_many", "which", "what", "why", "how", "yes_no", "list"}

Row = dict[str, Any]


def _read_text(path: Path) -> str:
    # Text mode: universal newlines, as when the documents are loaded; offsets count code points.
    return path.read_text(encoding="utf-8")


ROWS: list[Row] = [json.loads(line) for line in _read_text(GOLD).splitlines()]
TEXTS = {path.stem: _read_text(path) for path in sorted(CORPUS.glob("*.txt"))}
ANSWERABLE = [row for row in ROWS if row["answerable"]]
UNANSWERABLE = [row for row in ROWS if not row["answerable"]]
DISAGREEING = [row for row in ROWS if row["conflict"] is not None]


def _spans(row: Row) -> list[Row]:
    return [*row["evidence"], *row.get("related", [])]


def _holds(quote: str, answer: str) -> bool:
    return answer.casefold() in quote.casefold()


def _id(row: Row) -> str:
    return str(row["id"])


@pytest.mark.parametrize("row", ROWS, ids=_id)
def test_every_quote_is_the_text_at_its_offsets(row: Row) -> None:
    for span in _spans(row):
        assert span["quote"]
        assert TEXTS[span["document_id"]][span["start"] : span["end"]] == span["quote"]


@pytest.mark.parametrize("row", ROWS, ids=_id)
def test_no_span_twice_and_none_cut_inside_a_word(row: Row) -> None:
    spans = [(span["document_id"], span["start"], span["end"]) for span in _spans(row)]
    assert len(set(spans)) == len(spans)
    for document_id, start, end in spans:
        text = TEXTS[document_id]
        assert start == 0 or text[start - 1].isspace()
        assert end == len(text) or text[end].isspace()


@pytest.mark.parametrize("row", ANSWERABLE, ids=_id)
def test_answerable_rows_have_answers_within_their_evidence(row: Row) -> None:
    assert row["answers"]
    assert row["evidence"]
    assert "related" not in row
    if row["asks"] == "yes_no":
        assert set(row["answers"]) <= {"yes", "no"}
        return
    quotes = [span["quote"] for span in row["evidence"]]
    for answer in row["answers"]:
        assert any(_holds(quote, answer) for quote in quotes), answer
    for quote in quotes:
        assert any(_holds(quote, answer) for answer in row["answers"]), quote


@pytest.mark.parametrize("row", ANSWERABLE, ids=_id)
def test_evidence_is_either_sufficient_or_needed_together(row: Row) -> None:
    """If no sentence suffices alone, several are needed, and each answer is a part of the whole answer."""
    sufficient = [span["sufficient"] for span in row["evidence"]]
    assert all(isinstance(value, bool) for value in sufficient)
    assert any(sufficient) or len(sufficient) >= 2


@pytest.mark.parametrize("row", UNANSWERABLE, ids=_id)
def test_unanswerable_rows_have_no_answer_and_name_what_tempts(row: Row) -> None:
    assert row["answers"] == []
    assert row["evidence"] == []
    assert row["conflict"] is None
    assert row["type"] in {"near_miss", "false_premise", "out_of_corpus", "follow_up"}
    assert bool(row["related"]) == (row["type"] != "out_of_corpus")


@pytest.mark.parametrize("row", DISAGREEING, ids=_id)
def test_each_position_of_a_conflict_has_its_own_evidence(row: Row) -> None:
    assert row["conflict"] in {"value", "as_of"}
    values = [position["value"] for position in row["positions"]]
    assert len(values) >= 2
    assert len(set(values)) == len(values)
    used = [index for position in row["positions"] for index in position["evidence"]]
    assert len(set(used)) == len(used)
    for position in row["positions"]:
        spans = [row["evidence"][index] for index in position["evidence"]]
        assert spans
        assert {span["document_id"] for span in spans} == set(position["document_ids"])
        if row["asks"] != "yes_no":
            assert any(_holds(span["quote"], position["value"]) for span in spans)


def test_only_conflicts_have_positions() -> None:
    assert [row["id"] for row in ROWS if "positions" in row] == [row["id"] for row in DISAGREEING]
    kinds = {row["type"]: row["conflict"] for row in ROWS if row["type"] in {"conflict", "as_of"}}
    assert kinds == {"conflict": "value", "as_of": "as_of"}


def test_ids_are_unique() -> None:
    assert len({row["id"] for row in ROWS}) == len(ROWS)


def test_no_question_is_asked_twice() -> None:
    asked = Counter((row["question"].casefold(), json.dumps(row.get("history", []))) for row in ROWS)
    assert [question for question, times in asked.items() if times > 1] == []


@pytest.mark.parametrize("row", [row for row in ROWS if row["type"] == "follow_up"], ids=_id)
def test_follow_ups_continue_a_conversation(row: Row) -> None:
    roles = [turn["role"] for turn in row["history"]]
    assert roles == ["user", "assistant"] * (len(roles) // 2)
    assert roles, "a follow-up without history"
    assert all(turn["content"].strip() for turn in row["history"])


def test_only_follow_ups_have_a_history() -> None:
    assert {row["type"] for row in ROWS if "history" in row} == {"follow_up"}


def test_every_type_and_every_kind_of_question_is_present() -> None:
    assert {row["type"] for row in ROWS} == TYPES
    assert {row["asks"] for row in ROWS} == ASKS
    assert len(ROWS) >= 150


def test_enough_questions_have_no_answer() -> None:
    types = Counter(row["type"] for row in UNANSWERABLE)
    assert len(UNANSWERABLE) >= 40
    assert types["near_miss"] >= 18
    assert types["false_premise"] >= 12


def test_about_a_third_of_each_type_is_kept_for_testing() -> None:
    assert {row["split"] for row in ROWS} == {"dev", "test"}
    for type_ in TYPES:
        splits = Counter(row["split"] for row in ROWS if row["type"] == type_)
        assert abs(splits["test"] - splits.total() / 3) <= 1, type_
