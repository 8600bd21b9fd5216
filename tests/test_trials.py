"""The rows of `make torture` count what they say."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import pytest

import torture
import trials
from served import Served
from trials import Case, Row, cases, fuzzed

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


def test_tests_of_one_name_are_told_apart_and_what_is_skipped_is_a_loss(report: list[Case]) -> None:
    rows = {row.fault: row for row in trials._of_cases(report * 2)}
    assert {name: (row.trials, len(row.losses)) for name, row in rows.items()} == {
        "a: it ends": (2, 0),
        "b: it ends": (2, 2),
        "b: it lasts": (0, 2),
    }
    assert rows["a: it ends"].note == "full: a disk"
    assert rows["b: it ends"].losses[0] == "test_it_ends: failure: It broke."
    assert rows["b: it lasts"].losses[0] == "test_it_lasts: skipped: Not here."


@pytest.mark.parametrize(
    ("content", "timeout", "loss"),
    [
        ("import time\nprint('It waits.', flush=True)\ntime.sleep(1000)", 2, "killed after 2 s"),
        ("import os\nos._exit(3)", 100, "no report, exit code 3"),
    ],
)
def test_tests_that_do_not_end_or_tell_nothing_are_a_loss(
    tmp_path: Path, content: str, timeout: float, loss: str
) -> None:
    (tmp_path / "test_a.py").write_text(content)
    (row,) = trials._of_cases(trials._tested(tmp_path / "test_a.py", timeout))
    assert row.fault == "a: it ends"
    assert loss in row.losses[0]


def test_a_part_that_breaks_off_is_a_loss_and_keeps_its_rows() -> None:
    def part() -> Iterator[Row]:
        yield Row("first", 1, "", [])
        raise ValueError("It broke.")

    first, broken = trials.guarded("all", part)
    assert (first.fault, first.losses) == ("first", [])
    assert (broken.fault, broken.losses) == ("all", ["all: ValueError: It broke."])


def test_a_table_that_is_broken_off_is_printed_so_far(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def part() -> Iterator[Row]:
        yield Row("first [bold]", 1, "of it", ["a [red] loss"], more="A curve.")
        raise KeyboardInterrupt

    monkeypatch.setattr(torture, "_parts", lambda folder, chosen: [("all", part)])
    monkeypatch.setattr("sys.argv", ["torture.py"])
    with pytest.raises(KeyboardInterrupt):
        torture.main()
    told = capsys.readouterr().out
    row, table = told.split("┏")
    assert "first [bold]: 1 trials; of it; 1 losses" in row
    assert "first [bold]" in table
    assert "A curve." in table
    assert all("lost: a [red] loss" in one for one in (row, table))


def test_a_service_that_dies_under_load_is_a_row_of_losses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked = Served.memory

    def dying(service: Served) -> float:
        service.process.kill()
        service.process.wait()
        return looked(service)

    monkeypatch.setattr(Served, "memory", dying)
    losses = "\n".join(trials.of_load(tmp_path, minutes=4 / 60).losses)
    for loss in ("can't be watched, exit code -9", "the service ended with -9", "times as long"):
        assert loss in losses


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


@pytest.mark.parametrize(
    ("tested", "expected"),
    [
        (
            [Case("a", "it", "", False, ["requests: 7"]), Case("a", "it", "", False, ["requests: 5"])],
            (12, []),
        ),
        (
            [Case("a", "it", "failure: 500", False, ["requests: 7"])],
            (7, ["seed 3, it: failure: 500"]),
        ),
        ([Case("a", "it", "", False, [])], (0, ["none was asked"])),
    ],
)
def test_routes_count_their_requests_and_what_failed_tells_its_seed(
    monkeypatch: pytest.MonkeyPatch, tested: list[Case], expected: tuple[int, list[str]]
) -> None:
    monkeypatch.setattr(trials, "_tested", lambda *_, **__: tested)
    row = trials.of_routes(0, seed=3)
    assert (row.trials, row.losses) == expected
