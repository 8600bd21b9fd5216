"""The vectors of the passages in Chroma, and the search for the nearest."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Literal

import chromadb
import httpx
import numpy as np
from chromadb.api.collection_configuration import CreateHNSWConfiguration
from chromadb.errors import ChromaError, NotFoundError
from numpy.typing import NDArray

from qa.errors import IndexBusy, IndexDamaged
from qa.storage.chroma import ChromaFolder, ChromaServer
from qa.storage.stored_vectors import VectorBatch

_BATCH = 1000
"""Vectors of one call: Chroma refuses more than 5,461, and nobody can read meanwhile."""

_SAME = 0.9999
"""Cosine from which two vectors are one: both are float32."""

HNSW: CreateHNSWConfiguration = {
    "space": "cosine",
    "ef_construction": 200,
    "ef_search": 400,
    "max_neighbors": 32,
}
"""The cheapest settings tried that lose next to nothing against exact search (eval/LOG.md)."""


class Vectors:
    """One Chroma collection of passage vectors, keyed by passage id; `space` names the encoder.

    Cosine is fixed at creation, and so is the encoder: vectors of another one lie in another
    collection, which opening with `create` drops. `hnsw` are other settings of a new graph. Raises
    `IndexDamaged` where nothing is there, and `IndexUnreachable` where a server doesn't answer.
    """

    def __init__(
        self,
        place: ChromaFolder | ChromaServer,
        space: str,
        *,
        create: bool = False,
        hnsw: CreateHNSWConfiguration | None = None,
    ) -> None:
        self._place = place
        self._name = place.prefix + space
        self._hnsw = hnsw or HNSW
        self._users = 0
        self._closing = False
        self._closed = False
        self._changed = threading.Condition()
        self.is_replaced = place.is_replaced
        try:
            self._connect(create)
        except IndexDamaged:
            if not create:
                raise
            # Nothing in there is worth more than the vectors in SQLite, from which it is made again.
            place.wipe()
            self._connect(create)

    def _connect(self, create: bool) -> None:
        with self._place.writing() if create else self._place.reading():
            self._client = self._place.connect(create=create)
            try:
                with self._explained():
                    self._collection = self._open_collection(create)
            except BaseException:
                self._place.close(self._client)
                raise

    def _open_collection(self, create: bool) -> chromadb.Collection:
        try:
            return self._client.get_collection(self._name, embedding_function=None)
        except NotFoundError as error:
            if not create:
                raise self._place.damaged() from error
        for other in self._client.list_collections():
            if other.name.startswith(self._place.prefix):
                self._client.delete_collection(other.name)
        return self._client.create_collection(
            self._name, embedding_function=None, configuration={"hnsw": self._hnsw}
        )

    def reopen(self) -> None:
        """See what another process has written."""
        with self._alone(), self._place.reading(), self._explained():
            self._client = self._place.renewed(self._client)
            self._collection = self._open_collection(create=False)

    def clear(self) -> None:
        """Begin anew, without a vector."""
        with self._alone():
            self._place.drop(self._client, self._name)
            self._connect(create=True)

    def close(self) -> None:
        """Let go of the files, once no thread reads them."""
        with self._changed:
            self._changed.wait_for(lambda: self._users == 0)
            if not self._closed:
                self._closed = True
                self._place.close(self._client)

    def count(self) -> int:
        """Number of vectors."""
        with self._reading() as collection:
            return int(collection.count())

    def ids(self) -> set[str]:
        """The ids of all vectors."""
        with self._reading() as collection:
            return set(collection.get(include=[])["ids"])

    def of(self, ids: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """The vectors of these ids, as far as they are there."""
        return {one: vector for one, vector, _ in self._held(ids)}

    def compared(self, batch: VectorBatch) -> dict[str, bool]:
        """Of the ids of a batch that are there, whether with its vector and as of its document."""
        places = {one: n for n, one in enumerate(batch.ids)}
        return {
            one: document_id == batch.document_ids[places[one]]
            and _are_same(vector, batch.vectors[places[one]])
            for one, vector, document_id in self._held(batch.ids)
        }

    def _held(self, ids: Sequence[str]) -> Iterator[tuple[str, NDArray[np.float32], object]]:
        """Of these ids those that are there, with their vectors and the ids of their documents."""
        for i in range(0, len(ids), _BATCH):
            with self._reading() as collection:
                found = collection.get(ids=list(ids[i : i + _BATCH]), include=["embeddings", "metadatas"])
            vectors = np.asarray(found["embeddings"], np.float32)
            for one, vector, metadata in zip(found["ids"], vectors, found["metadatas"] or [], strict=True):
                yield one, vector, (metadata or {}).get("document_id")

    def holds(self, batch: VectorBatch) -> bool:
        """Whether each of these vectors is there."""
        found = self.compared(batch)
        return all(found.get(one, False) for one in batch.ids)

    def upsert(self, ids: Sequence[str], vectors: NDArray[np.float32], document_ids: Sequence[str]) -> None:
        """Write vectors, (n, dimension) float32."""
        for i in range(0, len(ids), _BATCH):
            batch = slice(i, i + _BATCH)
            with self._place.writing(), self._explained(written=True):
                self._collection.upsert(
                    ids=list(ids[batch]),
                    embeddings=vectors[batch],
                    metadatas=[{"document_id": document_id} for document_id in document_ids[batch]],
                )

    def delete(self, ids: Sequence[str]) -> None:
        """Remove the vectors of these ids, as far as they are there."""
        for i in range(0, len(ids), _BATCH):
            with self._place.writing(), self._explained(written=True):
                self._collection.delete(ids=list(ids[i : i + _BATCH]))

    def search(
        self, vector: NDArray[np.float32], k: int, documents: Sequence[str] | None
    ) -> list[tuple[str, float]]:
        """The `k` nearest passages: ids and cosines, best first."""
        where: chromadb.Where | None = None
        if documents is not None:
            if not documents:
                return []  # Chroma refuses an empty list
            chosen: dict[Literal["$in", "$nin"], list[str | int | float | bool]] = {"$in": [*documents]}
            where = {"document_id": chosen}
        with self._reading() as collection:
            found = collection.query(
                query_embeddings=vector[None, :], n_results=k, where=where, include=["distances"]
            )
        distances = found["distances"] or [[]]
        return [(one, 1.0 - float(far)) for one, far in zip(found["ids"][0], distances[0], strict=True)]

    @contextmanager
    def _reading(self) -> Iterator[chromadb.Collection]:
        """The collection, which no thread reopens and no process writes inside the block."""
        with self._changed:
            self._changed.wait_for(lambda: not self._closing)
            if self._closed:
                raise IndexBusy("The index is being opened again; try again.")
            self._users += 1
        try:
            with self._place.reading(), self._explained():
                yield self._collection
        finally:
            with self._changed:
                self._users -= 1
                self._changed.notify_all()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """No other thread reads inside the block."""
        with self._changed:
            self._closing = True
            self._changed.wait_for(lambda: self._users == 0)
        try:
            yield
        finally:
            with self._changed:
                self._closing = False
                self._changed.notify_all()

    @contextmanager
    def _explained(self, *, written: bool = False) -> Iterator[None]:
        """Our errors for Chroma's, and for those of the way to a server."""
        try:
            yield
        except (ChromaError, httpx.HTTPError) as error:
            raise self._place.explain(error, written=written) from error


def _are_same(one: NDArray[np.float32], other: NDArray[np.float32]) -> bool:
    """Whether two vectors of length 1 are one, but for rounding."""
    return one.shape == other.shape and float(one @ other) > _SAME
