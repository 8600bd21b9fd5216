"""BM25 and the words of the passages: SQLite's FTS5 table, in the snapshot of the thread that asks."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Sequence
from functools import lru_cache

_REMEMBERED = 10_000
"""Counts of words that are kept: common words take longest to count, and come again."""


class FullText:
    """Reads the full-text index through the connection of each thread.

    `connection()` gives it, `writes()` the count of writes that what is remembered belongs to.
    """

    def __init__(self, connection: Callable[[], sqlite3.Connection], writes: Callable[[], int]) -> None:
        self._connection = connection
        self._writes = writes
        # Both take long, and are the same until the next write.
        self._counted = lru_cache(_REMEMBERED)(self._count)
        self._listed = lru_cache(1)(self._list)

    def search(self, query: str, k: int, documents: Sequence[str] | None = None) -> list[tuple[str, float]]:
        """The `k` best passages by BM25 for an FTS5 query: ids and scores, higher is better.

        An empty query, which FTS5 refuses, finds nothing.
        """
        if not query:
            return []
        if documents is None:  # only the best are looked up among the passages
            found = (
                "SELECT id, -score AS score FROM passages JOIN (SELECT rowid AS key, rank AS score"
                " FROM passages_fts WHERE passages_fts MATCH ? ORDER BY rank LIMIT ?) USING (key)"
            )
            parameters: tuple[object, ...] = query, k
        else:
            found = (
                "SELECT id, -bm25(passages_fts) AS score FROM passages_fts"
                " JOIN passages ON key = passages_fts.rowid WHERE passages_fts MATCH ?"
                " AND document_id IN (SELECT value FROM json_each(?)) ORDER BY score DESC LIMIT ?"
            )
            parameters = query, json.dumps(list(documents)), k
        # As one row: between two of them another thread takes over, and that may take a while.
        (rows,) = (
            self._connection()
            .execute(f"SELECT json_group_array(json_array(id, score)) FROM ({found})", parameters)
            .fetchone()
        )
        scores = [(str(passage_id), float(score)) for passage_id, score in json.loads(rows)]
        return sorted(scores, key=lambda one: (-one[1], one[0]))

    def frequencies(self, words: Sequence[str], most: int) -> list[int]:
        """In how many passages each word stands, in whatever inflection; counted up to `most`."""
        writes = self._writes()
        return [self._counted(writes, word, most) for word in words]

    def occurrences(self, word: str, k: int = 3) -> list[str]:
        """Texts of up to `k` passages that have the word, in whatever inflection."""
        rows = self._connection().execute(
            "SELECT text FROM passages_fts WHERE passages_fts MATCH ? LIMIT ?", (f'"{word}"', k)
        )
        return [text for (text,) in rows]

    def terms(self) -> Sequence[str]:
        """The stems of all words of the passages."""
        return self._listed(self._writes())

    def _count(self, _writes: int, word: str, most: int) -> int:
        (count,) = (
            self._connection()
            .execute(
                "SELECT count(*) FROM (SELECT 1 FROM passages_fts WHERE passages_fts MATCH ? LIMIT ?)",
                (f'"{word}"', most),
            )
            .fetchone()
        )
        return int(count)

    def _list(self, _writes: int) -> tuple[str, ...]:
        return tuple(term for (term,) in self._connection().execute("SELECT term FROM passages_terms"))
