"""What the benchmark measures of this program: each task in a process of its own.

`python -m qa_eval.bench_ours TASK` with a JSON object on standard input writes one to standard output.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qa.build import build_qa, run_ingest
from qa.finding.retrieve import retrieve
from qa.interfaces import Encoding
from qa.pipeline import QA
from qa.settings import Settings
from qa.storage.index import Index

_WARM = 10
"""Questions asked before any is timed."""
_MIB = 2**20
_EQUAL = 1e-5
"""Cosines no further apart are taken for equal: Chroma computes them in its own way."""


def ingest(job: dict[str, Any]) -> dict[str, Any]:
    """Build the index of a folder. `seconds` are those of reading, encoding and writing it."""
    settings = _settings(job)
    start = time.perf_counter()
    run_ingest(settings, [settings.corpus], lambda done: None)
    seconds = time.perf_counter() - start
    return {"seconds": seconds, "peak_mib": peak_mib(), "disk_mib": disk_mib(settings.index)}


def start(job: dict[str, Any]) -> dict[str, Any]:
    """Seconds from `began` (of the clock) until the first question can be asked, and memory then."""
    qa = build_qa(_settings(job))
    seconds = time.time() - job["began"]
    for one in job["questions"][:_WARM]:
        qa.ask(one["question"])
    return {"seconds": seconds, "rest_mib": rest_mib()}


def ask(job: dict[str, Any]) -> dict[str, Any]:
    """Milliseconds of each question."""
    qa = _warm(job)
    return {"ms": [_timed(lambda q=one["question"]: qa.ask(q)) for one in job["questions"]]}  # type: ignore[misc]


def search(job: dict[str, Any]) -> dict[str, Any]:
    """Milliseconds of each search, and the document found first."""
    qa = _warm(job)
    ms, first = [], []
    for one in job["questions"]:
        begun = time.perf_counter()
        found = qa.search(one["question"])
        ms.append((time.perf_counter() - begun) * 1000)
        first.append(found[0].document_id)
    return {"ms": ms, "first": first}


def exact(job: dict[str, Any]) -> dict[str, Any]:
    """What is found first with exact vector search, what after ranking; the vector index's recall."""
    qa = _warm(job)
    ids, vectors = qa.index.vectors()
    exactly = _Exact(qa.index, ids, vectors)
    first, ranked, recalls = [], [], []
    for one in job["questions"]:
        encoding = qa.embedder.encode([one["question"]])[0]
        first.append(_first(one["question"], encoding, exactly))
        passages = qa.ranking(one["question"]).passages
        ranked.append(passages[0].passage.document_id if passages else "")
        near = qa.index.search_vectors(encoding.vector, 10)
        best = exactly.search_vectors(encoding.vector, 10)
        # Counted by cosine: which of several equal ones are found does not matter.
        recalls.append(float(np.mean([cosine > best[-1][1] - _EQUAL for _, cosine in near])))
    return {"first": first, "ranked": ranked, "recall": recalls}


def _first(question: str, encoding: Encoding, index: Index) -> str:
    with index.snapshot():
        return retrieve(question, lambda: encoding, index, 1)[0].passage.document_id


class _Exact(Index):
    """An opened index whose vector search compares with every vector."""

    def __init__(self, index: Index, ids: Sequence[str], vectors: NDArray[np.float32]) -> None:
        self.__dict__.update(index.__dict__)
        self._ids = ids
        self._matrix = vectors

    def search_vectors(
        self, vector: NDArray[np.float32], k: int, documents: Sequence[str] | None = None
    ) -> list[tuple[str, float]]:
        """The `k` nearest of all passages."""
        cosines = self._matrix @ vector
        best = np.argsort(-cosines)[:k]
        return [(self._ids[i], float(cosines[i])) for i in best]


def _warm(job: dict[str, Any]) -> QA:
    qa = build_qa(_settings(job))
    for one in job["questions"][:_WARM]:
        qa.ask(one["question"])
    return qa


def _settings(job: dict[str, Any]) -> Settings:
    return Settings(corpus=Path(job["corpus"]), index=Path(job["index"]))


def _timed(call: Callable[[], object]) -> float:
    begun = time.perf_counter()
    call()
    return (time.perf_counter() - begun) * 1000


def peak_mib() -> float:
    """The most memory that this process ever held (MiB)."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 if sys.platform == "linux" else _MIB)  # Linux counts in KiB, macOS in bytes


def rest_mib() -> float:
    """The memory that this process holds (MiB); where the system does not tell, the most it held."""
    statm = Path("/proc/self/statm")
    if not statm.is_file():
        return peak_mib()
    return int(statm.read_text().split()[1]) * resource.getpagesize() / _MIB


def disk_mib(folder: Path) -> float:
    """Size of the files of a folder (MiB)."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / _MIB


TASKS = {"ingest": ingest, "start": start, "ask": ask, "search": search, "exact": exact}

if __name__ == "__main__":
    sys.stdout.write(json.dumps(TASKS[sys.argv[1]](json.load(sys.stdin))))
