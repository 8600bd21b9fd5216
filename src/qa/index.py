"""The index: SQLite says what is true, Chroma holds the vectors.

A document counts once SQLite has it, which is the last step of writing it. The ids of vectors are
announced in SQLite before they are written and struck off after they are deleted, so that a process
killed at any moment leaves at worst vectors that belong to nothing: they never answer, and the next
write removes them.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from qa.catalog import FileRead
from qa.errors import (
    IndexBusy,
    IndexDamaged,
    IndexError_,
    IndexForeign,
    IndexMissing,
    IndexStale,
    IndexUnwritable,
)
from qa.interfaces import Embedder
from qa.split import SETTINGS as SPLITTER_SETTINGS
from qa.store import Entry, Store
from qa.vectors import Vectors

_DATABASE = "qa.sqlite3"
_VECTORS = "chroma"
_OWN_FILES = {
    "README.md",
    ".gitignore",
    ".lock",
    "holder.json",
    _VECTORS,
    f"{_DATABASE}-wal",
    f"{_DATABASE}-shm",
}


@dataclass(frozen=True, slots=True)
class Counts:
    """What an index holds."""

    documents: int
    passages: int


class Index:
    """An opened index; safe to read from several threads. `close` it, or use it in `with`."""

    def __init__(self, folder: Path, store: Store, vectors: Vectors) -> None:
        self.folder = folder
        self._store = store
        self._vectors = vectors
        self._writes = store.writes()
        self._reopening = threading.Lock()
        self._changing = False
        self._manifest: str | None = None
        self._inode = (folder / _DATABASE).stat().st_ino
        self.document = store.document
        self.documents = store.documents
        self.sources = store.sources
        self.known = store.catalog.known
        self.of_file = store.catalog.of_file
        self.fingerprint = store.catalog.fingerprint
        self.files = store.catalog.files
        self.outdated = store.catalog.outdated
        self.expire = store.expire
        self.passages = store.passages
        self.search_text = store.text.search
        self.frequency = store.text.frequency
        self.terms = store.text.terms
        self.occurrences = store.text.occurrences

    @classmethod
    def open(cls, folder: Path, embedder: Embedder) -> Index:
        """The index in `folder`, to ask.

        Raises `IndexMissing`, `IndexStale`, `IndexForeign` or `IndexDamaged`, each with what to do.
        """
        _refuse_foreign(folder)
        if not (folder / _DATABASE).is_file():
            raise IndexMissing(f"There is no index in {folder}; run 'qa ingest' to build it.")
        store = Store(folder / _DATABASE)
        try:
            _refuse_unfit(folder, store, manifest_of(embedder))
            index = cls(folder, store, Vectors(folder / _VECTORS, embedder.name))
            index._manifest = manifest_of(embedder)
        except IndexError_:
            store.close()
            raise
        if not index.is_whole():
            index.close()
            raise IndexDamaged(f"Vectors are missing from {folder}; run 'qa ingest' to rebuild them.")
        return index

    @classmethod
    @contextmanager
    def write(cls, folder: Path, embedder: Embedder) -> Iterator[Index]:
        """The index in `folder`, to change, made where there is none; no other process may write meanwhile.

        Raises `IndexBusy`, which names the process that writes, `IndexUnwritable` or `IndexForeign`.
        """
        _refuse_foreign(folder)
        _make_writable(folder)
        with _writing(folder):
            store = Store(folder / _DATABASE, create=True)
            index = cls(folder, store, Vectors(folder / _VECTORS, embedder.name, create=True))
            try:
                index._drop_unclaimed()
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
        """Whether there is a vector for each passage."""
        return self._vectors.count() >= self._store.counts()[1]

    def is_replaced(self) -> bool:
        """Whether another file stands in the place of the one that was opened, or none."""
        database = self.folder / _DATABASE
        return not database.exists() or database.stat().st_ino != self._inode

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """All reads of this thread inside the block see one and the same state of the documents.

        Raises `IndexMissing` or `IndexStale` if what was written since has left nothing to answer from.
        """
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
        with _writing(self.folder):
            self._reopen_if_written_elsewhere()
            # What this process writes its own Chroma sees, and nobody else can write now.
            self._changing = True
            try:
                self._drop_unclaimed()
                yield
            finally:
                with self._reopening:
                    self._writes = self._store.writes()
                    self._changing = False

    def search_vectors(
        self, vector: NDArray[np.float32], k: int, documents: Sequence[str] | None = None
    ) -> list[tuple[str, float]]:
        """The `k` nearest passages: ids and cosines, best first."""
        return self._vectors.search(vector, k, documents)

    def vectors(self) -> tuple[list[str], NDArray[np.float32]]:
        """The ids of all passages, and their vectors, (n, dimension)."""
        return self._vectors.all()

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
        self._store.write(entries, removed, read)
        self._drop_unclaimed()

    def remove(self, document_ids: Sequence[str]) -> None:
        """Take documents out."""
        self._store.write((), document_ids)
        self._drop_unclaimed()

    def _drop_unclaimed(self) -> None:
        self._vectors.delete(sorted(self._store.unclaimed()))
        self._store.forget_unclaimed()

    def _reopen_if_written_elsewhere(self) -> None:
        writes = self._store.writes()
        with self._reopening:
            if writes > self._writes and not self._changing:
                if self._manifest is not None:
                    _refuse_unfit(self.folder, self._store, self._manifest)
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


def _refuse_foreign(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise IndexForeign(f"{folder} is a file; choose a folder for the index (QA_INDEX).")
    if not folder.is_dir() or (folder / _DATABASE).exists():
        return
    others = sorted(path.name for path in folder.iterdir() if path.name not in _OWN_FILES)
    if others:
        raise IndexForeign(
            f"{folder} holds other files ({others[0]}) and no index; choose an empty folder (QA_INDEX)."
        )


def _make_writable(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / ".lock").touch()
    except OSError as error:
        raise IndexUnwritable(
            f"{folder} can't be written ({error.strerror});"
            " make it writable or choose another folder (QA_INDEX)."
        ) from error


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    holder = folder / "holder.json"
    try:
        with FileLock(folder / ".lock", timeout=0):
            holder.write_text(json.dumps({"pid": os.getpid()}))
            yield
            holder.unlink(missing_ok=True)
    except Timeout as error:
        raise IndexBusy(
            f"{_holder(holder)} is writing the index in {folder}; wait for it or stop it."
        ) from error


def _holder(file: Path) -> str:
    try:
        return f"Process {json.loads(file.read_text())['pid']}"
    except (OSError, ValueError, KeyError):
        return "Another process"  # it has just begun, or just ended
