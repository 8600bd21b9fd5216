"""The benchmark, small and without its peers, whose packages are not installed where tests run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from qa.build import build_qa
from qa.settings import Settings
from qa_eval import bench_large
from qa_eval.bench import EXACT, LANGCHAIN, OURS, Measure, Plan, TaskFailed, _on_one_processor, _result, bench
from qa_eval.bench_large import make_large
from qa_eval.bench_report import log, table, write_report
from qa_eval.bench_texts import SetMissing, free_sentences, make_texts
from qa_eval.public import read_public

PARAGRAPHS = {
    "mill": "Anna Berg built the mill by the river in 1871. It ground rye for the whole valley for years.",
    "bridge": "The stone bridge fell in the flood of 1902. A wooden one took its place the next spring.",
    "school": "The village school opened with forty pupils. Its first teacher was Jonas Lind from the coast.",
}
QUESTIONS = {"Who built the mill?": ("mill", 0), "When did the bridge fall?": ("bridge", 37)}


@pytest.fixture
def evaldata(tmp_path: Path) -> Path:
    folder = tmp_path / "sets" / "xquad_dev"
    folder.mkdir(parents=True)
    corpus = [{"id": name, "title": "", "text": text} for name, text in PARAGRAPHS.items()]
    queries = [
        {"id": f"q{n}", "question": q, "answers": ["x"], "gold_doc_ids": [gold], "gold_span": [at, at + 4]}
        for n, (q, (gold, at)) in enumerate(QUESTIONS.items())
    ]
    for name, rows in (("corpus", corpus), ("queries", queries)):
        (folder / f"{name}.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return folder.parent


def plan(evaldata: Path, **changed: object) -> Plan:
    given: dict[str, object] = {
        "evaldata": evaldata,
        "folder": evaldata.parent / "made",
        "passages": 20,
        "questions": 2,
        "rounds": 1,
        "ingests": 1,
        "large": 0,
        "peers": None,
    }
    return Plan(**(given | changed))  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def short_paragraphs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qa_eval.bench_texts.SENTENCES", 2)


def test_made_paragraphs_hold_no_gold_answer_and_are_the_same_every_time(
    evaldata: Path, tmp_path: Path
) -> None:
    free = free_sentences(read_public(evaldata / "xquad_dev"))
    assert len(free) == 4
    assert not any("Anna Berg" in one or "1902" in one for one in free)
    first, second = (make_texts(evaldata, 20, 2, tmp_path / name) for name in "ab")
    assert first.rows.read_text() == second.rows.read_text()
    rows = [json.loads(line) for line in first.rows.read_text().splitlines()]
    assert len(rows) == len(list(first.corpus.iterdir())) == 20
    made = [row["text"] for row in rows if row["id"] not in PARAGRAPHS]
    assert not any("Anna Berg" in text or "1902" in text for text in made)


def test_a_folder_without_the_set_is_named(tmp_path: Path) -> None:
    with pytest.raises(SetMissing, match="xquad_dev"):
        make_texts(tmp_path, 20, 2, tmp_path / "made")


def test_everything_is_measured_and_reported(evaldata: Path, tmp_path: Path) -> None:
    said: list[str] = []
    measures = {one.name: one for one in bench(plan(evaldata), said.append)}
    assert all(value > 0 for one in measures.values() for values in one.values.values() for value in values)
    found = measures["gold paragraph found first"].values
    assert found[OURS] == found[EXACT] == [1.0]
    assert measures["vector index, recall@10 against exact search"].values[OURS] == [1.0]
    assert "ask, p95" in measures
    assert "HTTP, 8 clients" in measures
    assert said[0] == "ingest: ours"
    file = write_report(list(measures.values()), plan(evaldata), tmp_path / "reports")
    report = json.loads(file.read_text())
    assert {one["name"] for one in report["measures"]} == set(measures)
    assert (tmp_path / "reports" / "bench.svg").read_text().startswith("<svg")


def test_ratios_say_how_many_times_better_ours_was_in_each_round() -> None:
    rate = Measure("rate", "passages/s", True, "", {OURS: [20.0, 30.0], LANGCHAIN: [10.0, 10.0]})
    took = Measure("took", "ms", False, "", {OURS: [5.0], LANGCHAIN: [10.0]})
    assert rate.ratios(LANGCHAIN) == [2.0, 3.0]
    assert took.ratios(LANGCHAIN) == [2.0]
    assert took.ratios("none") == []


def test_the_table_has_medians_with_their_spread_and_goes_into_the_log(
    evaldata: Path, tmp_path: Path
) -> None:
    rate = Measure(
        "rate", "passages/s", True, "≥ 2 ×", {OURS: [20.0, 30.0, 25.0], LANGCHAIN: [10.0, 10.0, 10.0]}
    )
    line = table([rate]).splitlines()[2]
    assert line == (
        "| rate | 25.0 (20.0 to 30.0) passages/s | 10.0 (10.0 to 10.0) passages/s | 2.5 (2 to 3) × | ≥ 2 × |"
    )
    log([rate], plan(evaldata), 3.0, tmp_path / "LOG.md")
    assert line in (tmp_path / "LOG.md").read_text()


def test_a_task_that_fails_is_named_with_its_error() -> None:
    with pytest.raises(TaskFailed, match="no_such_module"):
        _result([sys.executable, "-m", "no_such_module"], {})


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="the system has no such call")
def test_a_search_alone_has_one_processor() -> None:
    before = os.sched_getaffinity(0)
    count = [sys.executable, "-c", "import os; print(len(os.sched_getaffinity(0)))"]
    with _on_one_processor():
        assert int(subprocess.run(count, capture_output=True, check=True).stdout) == 1
    assert os.sched_getaffinity(0) == before


def test_a_large_index_is_made_once_of_sentences_and_answers(
    evaldata: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench_large, "SENTENCES", 2)
    made = make_large(evaldata, 12, tmp_path / "large")
    qa = build_qa(Settings(corpus=made.corpus, index=made.index))
    assert qa.counts().passages == 12
    answer = qa.ask("Who built the mill?")
    assert "Anna Berg" in answer.trace.evidence[0].text
    qa.close()
    before = (made.index / "qa.sqlite3").stat().st_mtime_ns
    assert make_large(evaldata, 12, tmp_path / "large") == made
    assert (made.index / "qa.sqlite3").stat().st_mtime_ns == before
