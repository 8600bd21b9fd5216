"""`make torture`: the long versions of the tests of faults, and a table of faults, trials and losses.

Takes about an hour. Tells each row once it is known, and all in the end. Ends with 1 if anything was lost.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import track
from rich.table import Table

from chroma_server import ChromaProcess
from conftest import ROOT
from indexing import INDEX
from kills import OPERATIONS, SMALL_GRAPH, Bench, Moment, Operation, Outcome, state
from qa.storage import vectors
from trials import Row, guarded, of_fuzzing, of_load, of_overload, of_routes, of_tests

ON_A_SERVER = 0.2
"""Share of the kills with the vectors on a Chroma server."""
_TO_END = 600.0
"""Seconds that a command of the installed program may take."""


def main() -> int:
    """Put in the faults; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=420, help="trials; three of four kill before the end")
    parser.add_argument("--real-kills", type=int, default=10, help="kills of the command as it is installed")
    parser.add_argument("--minutes", type=float, default=30, help="of mixed traffic")
    parser.add_argument("--rounds", type=int, default=3, help="of the tests of other faults")
    parser.add_argument("--fuzz", type=int, default=60, help="seconds of fuzzing for each reader")
    parser.add_argument("--routes", type=float, default=300, help="seconds of fuzzing for the routes")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    chosen = parser.parse_args()
    console = Console(width=110)
    console.print(f"seed {chosen.seed}")
    rows: list[Row] = []
    try:
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            for fault, part in _parts(Path(folder), chosen):
                for row in guarded(fault, part):
                    rows.append(row)
                    lost = "".join(f"\n  lost: {one}" for one in row.losses)
                    told = f"{row.fault}: {row.trials} trials; {row.note}; {len(row.losses)} losses{lost}"
                    console.print(told, markup=False, highlight=False, soft_wrap=True)
    finally:  # also of what was broken off
        _print_all(rows, console)
    return 1 if any(row.losses for row in rows) else 0


def _print_all(rows: Sequence[Row], console: Console) -> None:
    table = Table("fault", "trials", "what came of it", "losses")
    for row in rows:
        table.add_row(escape(row.fault), str(row.trials), escape(row.note), str(len(row.losses)))
    console.print(table)
    for told in (
        *(row.more for row in rows if row.more),
        *(f"lost: {x}" for row in rows for x in row.losses),
    ):
        console.print(told, markup=False, highlight=False, soft_wrap=True)


def _parts(folder: Path, chosen: argparse.Namespace) -> Iterator[tuple[str, Callable[[], Iterable[Row]]]]:
    """What is tried in turn: what else fails of one is a loss, and the others are tried all the same."""
    chance = random.Random(chosen.seed)
    on_server = round(chosen.kills * ON_A_SERVER)
    if chosen.kills:
        yield "kills, Chroma in the folder", lambda: _kills(folder, chosen.kills - on_server, chance)
        yield "kills, Chroma server", lambda: _kills_with_server(folder, on_server, chance)
    if chosen.real_kills:
        yield "kills of the installed command", lambda: [_real_kills(folder, chosen.real_kills, chance)]
    yield "tests of faults", lambda: of_tests(chosen.rounds)
    if chosen.fuzz:
        yield "fuzzed readers", lambda: of_fuzzing(chosen.fuzz)
    if chosen.routes:
        yield "fuzzed routes of the service", lambda: [of_routes(chosen.routes, chosen.seed)]
    if chosen.minutes:
        yield "mixed traffic", lambda: [of_load(_new(folder / "load"), chosen.minutes)]
        yield "more clients than are let in", lambda: [of_overload(_new(folder / "overload"))]


def _new(folder: Path) -> Path:
    folder.mkdir()
    return folder


def _kills_with_server(folder: Path, trials: int, chance: random.Random) -> Iterator[Row]:
    with ChromaProcess(folder / "server") as server:
        yield from _kills(folder, trials, chance, server.url)


def _kills(folder: Path, trials: int, chance: random.Random, url: str = "") -> Iterator[Row]:
    vectors.HNSW = SMALL_GRAPH
    place = "Chroma server" if url else "Chroma in the folder"
    bench = Bench(folder, url)
    outcomes = [
        _tried(bench, OPERATIONS[n % len(OPERATIONS)], chance)
        for n in track(range(trials), f"kills, {place}")
    ]
    for operation in OPERATIONS:
        of_it = [one for one in outcomes if one.operation == operation]
        yield _row(f"kill during {operation}, {place}", of_it)


def _tried(bench: Bench, operation: Operation, chance: random.Random) -> Outcome:
    """The outcome of a kill; an index that the examination can't cope with is a loss, and not the last."""
    try:
        return bench.trial(operation, chance)
    except Exception as error:
        loss = f"{type(error).__name__}: {error}"
        return Outcome(operation, Moment(), killed=False, leftovers=False, half_saved=False, loss=loss)


def _row(fault: str, outcomes: Sequence[Outcome]) -> Row:
    counts = (
        (sum(one.killed for one in outcomes), "killed before the end"),
        (sum(one.leftovers for one in outcomes), "left vectors of nothing"),
        (sum(one.half_saved for one in outcomes), "left half a graph"),
    )
    note = ", ".join(f"{count} {what}" for count, what in counts)
    return Row(fault, len(outcomes), note, [f"{one}" for one in outcomes if one.loss])


def _real_kills(folder: Path, trials: int, chance: random.Random) -> Row:
    """Kill `qa ingest` of the project's own corpus, with the real encoder."""
    work = folder / "real"
    environment = {**os.environ, "QA_CORPUS": str(ROOT / "corpus"), "QA_INDEX": str(work / INDEX)}

    def started(*arguments: str) -> subprocess.Popen[bytes]:
        command = [str(Path(sys.executable).parent / "qa"), *arguments]
        return subprocess.Popen(
            command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def qa(*arguments: str) -> int:
        with started(*arguments) as process:
            try:
                return process.wait(_TO_END)
            finally:
                process.kill()

    start = time.perf_counter()
    assert qa("ingest") == 0, "qa ingest fails without a kill"
    longest = time.perf_counter() - start
    expected = state(work / "corpus")
    losses = []
    killed = 0
    for n in track(range(trials), "kills of the installed command"):
        shutil.rmtree(work)
        victim = started("ingest")
        try:
            victim.wait(chance.uniform(0.3, 1.0) * longest)
        except subprocess.TimeoutExpired:
            victim.kill()
            killed += 1
        victim.wait()
        if qa("ingest") or qa("doctor") or state(work / "corpus") != expected:
            losses.append(f"real kill {n}")
    return Row(
        "kill of the installed command, first ingest", trials, f"{killed} killed before the end", losses
    )


if __name__ == "__main__":
    sys.exit(main())
