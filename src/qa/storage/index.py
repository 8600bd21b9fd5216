"""The index: SQLite says what is true, Chroma holds the vectors.

A document counts once SQLite has it, which is the last step of writing it. The ids of vectors are
announced in SQLite before they are written and struck off after they are deleted, so that a process
killed at any moment leaves at worst vectors that belong to nothing: they never answer, and the next
write removes them. What is taken out while others read leaves up to 15 such, which a later change removes.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from qa.documents.split import SETTINGS as SPLITTER_SETTINGS
from qa.errors import IndexDamaged, IndexError_, IndexMissing, IndexStale
from qa.interfaces import Embedder
from qa.storage.catalog import FileRead
from qa.storage.folder import database_in, make_writable, refuse_foreign, vectors_of, writing
from qa.storage.restore import SAMPLE, restore
from qa.storage.store import Entry, Store
from qa.storage.vectors import Vectors

_DELETED_TOGETHER = 16
_PASSED_OVER = 1000
"""Vectors of nothing that a search passes over at most: there are more only while a large removal lasts."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What an index holds."""

    documents: int
    passages: int


class Index:
    """An opened index; safe to read from several threads. `close` it, or use it in `with`."""

    def __init__(self, folder: Path, store: Store, vectors: Vectors, embedder: Embedder) -> None:
        self.folder = folder
        self.manifest = manifest_of(embedder)
        self._store = store
        self._vectors = vectors
        self._writes = store.writes()
        self._reopening = threading.Lock()
        self._changing = False
        self._inode = database_in(folder).stat().st_ino
        self.document = store.document
        self.documents = store.documents
        self.sources = store.sources
        self.sources_of = store.sources_of
        self.known = store.catalog.known
        self.of_file = store.catalog.of_file
        self.fingerprint = store.catalog.fingerprint
        self.files = store.catalog.files
        self.outdated = store.catalog.outdated
        self.passages = store.passages
        self.tokens = store.tokens
        self.search_text = store.text.search
        self.frequencies = store.text.frequencies
        self.terms = store.text.terms
        self.count_write = store.count_write
        self.occurrences = store.text.occurrences

    @classmethod
    def open(cls, folder: Path, embedder: Embedder, chroma_url: str = "") -> Index:
        """The index in `folder`, to ask; its vectors are on the Chroma server at `chroma_url`, if given.

        Raises `IndexMissing`, `IndexStale`, `IndexForeign`, `IndexDamaged` or `IndexUnreachable`, each
        with what to do.
        """
        refuse_foreign(folder)
        if not database_in(folder).is_file():
            raise IndexMissing(f"There is no index in {folder}; run 'qa ingest' to build it.")
        store = Store(database_in(folder))
        try:
            _refuse_unfit(folder, store, manifest_of(embedder))
            place = vectors_of(folder, store.identity(), chroma_url)
            index = cls(folder, store, Vectors(place, embedder.name), embedder)
        except IndexError_:
            store.close()
            raise
        try:
            index._refuse_damaged()
        except IndexError_:
            index.close()
            raise
        return index

    @classmethod
    @contextmanager
    def write(cls, folder: Path, embedder: Embedder, chroma_url: str = "") -> Iterator[Index]:
        """The index in `folder`, to change, made where there is none; no other process may write meanwhile.

        What a process that was killed has left behind is put right first. Raises `IndexBusy`, which
        names the process that writes, `IndexUnwritable`, `IndexForeign` or `IndexUnreachable`.
        """
        refuse_foreign(folder)
        make_writable(folder)
        with writing(folder):
            store = Store(database_in(folder), create=True)
            try:
                place = vectors_of(folder, store.identity(), chroma_url)
                index = cls(folder, store, Vectors(place, embedder.name, create=True), embedder)
            except IndexError_:
                store.close()
                raise
            try:
                index._settle()
                if not index.is_whole():
                    restore(index._store, index._vectors, index.manifest)
                yield index
            finally:
                index.close()

    def __enter__(self) -> Index:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the files."""
        self._vectors.close()
        self._store.close()

    def counts(self) -> Counts:
        """Numbers of documents and passages."""
        return Counts(*self._store.counts())

    def is_whole(self) -> bool:
        """Whether there is a vector for each passage: the number is right, and a sample is there."""
        stored = self._store.vectors
        try:
            # Another process may write: only what belonged to nothing before and after does not count.
            before = self._left()
            count, wanted = self._vectors.count(), stored.count(self.manifest)
            enough = count - len(before & self._left()) >= wanted
            return enough and self._vectors.holds(stored.spread(self.manifest, SAMPLE))
        except IndexDamaged:
            return False

    def _left(self) -> set[str]:
        """Ids of vectors in Chroma that belong to nothing."""
        return set(self._vectors.of(self._store.gone_vectors()))

    def is_replaced(self) -> bool:
        """Whether other files stand in the place of those that were opened, or none."""
        try:
            same = database_in(self.folder).stat().st_ino == self._inode
        except OSError:
            return True
        return not same or self._vectors.is_replaced()

    def ready(self) -> Counts:
        """What is held, once both parts answer. Raises the `IndexError_` that keeps them from it."""
        with self.snapshot():
            self._vectors.count()
            return self.counts()

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """All reads of this thread inside the block see one and the same state of the documents.

        Raises `IndexMissing` or `IndexStale` if what was written since has left nothing to answer from,
        `IndexDamaged` if the files are gone.
        """
        self._refuse_replaced()
        with self._store.snapshot():
            self._reopen_if_written_elsewhere()
            if self._store.is_empty():
                raise _empty(self.folder)
            yield

    @contextmanager
    def change(self) -> Iterator[None]:
        """Let this process put in and take out documents while other threads go on reading.

        Raises `IndexBusy`, which names the process that writes already.
        """
        self._refuse_replaced()
        make_writable(self.folder)
        with writing(self.folder):
            self._reopen_if_written_elsewhere()
            # What this process writes its own Chroma sees, and nobody else can write now.
            self._changing = True
            try:
                self._settle()
                yield
            finally:
                with self._reopening:
                    self._writes = self._store.writes()
                    self._changing = False

    def search_vectors(
        self, vector: NDArray[np.float32], k: int, documents: Sequence[str] | None = None
    ) -> list[tuple[str, float]]:
        """The `k` nearest passages: ids and cosines, best first."""
        gone = set(self._store.gone_vectors())
        found = self._vectors.search(vector, k + min(len(gone), _PASSED_OVER), documents)
        return [hit for hit in found if hit[0] not in gone][:k]

    def vectors(self) -> tuple[list[str], NDArray[np.float32]]:
        """The ids of all passages, and their vectors, (n, dimension): 1.5 KB each."""
        batches = list(self._store.vectors.batches(self.manifest))
        ids = [one for batch in batches for one in batch.ids]
        return ids, np.concatenate([batch.vectors for batch in batches])

    def replace(
        self,
        entries: Sequence[Entry],
        vectors: NDArray[np.float32],
        removed: Sequence[str] = (),
        read: Sequence[FileRead] = (),
    ) -> None:
        """Put in documents, each in the place of what had its id; `vectors` are those of all passages.

        In the same step documents are taken out, and files noted as read.
        """
        passages = [passage for entry in entries for passage in entry.passages]
        ids = [passage.id for passage in passages]
        self._store.announce(ids)
        self._vectors.upsert(ids, vectors, [passage.document_id for passage in passages])
        self._store.write(entries, vectors, removed, read)
        self._settle()

    def remove(self, document_ids: Sequence[str]) -> None:
        """Take documents out."""
        self._store.write((), np.zeros((0, 0), np.float32), document_ids)
        self._settle()

    def _settle(self) -> None:
        """Make Chroma hold what the passages say of the vectors that were announced or taken out.

        While others read, a few that belong to nothing are left to a later change, which then deletes
        them together: they never answer, and each deletion costs as much as a write.
        """
        gone, kept = self._store.unsettled()
        if self._changing and not kept and len(gone) < _DELETED_TOGETHER:
            return
        self._vectors.delete(gone)
        if kept:
            # Another encoding of the same passages was written, and never came to count.
            batch = self._store.vectors.of(kept)
            self._vectors.upsert(batch.ids, batch.vectors, batch.document_ids)
        self._store.settle()

    def _refuse_replaced(self) -> None:
        if self.is_replaced():
            raise IndexDamaged(
                f"The files of the index in {self.folder} were removed or replaced while it was open;"
                " open it again, or run 'qa ingest' where they are gone."
            )

    def _refuse_damaged(self) -> None:
        if not self.is_whole():
            raise IndexDamaged(
                f"Vectors of the index in {self.folder} are missing;"
                " run 'qa ingest' or 'qa doctor --repair' to make them again."
            )

    def _reopen_if_written_elsewhere(self) -> None:
        writes = self._store.writes()
        with self._reopening:
            if writes > self._writes and not self._changing:
                _refuse_unfit(self.folder, self._store, self.manifest)
                self._vectors.reopen()
                self._writes = writes


def manifest_of(embedder: Embedder) -> str:
    """What made the passages and vectors of a document: encoder, dimension, splitter."""
    return f"{embedder.name} ({embedder.dimension} dimensions, {SPLITTER_SETTINGS})"


def _refuse_unfit(folder: Path, store: Store, manifest: str) -> None:
    if store.is_empty():
        raise _empty(folder)
    others = [one for one in store.manifests() if one != manifest]
    if others:
        raise IndexStale(
            f"The index in {folder} was built with {others[0]}, not {manifest}; run 'qa ingest' to renew it."
        )


def _empty(folder: Path) -> IndexMissing:
    return IndexMissing(f"The index in {folder} holds no document; run 'qa ingest' on a folder that does.")
