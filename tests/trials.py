"""Rows of the table that `make torture` prints: of tests run again and again, of fuzzing, of load."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from conftest import ROOT
from fuzz_readers import SEEDS
from load import CLIENTS, PACE, Load, measure

_CROWD, _CROWDED_MINUTES = 48, 2.0
_MOST_SLOWDOWN, _MOST_GROWTH, _MOST_WAITS = 3.0, 1.05, 0.01


@dataclass(frozen=True)
class Row:
    """A fault, how often it was put in, and what came of it."""

    fault: str
    trials: int
    note: str
    losses: Sequence[str]


def of_tests(rounds: int) -> Iterator[Row]:
    """A row for each test that is marked as one of a fault, run so many times."""
    trials: dict[str, int] = {}
    losses: dict[str, list[str]] = {}
    notes: dict[str, dict[str, None]] = {}
    for _ in range(rounds):
        for case in _tested():
            fault = f"{case.file}: {case.name.partition('[')[0].removeprefix('test_').replace('_', ' ')}"
            trials[fault] = trials.get(fault, 0) + (not case.is_skipped)
            losses.setdefault(fault, []).extend([f"{case.name}: {case.failure}"] if case.failure else [])
            notes.setdefault(fault, {}).update(dict.fromkeys(case.notes))
    for fault, count in trials.items():
        yield Row(fault, count, ", ".join(notes[fault]), losses[fault])


@dataclass(frozen=True)
class Case:
    """What became of a test: `failure` says why it did not pass, also where it was skipped."""

    file: str
    name: str
    failure: str
    is_skipped: bool
    notes: Sequence[str]


def cases(report: Path) -> Iterator[Case]:
    """The cases of a report of pytest, with the properties that they recorded."""
    for case in ElementTree.parse(report).iter("testcase"):
        failed = [one for one in case if one.tag in {"failure", "error", "skipped"}]
        failure = f"{failed[0].tag}: {failed[0].attrib.get('message', '')}" if failed else ""
        notes = [f"{one.attrib['name']}: {one.attrib['value']}" for one in case.iter("property")]
        file = case.attrib["classname"].rpartition(".")[2].removeprefix("test_")
        yield Case(file, case.attrib["name"], failure, failure.startswith("skipped"), notes)


def _tested() -> list[Case]:
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-m", "fault", f"--junitxml={report}"],
            cwd=ROOT,
            capture_output=True,
        )
        assert report.is_file(), done.stderr.decode()
        return list(cases(report))


def of_fuzzing(seconds: int) -> Iterator[Row]:
    """A row for each reader, fuzzed for so many seconds."""
    if importlib.util.find_spec("atheris") is None:
        yield Row("fuzzed readers", 0, "", ["there is no fuzzer for this machine: no reader was fuzzed"])
        return
    script = str(ROOT / "tests" / "fuzz_readers.py")
    for name in SEEDS:
        done = subprocess.run(
            [sys.executable, script, name, str(seconds)], capture_output=True, text=True, errors="replace"
        )
        yield fuzzed(name, seconds, done.returncode, done.stderr)


def fuzzed(name: str, seconds: int, exit_code: int, said: str) -> Row:
    """The row of a run of libFuzzer, by what it said: one without an input was none."""
    inputs = re.search(r"number_of_executed_units: (\d+)", said)
    count = int(inputs[1]) if inputs else 0
    losses = [f"{name}: {said[-1000:]}"] if exit_code or not count else []
    return Row(f"fuzzed {name}", count, f"{seconds} s", losses)


def of_load(folder: Path, minutes: float) -> tuple[Row, Load]:
    """The row of mixed traffic."""
    load = measure(folder, minutes * 60)
    losses = [*load.wrong]
    if load.exit_code:
        losses.append(f"the service ended with {load.exit_code}")
    if load.slowdown() > _MOST_SLOWDOWN:
        losses.append(f"answers took {load.slowdown():.1f} times as long (95th percentile)")
    if load.growth() > _MOST_GROWTH:
        losses.append(f"memory grew to {load.growth():.2f} times that after the warm-up")
    if load.opened() > _MOST_GROWTH:
        losses.append(f"descriptors grew to {load.opened():.2f} times those after the warm-up")
    if load.waits() > _MOST_WAITS:
        losses.append(f"{load.waits():.1%} of the requests were told to wait")
    times = f"{load.p95(load.idle):.0f} ms alone, {load.p95(load.loaded):.0f} ms under load"
    note = (
        f"{load.cited} quotes held against every state; 95 % of answers within {times}"
        f" ({load.slowdown():.1f} x); memory x {load.growth():.3f};"
        f" descriptors x {load.opened():.3f}, at most {max(load.descriptors):.0f};"
        f" told to wait: {load.told_to_wait}"
    )
    clients = f"{CLIENTS} clients, a request each about every {PACE:.0f} s, for {minutes:g} min"
    return Row(clients, load.requests(), note, losses), load


def of_overload(folder: Path) -> Row:
    """The row of more clients than are let in at once, none of which pauses unless it is told to."""
    load = measure(folder, _CROWDED_MINUTES * 60, _CROWD, pace=0)
    losses = [*load.wrong] + [f"the service ended with {load.exit_code}"] * bool(load.exit_code)
    if not load.told_to_wait:
        losses.append("nobody was told to wait")
    note = f"{load.cited} quotes held against every state; told to wait: {load.told_to_wait}"
    return Row(
        f"{_CROWD} clients without a pause, for {_CROWDED_MINUTES:g} min", load.requests(), note, losses
    )
