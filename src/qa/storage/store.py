"""The source of truth: one SQLite file with documents, passages, their token vectors and BM25."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from weakref import WeakSet

import numpy as np
from numpy.typing import NDArray

from qa.errors import DocumentNotFound, QAError
from qa.interfaces import TokenVectors
from qa.storage.catalog import Catalog, FileRead, document_of, note_read
from qa.storage.database import check, connect, damaged, prepare, transaction
from qa.storage.fulltext import FullText
from qa.storage.packing import Packed, pack_vector, unpack
from qa.storage.stored_vectors import StoredVectors
from qa.types import Document, Passage


@dataclass(frozen=True, slots=True)
class Entry:
    """A document as it goes into the index.

    `origin` is the folder it was read from and `file` the path from there, `manifest` names the encoder
    and the splitter that made its passages, `tokens` are the packed token vectors of each passage.
    """

    document: Document
    origin: str
    file: str
    manifest: str
    passages: tuple[Passage, ...]
    tokens: tuple[Packed, ...]


class _Held:
    """The connection of a thread, closed with the last reference to this: that of the thread, as it ends."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    def __del__(self) -> None:
        self.connection.close()


class Store:
    """Reads and writes the SQLite file; each thread has a connection of its own.

    Raises `IndexForeign` where the file is not one of ours.
    """

    def __init__(self, path: Path, *, create: bool = False) -> None:
        self._path = path
        self._local = threading.local()
        self._open: WeakSet[_Held] = WeakSet()
        self._opening = threading.Lock()
        self.text = FullText(lambda: self.connection, self.writes)
        self.catalog = Catalog(lambda: self.connection)
        self.vectors = StoredVectors(lambda: self.connection)
        try:
            if create:
                with closing(connect(path, "rwc")) as connection:
                    prepare(connection, path)
            else:
                check(self.connection, path)
        except QAError:
            self.close()
            raise

    def close(self) -> None:
        """Close the connections of all threads."""
        with self._opening:
            for held in self._open:
                held.connection.close()
            self._open.clear()
        self._local = threading.local()

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """All reads of this thread inside the block see one and the same state."""
        connection = self.connection
        connection.execute("BEGIN")
        try:
            yield
        finally:
            if connection.in_transaction:  # SQLite itself ends it where the file can't be read
                connection.execute("ROLLBACK")

    def writes(self) -> int:
        """How often the index has been written: the same number in every thread and process."""
        (count,) = self.connection.execute("PRAGMA user_version").fetchone()
        return int(count)

    def identity(self) -> str:
        """What tells this index from every other, wherever it is moved to."""
        (identity,) = self.connection.execute("SELECT id FROM identity").fetchone()
        return str(identity)

    def manifests(self) -> list[str]:
        """What the documents were indexed with; several where that has changed on the way."""
        return [one for (one,) in self.connection.execute("SELECT DISTINCT manifest FROM documents")]

    def documents(self) -> list[Document]:
        """All documents by id, their texts left empty."""
        rows = self.connection.execute(
            "SELECT id, uri, title, '', sha256, published, metadata, pages FROM documents ORDER BY id"
        )
        return [document_of(row) for row in rows]

    def document(self, document_id: str) -> Document:
        """One document with its text. Raises `DocumentNotFound`."""
        row = self.connection.execute(
            "SELECT id, uri, title, text, sha256, published, metadata, pages FROM documents WHERE id = ?",
            (document_id,),
        ).fetchone()
        if row is None:
            raise DocumentNotFound(f"There is no document '{document_id}'; list the documents for their ids.")
        return document_of(row)

    def sources(self, document_ids: Iterable[str]) -> dict[str, Document]:
        """These documents by id, their texts left empty."""
        rows = self.connection.execute(
            "SELECT id, uri, title, '', sha256, published, metadata, pages FROM documents"
            " WHERE id IN (SELECT value FROM json_each(?))",
            (_json(document_ids),),
        )
        return {row[0]: document_of(row) for row in rows}

    def sources_of(self, passages: Iterable[Passage]) -> dict[str, Document]:
        """The documents of passages, as `sources`. Raises `IndexDamaged` where one is missing."""
        ids = {one.document_id for one in passages}
        found = self.sources(ids)
        if missing := sorted(ids - found.keys()):
            raise damaged(f"the document '{missing[0]}' of a passage is missing")
        return found

    def counts(self) -> tuple[int, int]:
        """Numbers of documents and of passages."""
        (documents,) = self.connection.execute("SELECT count(*) FROM documents").fetchone()
        (passages,) = self.connection.execute("SELECT count(*) FROM passages").fetchone()
        return documents, passages

    def passages(self, ids: Sequence[str]) -> dict[str, Passage]:
        """The passages of these ids; ids that are not there are left out."""
        rows = self.connection.execute(
            'SELECT id, document_id, start, "end", text FROM passages'
            " WHERE id IN (SELECT value FROM json_each(?))",
            (_json(ids),),
        )
        return {row[0]: _passage(row) for row in rows}

    def tokens(self, ids: Sequence[str]) -> dict[str, TokenVectors]:
        """The token vectors of the passages of these ids; ids that are not there are left out."""
        rows = self.connection.execute(
            "SELECT id, token_spans, token_vectors FROM passages"
            " WHERE id IN (SELECT value FROM json_each(?))",
            (_json(ids),),
        )
        return {one: unpack(spans, vectors) for one, spans, vectors in rows}

    def unsettled(self) -> tuple[list[str], list[str]]:
        """Ids of vectors that Chroma may hold otherwise than the passages say: of no passage, and of some."""
        kept = self.connection.execute(
            "SELECT id FROM unclaimed_vectors WHERE id IN (SELECT id FROM passages) ORDER BY id"
        )
        return self.gone_vectors(), [one for (one,) in kept]

    def gone_vectors(self) -> list[str]:
        """Ids of vectors of no passage that Chroma may still hold."""
        rows = self.connection.execute(
            "SELECT id FROM unclaimed_vectors WHERE id NOT IN (SELECT id FROM passages) ORDER BY id"
        )
        return [one for (one,) in rows]

    def announce(self, vector_ids: Iterable[str]) -> None:
        """Note, before vectors are written, that they belong to nothing yet."""
        with transaction(self.connection) as connection:
            connection.executemany(
                "INSERT OR IGNORE INTO unclaimed_vectors VALUES (?)", [(one,) for one in vector_ids]
            )

    def settle(self) -> None:
        """Chroma holds what the passages say."""
        with transaction(self.connection) as connection:
            if connection.execute("DELETE FROM unclaimed_vectors").rowcount:
                _count_write(connection)

    def count_write(self) -> None:
        """Make every open index look at Chroma anew."""
        with transaction(self.connection) as connection:
            _count_write(connection)

    def write(
        self,
        entries: Sequence[Entry],
        vectors: NDArray[np.float32],
        removed: Iterable[str] = (),
        read: Sequence[FileRead] = (),
    ) -> None:
        """Replace and remove documents, in one transaction; it makes them answer, or none of them.

        `vectors`, (n, dimension), are those of all passages of the entries in their order; `read` are the
        files all of whose documents are in with these.
        """
        ids = {*removed, *(entry.document.id for entry in entries)}
        gone = _json(ids)
        with transaction(self.connection) as connection:
            connection.execute(
                "INSERT OR IGNORE INTO unclaimed_vectors SELECT id FROM passages"
                " WHERE document_id IN (SELECT value FROM json_each(?))",
                (gone,),
            )
            connection.execute("DELETE FROM documents WHERE id IN (SELECT value FROM json_each(?))", (gone,))
            done = 0
            for entry in entries:
                _insert(connection, entry, vectors[done : done + len(entry.passages)])
                done += len(entry.passages)
            # Their vectors are in Chroma already: they were announced and written before.
            connection.execute("DELETE FROM unclaimed_vectors WHERE id IN (SELECT id FROM passages)")
            note_read(connection, read)
            if ids:
                _count_write(connection)

    def is_empty(self) -> bool:
        """Whether there is no document."""
        (some,) = self.connection.execute("SELECT EXISTS (SELECT 1 FROM documents)").fetchone()
        return not some

    @property
    def connection(self) -> sqlite3.Connection:
        """The connection of the calling thread."""
        held: _Held | None = getattr(self._local, "held", None)
        if held is None:
            held = _Held(connect(self._path, "rw"))
            with self._opening:
                self._open.add(held)
            self._local.held = held
        return held.connection


def _insert(connection: sqlite3.Connection, entry: Entry, vectors: NDArray[np.float32]) -> None:
    document = entry.document
    connection.execute(
        "INSERT INTO documents VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            document.id,
            document.uri,
            document.title,
            document.text,
            document.sha256,
            document.published,
            json.dumps(dict(document.metadata)),
            json.dumps(document.pages),
            entry.origin,
            entry.file,
            entry.manifest,
        ),
    )
    connection.executemany(
        'INSERT INTO passages (id, document_id, start, "end", text, token_spans, token_vectors)'
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
            (passage.id, passage.document_id, passage.start, passage.end, passage.text, *tokens)
            for passage, tokens in zip(entry.passages, entry.tokens, strict=True)
        ],
    )
    connection.executemany(
        "INSERT INTO passage_vectors SELECT key, ? FROM passages WHERE id = ?",
        [(pack_vector(vector), one.id) for one, vector in zip(entry.passages, vectors, strict=True)],
    )


def _passage(row: tuple[Any, ...]) -> Passage:
    """A passage from its columns. Raises `IndexDamaged`."""
    if [type(one) for one in row] != [str, str, int, int, str]:
        raise damaged(f"the passage {row[0]!r} is none")
    return Passage(*row)


def _count_write(connection: sqlite3.Connection) -> None:
    (count,) = connection.execute("PRAGMA user_version").fetchone()
    connection.execute(f"PRAGMA user_version = {count + 1}")


def _json(values: Iterable[str]) -> str:
    """Values as one parameter, of which there may be no more than 32,766 in a query."""
    return json.dumps(list(values))
