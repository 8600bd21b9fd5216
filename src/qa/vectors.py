"""The vectors of the passages, in Chroma; the only file that knows Chroma."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, cast

import chromadb
import numpy as np
from chromadb.api.client import Client
from chromadb.api.collection_configuration import CreateCollectionConfiguration
from chromadb.config import Settings as ChromaSettings
from chromadb.errors import ChromaError, NotFoundError
from numpy.typing import NDArray

from qa.errors import IndexDamaged

_BATCH = 5000
"""Chroma refuses more than 5,461 rows in one call."""

_CONFIGURATION: CreateCollectionConfiguration = {
    "hnsw": {"space": "cosine", "ef_construction": 200, "ef_search": 200, "max_neighbors": 32}
}


class Vectors:
    """One Chroma collection of passage vectors, keyed by passage id; `space` names the encoder.

    Cosine is fixed at creation, and so is the encoder: vectors of another one lie in another
    collection, which opening with `create` drops. Raises `IndexDamaged` where nothing is there.
    """

    def __init__(self, folder: Path, space: str, *, create: bool = False) -> None:
        self._folder = folder
        self._name = f"passages-{space}"
        self._users = 0
        self._closing = False
        self._changed = threading.Condition()
        try:
            self._connect(create)
        except ChromaError as error:
            if not create:
                raise self._damaged() from error
            # Nothing in there is worth more than the documents' text, from which it is made again.
            shutil.rmtree(folder)
            self._connect(create)

    def _connect(self, create: bool) -> None:
        if not create and not (self._folder / "chroma.sqlite3").is_file():
            raise self._damaged()
        settings = ChromaSettings(anonymized_telemetry=False)
        try:
            self._client = cast(Client, chromadb.PersistentClient(self._folder, settings=settings))
        except ChromaError:
            # Chroma keeps what it failed to start, by path, and would give it out again.
            Client.clear_system_cache()
            raise
        try:
            self._collection = self._client.get_collection(self._name, embedding_function=None)
        except NotFoundError as error:
            if not create:
                raise self._damaged() from error
            for other in self._client.list_collections():
                self._client.delete_collection(other.name)
            self._collection = self._client.create_collection(
                self._name, embedding_function=None, configuration=_CONFIGURATION
            )

    def reopen(self) -> None:
        """See what another process has written: Chroma itself keeps answering from its memory."""
        with self._changed:
            self._closing = True
            self._changed.wait_for(lambda: self._users == 0)
        try:
            self._client.close()
            self._connect(create=False)
        except ChromaError as error:
            raise self._damaged() from error
        finally:
            with self._changed:
                self._closing = False
                self._changed.notify_all()

    def close(self) -> None:
        """Let go of the files, once no thread reads them."""
        with self._changed:
            self._changed.wait_for(lambda: self._users == 0)
            self._client.close()

    def count(self) -> int:
        """Number of vectors."""
        with self._reading() as collection:
            return int(collection.count())

    def upsert(self, ids: Sequence[str], vectors: NDArray[np.float32], document_ids: Sequence[str]) -> None:
        """Write vectors, (n, dimension) float32."""
        for i in range(0, len(ids), _BATCH):
            batch = slice(i, i + _BATCH)
            self._collection.upsert(
                ids=list(ids[batch]),
                embeddings=vectors[batch],
                metadatas=[{"document_id": document_id} for document_id in document_ids[batch]],
            )

    def all(self) -> tuple[list[str], NDArray[np.float32]]:
        """All ids, and their vectors, (n, dimension): 1.5 KB each."""
        with self._reading() as collection:
            found = [
                collection.get(include=["embeddings"], limit=_BATCH, offset=offset)
                for offset in range(0, int(collection.count()), _BATCH)
            ]
        ids = [one for page in found for one in page["ids"]]
        return ids, np.concatenate([np.asarray(page["embeddings"], np.float32) for page in found])

    def delete(self, ids: Sequence[str]) -> None:
        """Remove the vectors of these ids, as far as they are there."""
        for i in range(0, len(ids), _BATCH):
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
        """The collection, which no thread reopens inside the block. Raises `IndexDamaged`."""
        with self._changed:
            self._changed.wait_for(lambda: not self._closing)
            self._users += 1
        try:
            yield self._collection
        except ChromaError as error:
            raise self._damaged() from error
        finally:
            with self._changed:
                self._users -= 1
                self._changed.notify_all()

    def _damaged(self) -> IndexDamaged:
        return IndexDamaged(
            f"The vectors in {self._folder} are missing or damaged; run 'qa ingest' to rebuild."
        )
