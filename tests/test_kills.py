"""Killed at any moment, an index holds each document as before or as after; the next run completes it."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from chroma_server import ChromaProcess
from kills import OPERATIONS, SMALL_GRAPH, Bench
from qa.storage import vectors

SEED = 7


@pytest.mark.parametrize(("place", "trials"), [("folder", 16), ("server", 4)])
def test_kills_lose_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, trials: int) -> None:
    monkeypatch.setattr(vectors, "HNSW", SMALL_GRAPH)
    chance = random.Random(SEED)
    with ChromaProcess(tmp_path / "server") as server:
        bench = Bench(tmp_path, server.url if place == "server" else "")
        outcomes = [bench.trial(OPERATIONS[n % len(OPERATIONS)], chance) for n in range(trials)]
    assert [one for one in outcomes if one.loss] == []
    assert sum(one.killed for one in outcomes) >= trials / 2
    # One of those in the folder dies as it is to delete vectors: what is left must be seen to be missed.
    assert place == "server" or any(one.leftovers for one in outcomes)
