"""Milliseconds by stage."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def timed(timings: dict[str, float], stage: str) -> Iterator[None]:
    """Add the time that the block takes to `timings[stage]`."""
    start = time.perf_counter()
    yield
    timings[stage] = round(timings.get(stage, 0.0) + milliseconds(start), 2)


def milliseconds(start: float) -> float:
    """Since `start`, a `time.perf_counter()`."""
    return round((time.perf_counter() - start) * 1000, 2)
