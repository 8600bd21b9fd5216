from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from qa_eval.data import DatasetError, load
from qa_eval.examples import Example, GoldSpan, without_gold

SPAN = {"document_id": "d", "start": 0, "end": 4, "quote": "1911", "sufficient": True}
ROW: dict[str, Any] = {
    "id": "one",
    "question": "When?",
    "answerable": True,
    "answers": ["1911"],
    "evidence": [SPAN],
}


def write(path: Path, *rows: Any) -> Path:
    lines = (row if isinstance(row, str) else json.dumps(row) for row in rows)
    path.write_text("\n".join(lines) + "\n")
    return path


def test_gold_rows(tmp_path: Path) -> None:
    unanswerable = {"question": "Why?", "answerable": False, "related": [SPAN], "split": "test"}
    dataset = load(write(tmp_path / "own.jsonl", ROW, unanswerable, {"draft": True, "question": ""}))
    assert (dataset.name, dataset.problems, dataset.drafts) == ("own", (), 1)
    first, second = dataset.examples
    assert first.evidence == (GoldSpan("d", 0, 4, "1911"),)
    assert (second.id, second.split, second.answerable) == ("own-2", "test", False)
    assert first.group == second.group, "both are about one sentence"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"question": ""}, "question"),
        ({"answerable": "yes"}, "answerable"),
        ({"evidence": [{**SPAN, "end": 9}]}, "evidence.0"),
        ({"evidence": [{**SPAN, "start": "0"}]}, "evidence.0.start"),
        ({"conflict": "loud"}, "conflict"),
        ({"answerable": False}, "answerable row"),
        ({"conflict": "value"}, "two positions"),
    ],
)
def test_a_malformed_row_is_named_and_the_rest_is_kept(
    tmp_path: Path, change: dict[str, Any], field: str
) -> None:
    dataset = load(write(tmp_path / "own.jsonl", ROW, {**ROW, "id": "bad", **change}, {**ROW, "id": "three"}))
    assert [one.id for one in dataset.examples] == ["one", "three"]
    assert len(dataset.problems) == 1
    assert str(dataset.problems[0]).startswith(f"{tmp_path / 'own.jsonl'}:2: ")
    assert field in str(dataset.problems[0])


def test_what_is_no_json_and_what_is_twice(tmp_path: Path) -> None:
    dataset = load(write(tmp_path / "own.jsonl", "{", ROW, ROW, {**ROW, "id": "two"}))
    assert [one.id for one in dataset.examples] == ["two"]
    assert "own.jsonl:1: not JSON" in str(dataset.problems[0])
    assert "'one' is used twice" in str(dataset.problems[1])


def test_needs_follow_the_conventions_of_the_gold_set() -> None:
    one, two, three = (GoldSpan("d", i, i + 1, "x", sufficient=i == 0) for i in range(3))
    assert Example("q", "?", True, evidence=(one, two)).needs() == ((one,),)
    assert Example("q", "?", True, evidence=(two, three)).needs() == ((two,), (three,))


def test_squad(tmp_path: Path) -> None:
    context = "The lighthouse was built in 1911."
    questions = [
        {"id": "a", "question": "When?", "answers": [{"text": "1911", "answer_start": 28}]},
        {"id": "b", "question": "Why?", "is_impossible": True, "answers": []},
        {"id": "c", "question": "Where?", "answers": [{"text": "here", "answer_start": 0}]},
        {"id": "d", "question": 3},
    ]
    body = {
        "version": "v2.0",
        "data": [{"title": "The_lamp", "paragraphs": [{"context": context, "qas": questions}]}],
    }
    dataset = load(write(tmp_path / "squad.json", body))
    answerable, unanswerable = dataset.examples
    assert dataset.documents[0].title == "The lamp"
    assert answerable.evidence == (GoldSpan(dataset.documents[0].id, 28, 32, "1911"),)
    assert not unanswerable.answerable
    shown = [str(one) for one in dataset.problems]
    assert "data.0.paragraphs.0.qas.2.answers: 'here' does not stand at 0" in shown[0]
    assert "data.0.paragraphs.0.qas.3.question" in shown[1]


def test_beir(tmp_path: Path) -> None:
    (tmp_path / "qrels").mkdir()
    write(
        tmp_path / "corpus.jsonl",
        {"_id": "d/1", "title": "T", "text": "x"},
        {"_id": "d2", "text": "y"},
        {"_id": 3},
    )
    write(tmp_path / "queries.jsonl", {"_id": "q1", "text": "x?"}, {"_id": "unjudged", "text": "y?"})
    (tmp_path / "qrels" / "test.tsv").write_text(
        "query-id\tcorpus-id\tscore\nq1\td/1\t2\nq1\td2\t0\nq1\td2\tmuch\n"
    )
    dataset = load(tmp_path)
    (example,) = dataset.examples
    relevant = dataset.documents[0].id
    assert "/" not in relevant, "it names a file"
    assert example.evidence == (GoldSpan(relevant),)
    assert dict(example.grades) == {relevant: 2, "d2": 0}
    shown = [str(one) for one in dataset.problems]
    assert any("corpus.jsonl:3: _id" in one for one in shown)
    assert any("test.tsv:4: score" in one for one in shown)


def test_what_is_no_question_set(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"without corpus\.jsonl"):
        load(tmp_path)
    with pytest.raises(DatasetError, match="can't be read"):
        load(tmp_path / "nothing.jsonl")


def test_without_its_gold_a_question_is_unanswerable() -> None:
    example = Example("q", "?", True, answers=("x",), evidence=(GoldSpan("a"),), grades=(("a", 1),))
    bare = without_gold(example, ["a", "b", "c"])
    assert (bare.answerable, bare.documents, bare.needs()) == (False, ("b", "c"), ())


@pytest.mark.parametrize(
    "article", [{"paragraphs": None}, {"paragraphs": [{"context": "Text.", "qas": None}]}]
)
def test_a_squad_file_whose_lists_are_none_is_reported(tmp_path: Path, article: dict[str, object]) -> None:
    path = tmp_path / "squad.json"
    path.write_text(json.dumps({"data": [article]}))
    assert [problem.file for problem in load(path).problems] == [str(path)]
