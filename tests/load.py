"""What becomes of a service under mixed traffic: `measure` starts one, loads it, and watches it meanwhile."""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conftest import ROOT
from served import Served, served

CLIENTS, PACE = 16, 4.0
"""The stated capacity: so many clients, each of which waits so many seconds, on average, between requests."""
ASKING = ("ask", "stream", "chat")


@dataclass(frozen=True)
class Load:
    """What was seen: milliseconds of each kind of request alone and under load, MB of memory and
    open descriptors in turn."""

    wrong: Sequence[str]
    told_to_wait: int
    cited: int
    idle: Mapping[str, Sequence[float]]
    loaded: Mapping[str, Sequence[float]]
    memory: Sequence[float]
    descriptors: Sequence[float]
    exit_code: int

    def requests(self) -> int:
        """Those that were served under load."""
        return sum(map(len, self.loaded.values()))

    def slowdown(self) -> float:
        """The 95th percentile of answers under load, as a multiple of that without."""
        return self.p95(self.loaded) / self.p95(self.idle)

    def p95(self, times: Mapping[str, Sequence[float]]) -> float:
        """Milliseconds in which 95 % of the answers came."""
        return statistics.quantiles([one for kind in ASKING for one in times.get(kind, ())], n=20)[-1]

    def growth(self) -> float:
        """The memory of the last quarter as a multiple of that of the second, after the warm-up."""
        return _growth(self.memory)

    def opened(self) -> float:
        """The descriptors, likewise."""
        return _growth(self.descriptors)

    def waits(self) -> float:
        """The share of requests that were told to wait."""
        return self.told_to_wait / (self.told_to_wait + self.requests())


def _growth(seen: Sequence[float]) -> float:
    quarter = max(1, len(seen) // 4)
    return statistics.mean(seen[-quarter:]) / statistics.mean(seen[quarter : 2 * quarter])


def measure(folder: Path, seconds: float, clients: int = CLIENTS, pace: float = PACE) -> Load:
    """Load a service over the project's documents for `seconds`, after a tenth of it with one client."""
    shutil.copytree(ROOT / "corpus", folder / "corpus")
    with served(folder) as service:
        alone = _traffic(service, seconds / 10, clients=1, pace=0.1)
        with _watched(service, seconds / 40) as (memory, descriptors):
            among = _traffic(service, seconds, clients=clients, pace=pace)
        exit_code = service.ended()
    return Load(
        wrong=[*alone["wrong"], *among["wrong"]],
        told_to_wait=sum(among["told_to_wait"].values()),
        cited=alone["cited"] + among["cited"],
        idle=alone["milliseconds"],
        loaded=among["milliseconds"],
        memory=memory,
        descriptors=descriptors,
        exit_code=exit_code,
    )


def _traffic(service: Served, seconds: float, *, clients: int, pace: float) -> dict[str, Any]:
    script = [sys.executable, str(Path(__file__).with_name("traffic.py")), service.url]
    options = ["--seconds", str(seconds), "--clients", str(clients), "--pace", str(pace)]
    done = subprocess.run([*script, *options], capture_output=True, text=True, timeout=seconds + 300)
    assert done.returncode == 0, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return report


@contextmanager
def _watched(service: Served, every: float) -> Iterator[tuple[list[float], list[float]]]:
    """Memory and descriptors of the service, looked at again and again while the block runs."""
    memory: list[float] = []
    descriptors: list[float] = []
    over = threading.Event()

    def look() -> None:
        while not over.wait(every):
            memory.append(service.memory())
            descriptors.append(service.descriptors())

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield memory, descriptors
    finally:
        over.set()
        thread.join()
