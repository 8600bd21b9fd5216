"""Rows of the table that `make torture` prints: of tests run again and again, of fuzzing, of load."""

from __future__ import annotations

import importlib.util
import math
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from conftest import ROOT
from fuzz_readers import SEEDS
from load import CLIENTS, PACE, measure

_CROWD, _CROWDED_MINUTES = 48, 2.0
_TO_TEST, _TO_FUZZ = 1800.0, 300.0
"""Seconds that a file of tests may take, and a fuzzer more than it is given: it ends after an input."""
_EXAMPLES = 100
"""Of requests to a route in a round; their tests share an index, which grows meanwhile."""
_MOST_SLOWDOWN, _MOST_GROWTH, _MOST_WAITS = 3.0, 1.05, 0.01


@dataclass(frozen=True)
class Row:
    """A fault, how often it was put in, and what came of it."""

    fault: str
    trials: int
    note: str
    losses: Sequence[str]
    more: str = ""
    """What is told below the table."""


def guarded(fault: str, part: Callable[[], Iterable[Row]]) -> Iterator[Row]:
    """The rows of a part; what it ends with unforeseen is the loss of a row more."""
    try:
        yield from part()
    except Exception as error:
        yield Row(fault, 0, "broken off", [f"{fault}: {type(error).__name__}: {error}"])


def of_tests(rounds: int) -> Iterator[Row]:
    """A row for each test that is marked as one of a fault, run so many times."""
    for file in sorted((ROOT / "tests").glob("test_*.py")):
        if "mark.fault" in file.read_text():
            yield from _of_cases(case for _ in range(rounds) for case in _tested(file))


def _of_cases(cases: Iterable[Case]) -> Iterator[Row]:
    trials: dict[str, int] = {}
    losses: dict[str, list[str]] = {}
    notes: dict[str, dict[str, None]] = {}
    for case in cases:
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


def _tested(
    file: Path, timeout: float = _TO_TEST, *, options: Sequence[str] = ("-m", "fault"), examples: int = 0
) -> list[Case]:
    """The cases of a file of tests; that it does not end, or says nothing, is a case that failed."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        report = Path(folder) / "report.xml"
        command = [sys.executable, "-m", "pytest", "-q", *options, f"--junitxml={report}", str(file)]
        code, said = _ended(command, timeout, {"FUZZ_EXAMPLES": str(examples)})
        if report.is_file():
            return list(cases(report))
        failure = f"no report, exit code {code}: {said[-1000:]}"
        return [Case(file.stem.removeprefix("test_"), "test_it_ends", failure, is_skipped=False, notes=())]


def _ended(
    command: Sequence[str], timeout: float, variables: Mapping[str, str] | None = None
) -> tuple[int, str]:
    """The exit code of a program, with all that it said; it is killed after so many seconds, with its own."""
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=os.environ | dict(variables or {}),
            stdout=said,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        late = ""
        try:
            process.wait(timeout)
        except subprocess.TimeoutExpired:
            late = f"\nkilled after {timeout:g} s"
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        code = process.wait()
        said.seek(0)
        return code, said.read().decode(errors="replace") + late


def of_routes(seconds: float, seed: int) -> Row:
    """The row of the service's routes, fuzzed until so many seconds are over, by another seed each round."""
    began = time.monotonic()
    answered, rounds = 0, 0
    losses: list[str] = []
    while not rounds or time.monotonic() < began + seconds:
        options = [f"--hypothesis-seed={seed + rounds}"]
        for case in _tested(ROOT / "tests" / "test_schemathesis.py", options=options, examples=_EXAMPLES):
            answered += sum(int(note.partition("requests: ")[2] or 0) for note in case.notes)
            losses += [f"seed {seed + rounds}, {case.name}: {case.failure}"] if case.failure else []
        rounds += 1
    note = f"{rounds} rounds of {_EXAMPLES} examples a route, {time.monotonic() - began:.0f} s"
    return Row("fuzzed routes of the service", answered, note, losses or ["none was asked"] * (not answered))


def of_fuzzing(seconds: int) -> Iterator[Row]:
    """A row for each reader, fuzzed for so many seconds."""
    if importlib.util.find_spec("atheris") is None:
        yield Row("fuzzed readers", 0, "", ["there is no fuzzer for this machine: no reader was fuzzed"])
        return
    script = str(ROOT / "tests" / "fuzz_readers.py")
    for name in SEEDS:
        code, said = _ended([sys.executable, script, name, str(seconds)], seconds + _TO_FUZZ)
        yield fuzzed(name, seconds, code, said)


def fuzzed(name: str, seconds: int, exit_code: int, said: str) -> Row:
    """The row of a run of libFuzzer, by what it said: one without an input was none."""
    inputs = re.search(r"number_of_executed_units: (\d+)", said)
    count = int(inputs[1]) if inputs else 0
    losses = [f"{name}: {said[-1000:]}"] if exit_code or not count else []
    return Row(f"fuzzed {name}", count, f"{seconds} s", losses)


def of_load(folder: Path, minutes: float) -> Row:
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
        f" descriptors x {load.opened():.3f}, at most {max(load.descriptors, default=math.nan):.0f};"
        f" told to wait: {load.told_to_wait}"
    )
    clients = f"{CLIENTS} clients, a request each about every {PACE:.0f} s, for {minutes:g} min"
    seen = load.memory[:: max(1, len(load.memory) // 20)]
    memory = " ".join(f"{one:.0f}" for one in seen)
    return Row(clients, load.requests(), note, losses, f"memory under load, MB: {memory}")


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
