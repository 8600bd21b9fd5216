"""How many of the nearest passages the search finds: Chroma's graph is an approximation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

_TIE = 1e-5
"""Cosines this near are equal: they are summed in another order."""

Search = Callable[[NDArray[np.float32], int], Sequence[tuple[str, float]]]
"""Finds the nearest of a vector: ids and cosines."""


class Recall:
    """Recall at `k` of an approximate search for `queries`, (n, dimension), rows of length 1.

    `see` every vector that is searched, then ask for the `share`s. Passages of the same cosine stand
    for each other: of several that are equal it does not matter which is found.
    """

    def __init__(self, queries: NDArray[np.float32], k: int = 10) -> None:
        self._queries = queries
        self._k = k
        self._best = np.full((len(queries), 0), -np.inf, np.float32)

    def see(self, vectors: NDArray[np.float32]) -> None:
        """Vectors that are searched, (m, dimension)."""
        scores = np.concatenate([self._best, self._queries @ vectors.T], axis=1)
        self._best = -np.sort(-scores, axis=1)[:, : self._k]

    def share(self, search: Search) -> float:
        """The mean of `shares`, 1 where there is nothing to be found."""
        shares = self.shares(search)
        return float(np.mean(shares)) if shares else 1.0

    def shares(self, search: Search) -> list[float]:
        """For each query, the share of the `k` nearest that `search` finds."""
        return [
            self._found(nearest, [score for _, score in search(query, self._k)])
            for query, nearest in zip(self._queries, self._best, strict=True)
            if len(nearest)
        ]

    def _found(self, nearest: NDArray[np.float32], scores: Iterable[float]) -> float:
        return sum(score >= float(nearest[-1]) - _TIE for score in scores) / len(nearest)
