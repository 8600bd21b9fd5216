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
FAULTS = ("process_faults", "service_faults", "index_faults", "index_recovery", "chroma_server", "hostile")
"""The files of tests of which each is of one fault."""
_MOST_SLOWDOWN, _MOST_GROWTH = 3.0, 1.05


@dataclass(frozen=True)
class Row:
    """A fault, how often it was put in, and what came of it."""

    fault: str
    trials: int
    note: str
    losses: Sequence[str]


def of_tests(rounds: int) -> Iterator[Row]:
    """A row for each test of a fault, run so many times."""
    trials: dict[str, int] = {}
    losses: dict[str, list[str]] = {}
    for _ in range(rounds):
        for fault, failure in _tested():
            trials[fault] = trials.get(fault, 0) + 1
            losses.setdefault(fault, []).extend([failure] if failure else [])
    for fault, count in trials.items():
        yield Row(fault.replace("_", " "), count, "", losses[fault])


def _tested() -> Iterator[tuple[str, str]]:
    """The name of each test and how it failed, if it did."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        names = [str(ROOT / "tests" / f"test_{name}.py") for name in FAULTS]
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", f"--junitxml={report}", *names],
            cwd=ROOT,
            capture_output=True,
        )
        assert report.is_file(), done.stderr.decode()
        for case in ElementTree.parse(report).iter("testcase"):
            name = case.attrib["name"].partition("[")[0].removeprefix("test_")
            failures = [one.attrib.get("message", "") for one in case if one.tag in {"failure", "error"}]
            yield name, f"{case.attrib['name']}: {failures[0]}" if failures else ""


def of_fuzzing(seconds: int) -> Iterator[Row]:
    """A row for each reader, fuzzed for so many seconds; none where there is no fuzzer for the machine."""
    if importlib.util.find_spec("atheris") is None:
        return
    script = str(ROOT / "tests" / "fuzz_readers.py")
    for name in SEEDS:
        done = subprocess.run(
            [sys.executable, script, name, str(seconds)], capture_output=True, text=True, errors="replace"
        )
        inputs = re.search(r"number_of_executed_units: (\d+)", done.stderr)
        losses = [f"{name}: {done.stderr[-1000:]}"] if done.returncode else []
        yield Row(f"fuzzed {name}", int(inputs[1]) if inputs else 0, f"{seconds} s", losses)


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
    times = f"{load.p95(load.idle):.0f} ms alone, {load.p95(load.loaded):.0f} ms under load"
    note = (
        f"{load.cited} quotes held against every state; 95 % of answers within {times}"
        f" ({load.slowdown():.1f} x); memory x {load.growth():.3f}; told to wait: {load.told_to_wait}"
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
