"""`make torture`: the long versions of the tests of faults, and a table of faults, trials and losses.

Takes about an hour. Ends with 1 if anything was lost.
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
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

from chroma_server import ChromaProcess
from conftest import ROOT
from indexing import INDEX
from kills import OPERATIONS, SMALL_GRAPH, Bench, Outcome, state
from qa.storage import vectors
from trials import Row, of_fuzzing, of_load, of_overload, of_tests

ON_A_SERVER = 0.2
"""Share of the kills with the vectors on a Chroma server."""


def main() -> int:
    """Put in the faults; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=300, help="kills with a fake encoder")
    parser.add_argument("--real-kills", type=int, default=10, help="kills of the command as it is installed")
    parser.add_argument("--minutes", type=float, default=30, help="of mixed traffic")
    parser.add_argument("--rounds", type=int, default=3, help="of the tests of other faults")
    parser.add_argument("--fuzz", type=int, default=60, help="seconds of fuzzing for each reader")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    chosen = parser.parse_args()
    console = Console(width=110)
    console.print(f"seed {chosen.seed}")
    table = Table("fault", "trials", "what came of it", "losses")
    lost: list[str] = []
    memory: Sequence[float] = ()
    with tempfile.TemporaryDirectory() as folder:
        load, overload = Path(folder) / "load", Path(folder) / "overload"
        load.mkdir()
        overload.mkdir()
        for row in _rows(Path(folder), chosen.kills, chosen.real_kills, random.Random(chosen.seed)):
            _add(row, table, lost)
        for row in (*of_tests(chosen.rounds), *of_fuzzing(chosen.fuzz)):
            _add(row, table, lost)
        if chosen.minutes:
            row, seen = of_load(load, chosen.minutes)
            _add(row, table, lost)
            memory = seen.memory
            _add(of_overload(overload), table, lost)
    console.print(table)
    console.print("memory under load, MB:", *(f"{one:.0f}" for one in memory[:: max(1, len(memory) // 20)]))
    for one in lost:
        console.print(f"lost: {one}")
    return 1 if lost else 0


def _add(row: Row, table: Table, lost: list[str]) -> None:
    table.add_row(row.fault, str(row.trials), row.note, str(len(row.losses)))
    lost += row.losses


def _rows(folder: Path, kills: int, real_kills: int, chance: random.Random) -> Iterator[Row]:
    vectors.HNSW = SMALL_GRAPH
    with ChromaProcess(folder / "server") as server:
        on_server = round(kills * ON_A_SERVER)
        for place, trials, url in (
            ("Chroma in the folder", kills - on_server, ""),
            ("Chroma server", on_server, server.url),
        ):
            bench = Bench(folder, url)
            outcomes = [
                bench.trial(OPERATIONS[n % len(OPERATIONS)], chance)
                for n in track(range(trials), f"kills, {place}")
            ]
            for operation in OPERATIONS:
                yield _row(
                    f"kill during {operation}, {place}",
                    [one for one in outcomes if one.operation == operation],
                )
    yield _real_kills(folder, real_kills, chance)


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

    def qa(*arguments: str) -> subprocess.Popen[bytes]:
        command = [str(Path(sys.executable).parent / "qa"), *arguments]
        return subprocess.Popen(
            command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    start = time.perf_counter()
    assert qa("ingest").wait() == 0
    longest = time.perf_counter() - start
    expected = state(work / "corpus")
    losses = []
    killed = 0
    for n in track(range(trials), "kills of the installed command"):
        shutil.rmtree(work)
        victim = qa("ingest")
        try:
            victim.wait(chance.uniform(0.3, 1.0) * longest)
        except subprocess.TimeoutExpired:
            victim.kill()
            killed += 1
        victim.wait()
        if qa("ingest").wait() or qa("doctor").wait() or state(work / "corpus") != expected:
            losses.append(f"real kill {n}")
    return Row(
        "kill of the installed command, first ingest", trials, f"{killed} killed before the end", losses
    )


if __name__ == "__main__":
    sys.exit(main())
