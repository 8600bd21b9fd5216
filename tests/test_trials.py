"""The rows of `make torture` count what they say."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

import trials
from trials import Case, cases, fuzzed

REPORT = """<testsuites><testsuite>
<testcase classname="tests.test_a" name="test_it_ends[x]"><properties><property name="full" value="a disk"/>
</properties></testcase>
<testcase classname="tests.test_b" name="test_it_ends"><failure message="It broke.">Trace</failure></testcase>
<testcase classname="tests.test_b" name="test_it_lasts"><skipped message="Not here."/></testcase>
</testsuite></testsuites>"""


@pytest.fixture
def report(tmp_path: Path) -> list[Case]:
    path = tmp_path / "report.xml"
    path.write_text(REPORT)
    return list(cases(path))


def test_tests_of_one_name_are_told_apart_and_what_is_skipped_is_a_loss(
    report: list[Case], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trials, "_tested", lambda: report)
    rows = {row.fault: row for row in trials.of_tests(2)}
    assert {name: (row.trials, len(row.losses)) for name, row in rows.items()} == {
        "a: it ends": (2, 0),
        "b: it ends": (2, 2),
        "b: it lasts": (0, 2),
    }
    assert rows["a: it ends"].note == "full: a disk"
    assert rows["b: it ends"].losses[0] == "test_it_ends: failure: It broke."
    assert rows["b: it lasts"].losses[0] == "test_it_lasts: skipped: Not here."


@pytest.mark.parametrize(
    ("exit_code", "said", "expected"),
    [
        (0, "stat::number_of_executed_units: 70", (70, 0)),
        (0, "stat::number_of_executed_units: 0", (0, 1)),
        (0, "", (0, 1)),
        (77, "stat::number_of_executed_units: 70\nERROR", (70, 1)),
    ],
)
def test_a_run_without_an_input_is_a_loss(exit_code: int, said: str, expected: tuple[int, int]) -> None:
    row = fuzzed("a.txt", 60, exit_code, said)
    assert (row.trials, len(row.losses)) == expected


def test_no_fuzzer_is_a_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    (row,) = trials.of_fuzzing(60)
    assert (row.trials, len(row.losses)) == (0, 1)
