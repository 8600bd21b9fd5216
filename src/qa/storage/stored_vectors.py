"""The vectors of the passages as SQLite keeps them: what Chroma's are made again from, and held against."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qa.storage.database import damaged
from qa.storage.packing import unpack_vector

_AT_ONCE = 1000

_IN_ORDER = (
    # CROSS JOIN keeps SQLite from taking the documents first, which would sort all passages.
    " FROM passage_vectors CROSS JOIN passages USING (key) CROSS JOIN documents ON documents.id = document_id"
    " WHERE passage_vectors.key >= ? AND manifest = ? ORDER BY passage_vectors.key"
)


@dataclass(frozen=True, slots=True)
class VectorBatch:
    """Vectors, (n, dimension) float32, with the ids of their passages and documents."""

    ids: tuple[str, ...]
    document_ids: tuple[str, ...]
    vectors: NDArray[np.float32]


class StoredVectors:
    """Reads the table `passage_vectors`; `connection` gives the one of the calling thread."""

    def __init__(self, connection: Callable[[], sqlite3.Connection]) -> None:
        self._connection = connection

    def count(self, manifest: str) -> int:
        """Number of passages that were made by `manifest`."""
        (count,) = (
            self._connection()
            .execute(
                "SELECT count(*) FROM passages JOIN documents ON documents.id = document_id"
                " WHERE manifest = ?",
                (manifest,),
            )
            .fetchone()
        )
        return int(count)

    def ids(self, manifest: str) -> set[str]:
        """The ids of the passages that were made by `manifest`."""
        rows = self._connection().execute(
            "SELECT passages.id FROM passages JOIN documents ON documents.id = document_id"
            " WHERE manifest = ?",
            (manifest,),
        )
        return {one for (one,) in rows}

    def ids_of(self, document_id: str) -> set[str]:
        """The ids of the passages of a document."""
        rows = self._connection().execute("SELECT id FROM passages WHERE document_id = ?", (document_id,))
        return {one for (one,) in rows}

    def of(self, ids: Sequence[str]) -> VectorBatch:
        """The vectors of these passages, as far as they are there."""
        rows = self._connection().execute(
            "SELECT id, document_id, vector FROM passages JOIN passage_vectors USING (key)"
            " WHERE id IN (SELECT value FROM json_each(?))",
            (json.dumps(list(ids)),),
        )
        return _batch(rows.fetchall())

    def spread(self, manifest: str, n: int) -> VectorBatch:
        """The vectors of up to `n` passages made by `manifest`, spread evenly over the index."""
        first, last = self._connection().execute("SELECT min(key), max(key) FROM passages").fetchone()
        if first is None:
            return _batch([])
        found = {}
        for place in np.linspace(first, last, n).astype(int).tolist():
            row = (
                self._connection()
                .execute(
                    f"SELECT passages.id, document_id, vector {_IN_ORDER} LIMIT 1",
                    (place, manifest),
                )
                .fetchone()
            )
            if row:
                found[row[0]] = row
        return _batch(list(found.values()))

    def batches(self, manifest: str) -> Iterator[VectorBatch]:
        """All vectors of passages made by `manifest`, a thousand at a time."""
        key = -1
        while True:
            rows = (
                self._connection()
                .execute(
                    f"SELECT passages.key, passages.id, document_id, vector {_IN_ORDER} LIMIT ?",
                    (key + 1, manifest, _AT_ONCE),
                )
                .fetchall()
            )
            if not rows:
                return
            key = rows[-1][0]
            yield _batch([row[1:] for row in rows])


def _batch(rows: Sequence[tuple[str, str, bytes]]) -> VectorBatch:
    """Raises `IndexDamaged`."""
    ids, document_ids, contents = zip(*rows, strict=True) if rows else ((), (), ())
    if not all(isinstance(one, str) for one in (*ids, *document_ids)):
        raise damaged("ids of passages are none")
    try:
        vectors = np.array([unpack_vector(one) for one in contents], dtype=np.float32)
    except (TypeError, ValueError) as error:
        raise damaged("vectors of passages are none, or of several lengths") from error
    return VectorBatch(tuple(ids), tuple(document_ids), vectors)
