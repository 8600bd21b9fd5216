from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from qa_eval.examples import Dataset
from qa_eval.page import write_html
from qa_eval.report import BaselineError, Report, read_baseline, summarise, table, write_json
from qa_eval.run import evaluate
from test_eval_run import HEIGHT, NOTHING, Scripted, wire

HOSTILE = "<script>alert('dev')</script>"
SECRET = "only the test split asks this"


@pytest.fixture
def report() -> Report:
    examples = tuple(replace(HEIGHT, id=f"h{i}", split="dev") for i in range(12))
    examples += (replace(NOTHING, id="dev-lost", question=HOSTILE, split="dev"),)
    examples += (replace(NOTHING, id="test-lost", question=SECRET, split="test"),)
    examples += (replace(HEIGHT, id="test-found", split="test"),)
    asker = Scripted(**{one.id: wire(3, question=one.question) for one in examples})
    return summarise(evaluate(Dataset("set", examples), asker), rounds=20)


def test_the_page_needs_nothing_from_elsewhere_and_escapes(report: Report, tmp_path: Path) -> None:
    write_html(report, tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text()
    assert page.count("<svg") == 4
    assert "<script" not in page
    assert "&lt;script&gt;alert" in page
    assert not re.search(r"""(src|href)\s*=\s*["']?(https?:)?//""", page)
    assert "@import" not in page
    assert "wrongly answered" in page


def test_ids_of_the_plots_do_not_collide(report: Report, tmp_path: Path) -> None:
    write_html(report, tmp_path / "page.html")
    svgs = (tmp_path / "page.html").read_text().split("<svg")[1:]
    paths = [set(re.findall(r'<clipPath id="([^"]+)"', svg)) for svg in svgs]
    assert all(paths)
    assert len(set.union(*paths)) == sum(map(len, paths))


def test_questions_of_the_test_split_are_counted_and_not_shown(report: Report, tmp_path: Path) -> None:
    write_html(report, tmp_path / "page.html")
    write_json(report, tmp_path / "report.json")
    for path in tmp_path.iterdir():
        assert SECRET not in path.read_text()
    body = json.loads((tmp_path / "report.json").read_text())
    assert body["splits"]["test"]["losses"] == {"wrongly answered": 1}
    assert body["splits"]["test"]["by_type"] == {}


def test_the_table_has_every_split_and_floor(report: Report) -> None:
    console = Console(width=200)
    with console.capture() as captured:
        console.print(table(report, {"dev": {"accuracy": 0.25}}))
    accuracy = next(line for line in captured.get().splitlines() if " accuracy " in line)
    assert "0.923 [" in accuracy
    assert "0.25" in accuracy
    assert "0.500 [" in accuracy


def test_a_later_run_is_compared_question_by_question(report: Report, tmp_path: Path) -> None:
    write_json(report, tmp_path / "before.json")
    examples = tuple(one.example for one in report.results.results)
    refusing = Scripted(**{one.id: wire(3) if one.answerable else wire() for one in examples})
    after = summarise(
        evaluate(Dataset("set", examples), refusing), read_baseline(tmp_path / "before.json"), rounds=20
    )
    dev = next(split for split in after.splits if split.name == "dev")
    assert dev.changes["accuracy"].value == pytest.approx(1 / 13)
    assert dev.changes["answer_accuracy"].value == 0
    assert dev.changes["answer_accuracy"].p == 1


@pytest.mark.parametrize("content", ["", "[]", '{"version": 1}', '{"version": 99}'])
def test_what_is_no_report_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "before.json").write_text(content)
    with pytest.raises(BaselineError, match=r"before\.json"):
        read_baseline(tmp_path / "before.json")
