"""What the index knows of the files that it was made from, so that only what has changed is done again."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from qa.errors import IndexDamaged
from qa.types import Document

_KNOWN = (
    "SELECT id, uri, title, '', sha256, published, metadata, pages, origin, file, manifest FROM documents"
)


@dataclass(frozen=True, slots=True)
class Known:
    """An indexed document, its text left empty, with `origin`, `file` and `manifest` as in `Entry`."""

    document: Document
    origin: str
    file: str
    manifest: str

    def digest(self) -> bytes:
        """16 bytes that another document, or another state of this one, does not have."""
        return hashlib.blake2b(json.dumps(asdict(self), sort_keys=True).encode(), digest_size=16).digest()


@dataclass(frozen=True, slots=True)
class FileRead:
    """A file all of whose documents are in the index; its `fingerprint` changes with what it says."""

    origin: str
    file: str
    fingerprint: str


class Catalog:
    """Reads and writes what is known; `connection` gives the calling thread's."""

    def __init__(self, connection: Callable[[], sqlite3.Connection]) -> None:
        self._connection = connection

    def known(self, document_ids: Sequence[str] | None = None) -> dict[str, Known]:
        """What is needed to tell whether a document has changed, by id: of these, if there, or of all."""
        if document_ids is None:
            return self._known("")
        chosen = json.dumps(list(document_ids))  # one parameter: there may be no more than 32,766
        return self._known(" WHERE id IN (SELECT value FROM json_each(?))", chosen)

    def of_file(self, origin: str, file: str) -> dict[str, Known]:
        """The documents that were read from a file."""
        return self._known(" WHERE origin = ? AND file = ?", origin, file)

    def fingerprint(self, origin: str, file: str) -> str | None:
        """That of the file when all it says was last put in; None if some of it is not in, or no longer."""
        row = (
            self._connection()
            .execute("SELECT fingerprint FROM files WHERE origin = ? AND file = ?", (origin, file))
            .fetchone()
        )
        return str(row[0]) if row else None

    def files(self, origin: str, prefix: str) -> Iterator[str]:
        """The files of `origin` whose names begin with `prefix` and that documents were read from."""
        rows = self._connection().execute(
            "SELECT DISTINCT file FROM documents WHERE origin = ? AND substr(file, 1, ?) = ? ORDER BY file",
            (origin, len(prefix), prefix),
        )
        return (file for (file,) in rows)

    def outdated(self, manifest: str) -> list[str]:
        """The ids of documents that were indexed with anything but `manifest`."""
        rows = self._connection().execute(
            "SELECT id FROM documents WHERE manifest != ? ORDER BY id", (manifest,)
        )
        return [document_id for (document_id,) in rows]

    def _known(self, where: str, *values: str) -> dict[str, Known]:
        rows = self._connection().execute(_KNOWN + where, values)
        return {row[0]: Known(document_of(row[:8]), *row[8:]) for row in rows}


def note_read(connection: sqlite3.Connection, read: Sequence[FileRead]) -> None:
    """Note files as read, in the transaction that puts in the last of what they say."""
    connection.executemany(
        "INSERT OR REPLACE INTO files VALUES (?, ?, ?)",
        [(one.origin, one.file, one.fingerprint) for one in read],
    )


def document_of(row: Sequence[Any]) -> Document:
    """A document from its columns: id, uri, title, text, sha256, published, metadata, pages.

    Raises `IndexDamaged` where one of them is not what it should be.
    """
    document_id, uri, title, text, sha256, published, metadata, pages = row
    try:
        if not all(isinstance(one, str) for one in (document_id, uri, title, text, sha256, published or "")):
            raise TypeError
        known, begins = metadata_of(metadata), pages_of(pages)
    except (TypeError, ValueError) as error:
        raise IndexDamaged(
            f"What the index knows of '{document_id}' is damaged; run 'qa doctor --repair'."
        ) from error
    return Document(document_id, uri, title, text, sha256, published, known, begins)


def metadata_of(content: str) -> dict[str, str]:
    """The metadata of a document from its column. Raises `TypeError` or `ValueError` where it holds none."""
    found = json.loads(content)
    if not isinstance(found, dict) or not all(isinstance(one, str) for one in found.values()):
        raise TypeError
    return found


def pages_of(content: str) -> tuple[int, ...]:
    """The offsets of pages from their column. Raises `TypeError` or `ValueError` where it holds none."""
    found = json.loads(content)
    if not isinstance(found, list) or not all(type(one) is int and one >= 0 for one in found):
        raise TypeError
    if found != sorted(found):
        raise ValueError
    return tuple(found)
