"""What becomes of a service under mixed traffic: `measure` starts one, loads it, and watches it meanwhile."""

from __future__ import annotations

import json
import math
import shutil
import signal
import statistics
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
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
        idle = self.p95(self.idle)
        return self.p95(self.loaded) / idle if idle < math.inf else math.inf

    def p95(self, times: Mapping[str, Sequence[float]]) -> float:
        """Milliseconds in which 95 % of the answers came; without answers no bound holds."""
        answers = [one for kind in ASKING for one in times.get(kind, ())]
        return statistics.quantiles(answers, n=20)[-1] if len(answers) > 1 else math.inf

    def growth(self) -> float:
        """The memory of the last quarter as a multiple of that of the second, after the warm-up."""
        return _growth(self.memory)

    def opened(self) -> float:
        """The descriptors, likewise."""
        return _growth(self.descriptors)

    def waits(self) -> float:
        """The share of requests that were told to wait."""
        return self.told_to_wait / max(1, self.told_to_wait + self.requests())


def _growth(seen: Sequence[float]) -> float:
    quarter = len(seen) // 4
    if not quarter:
        return math.inf  # it ended at once
    return statistics.mean(seen[-quarter:]) / statistics.mean(seen[quarter : 2 * quarter])


def measure(folder: Path, seconds: float, clients: int = CLIENTS, pace: float = PACE) -> Load:
    """Load a service over the project's documents for `seconds`, after a tenth of it with one client."""
    shutil.copytree(ROOT / "corpus", folder / "corpus")
    with served(folder) as service:
        alone = _traffic(service, seconds / 10, clients=1, pace=0.1)
        with _watched(service, seconds / 40) as watch:
            among = _traffic(service, seconds, clients=clients, pace=pace)
        wrong = [*alone["wrong"], *among["wrong"], *watch.wrong]
        try:
            exit_code = service.ended()
        except subprocess.TimeoutExpired:
            exit_code = -signal.SIGKILL
            wrong.append("the service does not end when it is told to")
    return Load(
        wrong=wrong,
        told_to_wait=sum(among["told_to_wait"].values()),
        cited=alone["cited"] + among["cited"],
        idle=alone["milliseconds"],
        loaded=among["milliseconds"],
        memory=watch.memory,
        descriptors=watch.descriptors,
        exit_code=exit_code,
    )


def _traffic(service: Served, seconds: float, *, clients: int, pace: float) -> dict[str, Any]:
    script = [sys.executable, str(Path(__file__).with_name("traffic.py")), service.url]
    options = ["--seconds", str(seconds), "--clients", str(clients), "--pace", str(pace)]
    try:
        done = subprocess.run([*script, *options], capture_output=True, text=True, timeout=seconds + 300)
    except subprocess.TimeoutExpired:
        return _broken("it did not end")
    if done.returncode:
        return _broken(done.stderr[-1000:])
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def _broken(why: str) -> dict[str, Any]:
    """The report of traffic that told nothing."""
    return {"wrong": [f"the traffic broke: {why}"], "told_to_wait": {}, "milliseconds": {}, "cited": 0}


@dataclass(frozen=True)
class Watch:
    """What is seen of a service from outside: MB, descriptors, and why no more is seen."""

    memory: list[float] = field(default_factory=list)
    descriptors: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


@contextmanager
def _watched(service: Served, every: float) -> Iterator[Watch]:
    """Memory and descriptors of the service, looked at again and again while the block runs."""
    watch = Watch()
    over = threading.Event()

    def look() -> None:
        try:
            while not over.wait(every):
                watch.memory.append(service.memory())
                watch.descriptors.append(service.descriptors())
        except Exception as error:
            code = service.process.poll()
            watch.wrong.append(f"the service can't be watched, exit code {code}: {error!r}")

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield watch
    finally:
        over.set()
        thread.join()
