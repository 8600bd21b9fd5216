"""How near Chroma's graph of neighbours comes to exact search, by its settings."""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from qa.build import build_embedder
from qa.doctor.recall import Recall
from qa.settings import Settings
from qa.storage.chroma import ChromaFolder
from qa.storage.index import Index
from qa.storage.vectors import HNSW, Vectors
from qa_eval.metrics import bootstrap_ci, percentile
from qa_eval.public import read_public
from qa_eval.public_suite import Say
from qa_eval.rows import Row

_TRIED = ((16, 100, 100), (16, 100, 200), (32, 200, 100), (32, 200, 200), (32, 200, 400), (48, 400, 400))
"""Neighbours a vector has, how many are looked at to choose them, and how many to find the nearest of a
question; the first are Chroma's own."""

_ASKED_FOR = 50
"""Passages that retrieval asks for, of which those from the first ten count here."""


def measure_graph(evaldata: Path, settings: Settings, questions: int, say: Say) -> list[Row]:
    """Recall at 10, milliseconds and seconds to build, over the vectors of the index of `settings`.

    The questions are those of the public sets, drawn with a fixed seed.
    """
    embedder = build_embedder()
    with Index.open(settings.index, embedder, settings.chroma_url) as index:
        ids, vectors = index.vectors()
    sets = [read_public(path) for path in sorted(evaldata.iterdir()) if (path / "corpus.jsonl").is_file()]
    asked = sorted({one.question for data in sets for one in data.questions if one.answerable})
    chosen = random.Random(0).sample(asked, min(questions, len(asked)))
    queries = np.array([one.vector for one in embedder.encode(chosen)], dtype=np.float32)
    recall = Recall(queries)
    recall.see(vectors)
    rows: list[Row] = []
    for tried in _TRIED:
        say(f"max_neighbors, ef_construction, ef_search: {tried}")
        rows += _measured(tried, ids, vectors, queries, recall)
    return rows


def _measured(
    tried: tuple[int, int, int],
    ids: Sequence[str],
    vectors: NDArray[np.float32],
    queries: NDArray[np.float32],
    recall: Recall,
) -> Iterator[Row]:
    width, effort, depth = tried
    hnsw = HNSW | {"max_neighbors": width, "ef_construction": effort, "ef_search": depth}
    name = f"{len(ids)} vectors, max_neighbors {width}, ef_construction {effort}, ef_search {depth}"
    with tempfile.TemporaryDirectory() as folder:
        graph = Vectors(ChromaFolder(Path(folder) / "chroma"), "graph", create=True, hnsw=hnsw)
        start = time.perf_counter()
        graph.upsert(ids, vectors, ids)
        built = time.perf_counter() - start
        shares = recall.shares(lambda query, k: graph.search(query, _ASKED_FOR, None)[:k])
        taken = []
        for query in queries:
            start = time.perf_counter()
            graph.search(query, _ASKED_FOR, None)
            taken.append((time.perf_counter() - start) * 1000)
        graph.close()
    yield Row(name, "recall@10 against exact search", bootstrap_ci(_column(shares)))
    yield Row(name, "search p50, ms", bootstrap_ci(_column(taken), percentile(50)))
    yield Row(name, "build, s", bootstrap_ci(_column([built])))


def _column(values: Sequence[float]) -> NDArray[np.float64]:
    return np.array([(one, 1.0) for one in values])
