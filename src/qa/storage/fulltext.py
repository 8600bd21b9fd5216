"""BM25 and the words of the passages: SQLite's FTS5 table, in the snapshot of the thread that asks."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Sequence


class FullText:
    """Reads the full-text index through the connection of each thread.

    `connection()` gives it, `writes()` the count of writes that what is remembered belongs to.
    """

    def __init__(self, connection: Callable[[], sqlite3.Connection], writes: Callable[[], int]) -> None:
        self._connection = connection
        self._writes = writes
        self._terms: tuple[int, tuple[str, ...]] = -1, ()

    def search(self, query: str, k: int, documents: Sequence[str] | None = None) -> list[tuple[str, float]]:
        """The `k` best passages by BM25 for an FTS5 query: ids and scores, higher is better.

        An empty query, which FTS5 refuses, finds nothing.
        """
        if not query:
            return []
        if documents is None:  # only the best are looked up among the passages
            rows = self._connection().execute(
                "SELECT id, -score FROM passages JOIN (SELECT rowid AS key, rank AS score FROM passages_fts"
                " WHERE passages_fts MATCH ? ORDER BY rank LIMIT ?) USING (key) ORDER BY score",
                (query, k),
            )
        else:
            rows = self._connection().execute(
                "SELECT id, -bm25(passages_fts) FROM passages_fts JOIN passages ON key = passages_fts.rowid"
                " WHERE passages_fts MATCH ? AND document_id IN (SELECT value FROM json_each(?))"
                " ORDER BY bm25(passages_fts) LIMIT ?",
                (query, json.dumps(list(documents)), k),
            )
        return [(passage_id, float(score)) for passage_id, score in rows]

    def frequency(self, word: str, most: int) -> int:
        """In how many passages the word stands, in whatever inflection; counted up to `most`."""
        (count,) = (
            self._connection()
            .execute(
                "SELECT count(*) FROM (SELECT 1 FROM passages_fts WHERE passages_fts MATCH ? LIMIT ?)",
                (f'"{word}"', most),
            )
            .fetchone()
        )
        return int(count)

    def occurrences(self, word: str, k: int = 3) -> list[str]:
        """Texts of up to `k` passages that have the word, in whatever inflection."""
        rows = self._connection().execute(
            "SELECT text FROM passages_fts WHERE passages_fts MATCH ? LIMIT ?", (f'"{word}"', k)
        )
        return [text for (text,) in rows]

    def terms(self) -> Sequence[str]:
        """The stems of all words of the passages; remembered, since reading them takes long."""
        writes = self._writes()
        if self._terms[0] != writes:
            rows = self._connection().execute("SELECT term FROM passages_terms")
            self._terms = writes, tuple(term for (term,) in rows)
        return self._terms[1]
