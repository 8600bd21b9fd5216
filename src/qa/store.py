"""The source of truth: one SQLite file with documents, passages, their token vectors and BM25."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from qa.catalog import Catalog, FileRead, document_of, note_read, placeholders
from qa.database import Mode, connect, create_schema, is_bare
from qa.errors import DocumentNotFound, IndexDamaged, IndexForeign, IndexMissing
from qa.fulltext import FullText
from qa.interfaces import TokenVectors
from qa.packing import Packed, unpack
from qa.types import Document, Passage

APPLICATION_ID = 0x51413033
"""\"QA03\": tells our file, and the version of its schema, from any other SQLite database."""


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


class Store:
    """Reads and writes the SQLite file; each thread has a connection of its own.

    Raises `IndexForeign` where the file is not one of ours.
    """

    def __init__(self, path: Path, *, create: bool = False) -> None:
        self._path = path
        self._local = threading.local()
        self.text = FullText(lambda: self._connection, self.writes)
        self._open_connections: list[sqlite3.Connection] = []
        self.catalog = Catalog(lambda: self._connection)
        try:
            # A file without a table is one whose making was broken off.
            if create and (not path.exists() or is_bare(self._connection)):
                self._create()
            (found,) = self._connection.execute("PRAGMA application_id").fetchone()
            bare = is_bare(self._connection)
        except sqlite3.OperationalError as error:
            self.close()
            raise IndexDamaged(
                f"{path} can't be opened ({error}); correct that, or remove its folder."
            ) from error
        except sqlite3.DatabaseError as error:
            raise self._foreign() from error
        if bare:
            self.close()
            raise IndexMissing(f"The index in {path.parent} was never finished; run 'qa ingest' to build it.")
        if found != APPLICATION_ID:
            raise self._foreign()

    def close(self) -> None:
        """Close the connections of all threads."""
        for connection in self._open_connections:
            connection.close()
        self._open_connections.clear()
        self._local = threading.local()

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """All reads of this thread inside the block see one and the same state."""
        self._connection.execute("BEGIN")
        try:
            yield
        finally:
            self._connection.execute("ROLLBACK")

    def writes(self) -> int:
        """How often the index has been written: the same number in every thread and process."""
        (count,) = self._connection.execute("PRAGMA user_version").fetchone()
        return int(count)

    def manifests(self) -> list[str]:
        """What the documents were indexed with; several where that has changed on the way."""
        return [one for (one,) in self._connection.execute("SELECT DISTINCT manifest FROM documents")]

    def documents(self) -> list[Document]:
        """All documents by id, their texts left empty."""
        rows = self._connection.execute(
            "SELECT id, uri, title, '', sha256, published, metadata, pages FROM documents ORDER BY id"
        )
        return [document_of(row) for row in rows]

    def document(self, document_id: str) -> Document:
        """One document with its text. Raises `DocumentNotFound`."""
        row = self._connection.execute(
            "SELECT id, uri, title, text, sha256, published, metadata, pages FROM documents WHERE id = ?",
            (document_id,),
        ).fetchone()
        if row is None:
            raise DocumentNotFound(f"There is no document '{document_id}'; list the documents for their ids.")
        return document_of(row)

    def sources(self, document_ids: Iterable[str]) -> dict[str, Document]:
        """These documents by id, their texts left empty."""
        ids = tuple(document_ids)
        rows = self._connection.execute(
            "SELECT id, uri, title, '', sha256, published, metadata, pages FROM documents"
            f" WHERE id IN ({placeholders(ids)})",
            ids,
        )
        return {row[0]: document_of(row) for row in rows}

    def counts(self) -> tuple[int, int]:
        """Numbers of documents and of passages."""
        (documents,) = self._connection.execute("SELECT count(*) FROM documents").fetchone()
        (passages,) = self._connection.execute("SELECT count(*) FROM passages").fetchone()
        return documents, passages

    def passages(self, ids: Sequence[str]) -> dict[str, tuple[Passage, TokenVectors]]:
        """The passages of these ids with their token vectors; ids that are not there are left out."""
        rows = self._connection.execute(
            'SELECT id, document_id, start, "end", text, token_spans, token_vectors FROM passages'
            f" WHERE id IN ({placeholders(ids)})",
            tuple(ids),
        )
        return {row[0]: (Passage(*row[:5]), unpack(row[5], row[6])) for row in rows}

    def passage_ids(self, document_ids: Iterable[str]) -> set[str]:
        """The ids of all passages of these documents."""
        ids = tuple(document_ids)
        rows = self._connection.execute(
            f"SELECT id FROM passages WHERE document_id IN ({placeholders(ids)})", ids
        )
        return {passage_id for (passage_id,) in rows}

    def unclaimed(self) -> set[str]:
        """Ids of vectors that may lie in Chroma without a passage here."""
        rows = self._connection.execute(
            "SELECT id FROM unclaimed_vectors WHERE id NOT IN (SELECT id FROM passages)"
        )
        return {vector_id for (vector_id,) in rows}

    def announce(self, vector_ids: Iterable[str]) -> None:
        """Note, before vectors are written, that they belong to nothing yet."""
        with self._transaction() as connection:
            _note_unclaimed(connection, vector_ids)

    def forget_unclaimed(self) -> None:
        """The unclaimed vectors are gone."""
        with self._transaction() as connection:
            if connection.execute("DELETE FROM unclaimed_vectors").rowcount:
                _count_write(connection)

    def write(self, entries: Iterable[Entry], removed: Iterable[str], read: Sequence[FileRead] = ()) -> None:
        """Replace and remove documents, in one transaction; it makes them answer, or none of them.

        `read` are the files all of whose documents are in with these.
        """
        entries = tuple(entries)
        gone = {*removed, *(entry.document.id for entry in entries)}
        with self._transaction() as connection:
            _note_unclaimed(connection, self.passage_ids(gone))
            connection.executemany("DELETE FROM documents WHERE id = ?", [(one,) for one in gone])
            for entry in entries:
                _insert(connection, entry)
            note_read(connection, read)
            if gone:
                _count_write(connection)

    def expire(self) -> None:
        """All documents count as made otherwise than now: they no longer answer, and are to be made again."""
        with self._transaction() as connection:
            connection.execute("UPDATE documents SET manifest = 'vectors that are lost'")
            _count_write(connection)

    def is_empty(self) -> bool:
        """Whether there is no document."""
        (some,) = self._connection.execute("SELECT EXISTS (SELECT 1 FROM documents)").fetchone()
        return not some

    @property
    def _connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._connect("rw")
            self._local.connection = connection
        return connection

    def _connect(self, mode: Mode) -> sqlite3.Connection:
        connection = connect(self._path, mode)
        self._open_connections.append(connection)
        return connection

    def _create(self) -> None:
        connection = self._connect("rwc")
        self._local.connection = connection
        connection.execute("PRAGMA journal_mode = WAL")
        with self._transaction():
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            create_schema(connection)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        connection = self._connection
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")

    def _foreign(self) -> IndexForeign:
        self.close()
        return IndexForeign(
            f"{self._path} is not an index of this program; move it away or choose another folder (QA_INDEX)."
        )


def _insert(connection: sqlite3.Connection, entry: Entry) -> None:
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


def _count_write(connection: sqlite3.Connection) -> None:
    (count,) = connection.execute("PRAGMA user_version").fetchone()
    connection.execute(f"PRAGMA user_version = {count + 1}")


def _note_unclaimed(connection: sqlite3.Connection, vector_ids: Iterable[str]) -> None:
    connection.executemany(
        "INSERT OR IGNORE INTO unclaimed_vectors VALUES (?)", [(one,) for one in vector_ids]
    )
