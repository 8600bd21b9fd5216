"""Whether the SQLite file of an index agrees with itself, and the mending of what others depend on."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from qa.documents.formats.dates import is_date
from qa.documents.split import furniture_spans
from qa.errors import IndexDamaged
from qa.storage.catalog import document_of, metadata_of, pages_of
from qa.storage.database import transaction
from qa.storage.packing import unpack_vector

_UNIT_TOLERANCE = 1e-3
"""By which the length of a stored vector may differ from 1: float32 rounds at 1e-6."""

_WITHOUT_DOCUMENT = "(origin, file) NOT IN (SELECT origin, file FROM documents)"
"""A file that says nothing is never held for read, so that ingest would pass over one of these for ever."""


@dataclass(frozen=True, slots=True)
class Flaw:
    """Something wrong with one document."""

    document_id: str
    what: str


def damage(connection: sqlite3.Connection) -> str:
    """What SQLite finds wrong with the file as a file; empty where it is sound."""
    try:
        found = [one for (one,) in connection.execute("PRAGMA integrity_check(1)")]
    except IndexDamaged as error:
        return str(error)
    return "" if found == ["ok"] else str(found[0])


def orphans(connection: sqlite3.Connection) -> int:
    """Number of passages and of files read that have no document, and of vectors that have no passage."""
    (files,) = connection.execute(f"SELECT count(*) FROM files WHERE {_WITHOUT_DOCUMENT}").fetchone()
    return int(files) + len(connection.execute("PRAGMA foreign_key_check").fetchall())


def drop_orphans(connection: sqlite3.Connection) -> None:
    """Delete what `orphans` counts."""
    with transaction(connection):
        connection.execute("DELETE FROM passages WHERE document_id NOT IN (SELECT id FROM documents)")
        connection.execute("DELETE FROM passage_vectors WHERE key NOT IN (SELECT key FROM passages)")
        connection.execute(f"DELETE FROM files WHERE {_WITHOUT_DOCUMENT}")


def count(connection: sqlite3.Connection, table: str) -> int:
    """Number of rows."""
    (found,) = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
    return int(found)


def document_ids(connection: sqlite3.Connection, manifest: str) -> list[str]:
    """The ids of the documents that were made by `manifest`."""
    rows = connection.execute("SELECT id FROM documents WHERE manifest = ? ORDER BY id", (manifest,))
    return [one for (one,) in rows]


def document_flaws(connection: sqlite3.Connection) -> Iterator[Flaw | None]:
    """For each document, what is wrong with its text or metadata, or None."""
    for document_id, text, sha256, metadata, pages, published in connection.execute(
        "SELECT id, text, sha256, metadata, pages, published FROM documents"
    ):
        flaw = None
        if revision(text) != sha256:
            flaw = Flaw(document_id, "its text is not the one that was read")
        elif not (_is_metadata(metadata) and _are_pages(pages, text)):
            flaw = Flaw(document_id, "its metadata can't be read")
        elif not _is_published(published):
            flaw = Flaw(document_id, f"it can't have been published on {published!r}")
        yield flaw


def revision(text: str) -> str:
    """The SHA-256 of a text in UTF-8, in hex digits."""
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


def take_as_they_are(connection: sqlite3.Connection, document_ids: Iterable[str]) -> list[str]:
    """Let the stored text of these documents count, and all that was made of it be made again.

    Gives the ids of those whose text or metadata were not as they were written.
    """
    chosen = json.dumps(list(document_ids))
    connection.create_function("revision", 1, revision, deterministic=True)
    connection.create_function("is_metadata", 1, _is_metadata, deterministic=True)
    connection.create_function("are_pages", 2, _are_pages, deterministic=True)
    connection.create_function("is_published", 1, _is_published, deterministic=True)
    with transaction(connection):
        altered = connection.execute(
            "SELECT id FROM documents WHERE id IN (SELECT value FROM json_each(?))"
            " AND NOT (revision(text) = sha256 AND is_metadata(metadata) AND are_pages(pages, text)"
            " AND is_published(published)) ORDER BY id",
            (chosen,),
        ).fetchall()
        connection.execute(
            # An upload's metadata has the name of its file; for others ingest puts it right.
            "UPDATE documents SET manifest = '', sha256 = revision(text), metadata ="
            " iif(is_metadata(metadata), metadata, json_object('file', file)),"
            " pages = iif(are_pages(pages, text), pages, '[]'),"
            " published = iif(is_published(published), published, NULL)"
            " WHERE id IN (SELECT value FROM json_each(?))",
            (chosen,),
        )
    return [one for (one,) in altered]


def passage_flaws(connection: sqlite3.Connection) -> Iterator[Flaw | None]:
    """For each passage, what is wrong with its place in the document, or None."""
    document_id, text = None, ""
    for passage_document, start, end, passage in connection.execute(
        'SELECT document_id, start, "end", text FROM passages ORDER BY document_id'
    ):
        if passage_document != document_id:
            document_id = passage_document
            row = connection.execute("SELECT text FROM documents WHERE id = ?", (document_id,)).fetchone()
            text = row[0] if row else ""
        right = 0 <= start < end <= len(text) and text[start:end] == passage
        yield None if right else Flaw(passage_document, f"characters {start}-{end} are not its passage's")


def coverage_flaws(connection: sqlite3.Connection) -> Iterator[Flaw | None]:
    """For each document, whether a part of its text is in no passage and is no page furniture."""
    for row in connection.execute(
        "SELECT id, uri, title, text, sha256, published, metadata, pages FROM documents"
    ):
        if not _is_metadata(row[6]) or not _are_pages(row[7], row[3]):
            continue  # told by `document_flaws`
        document = document_of(row)
        spans = connection.execute(
            'SELECT start, "end" FROM passages WHERE document_id = ?', (document.id,)
        ).fetchall()
        done, flaw = 0, None
        for start, end in sorted([*spans, *furniture_spans(document), (len(document.text),) * 2]):
            if document.text[done:start].strip():
                flaw = Flaw(document.id, f"characters {done}-{start} are in no passage")
                break
            done = max(done, end)
        yield flaw


def token_flaws(connection: sqlite3.Connection, dimension: int) -> Iterator[Flaw | None]:
    """For each passage, what is wrong with the form of its token vectors, or None."""
    for document_id, length, spans, vectors in connection.execute(
        "SELECT document_id, length(text), token_spans, token_vectors FROM passages"
    ):
        what = _token_flaw(spans, vectors, length, dimension)
        yield Flaw(document_id, what) if what else None


def _token_flaw(spans: bytes, vectors: bytes, length: int, dimension: int) -> str:
    if len(spans) % 8 or len(vectors) != len(spans) // 8 * dimension:
        return "token vectors and their places are not of one number"
    places = np.frombuffer(spans, np.int32).reshape(-1, 2)
    ordered = (places[:, 0] >= 0) & (places[:, 0] <= places[:, 1]) & (places[:, 1] <= length)
    if not ordered.all():
        return "a token vector is of no place in its passage"
    rows = np.frombuffer(vectors, np.int8).reshape(-1, dimension)
    if not ((rows.max(axis=1, initial=-127) == 127) | (rows.min(axis=1, initial=127) == -127)).all():
        return "a token vector is not scaled to its largest component"  # one of zeros above all
    return ""


def vector_flaws(connection: sqlite3.Connection, dimension: int) -> Iterator[Flaw | None]:
    """For each passage, what is wrong with the form of its stored vector, or None."""
    for document_id, content in connection.execute(
        "SELECT document_id, vector FROM passages LEFT JOIN passage_vectors USING (key)"
    ):
        flaw = None
        if content is None:
            flaw = Flaw(document_id, "a passage has no vector")
        elif len(content) != 4 * dimension:
            flaw = Flaw(document_id, f"a vector has not {dimension} dimensions")
        elif abs(float(np.linalg.norm(unpack_vector(content))) - 1) > _UNIT_TOLERANCE:
            flaw = Flaw(document_id, "a vector has not the length 1")
        yield flaw


def words_flaw(connection: sqlite3.Connection) -> str:
    """What is wrong with the index of words; empty where it holds the words of the passages and no others."""
    (lacking,) = connection.execute(
        "SELECT count(*) FROM passages WHERE key NOT IN (SELECT id FROM passages_fts_docsize)"
    ).fetchone()
    if lacking:
        return f"{lacking} passages can't be found by their words"
    try:
        # With a rank of 1 it is held against the passages too.
        connection.execute("INSERT INTO passages_fts (passages_fts, rank) VALUES ('integrity-check', 1)")
    except IndexDamaged:
        return "the index of words is not that of the passages"
    return ""


def rebuild_words(connection: sqlite3.Connection) -> None:
    """Make the index of words again from the passages."""
    with transaction(connection):
        connection.execute("INSERT INTO passages_fts (passages_fts) VALUES ('rebuild')")


def _is_metadata(content: str) -> bool:
    try:
        metadata_of(content)
    except (TypeError, ValueError):
        return False
    return True


def _are_pages(content: str, text: str) -> bool:
    """Whether these are the beginnings of pages in `text`, in order."""
    try:
        return max(pages_of(content), default=0) <= len(text)
    except (TypeError, ValueError):
        return False


def _is_published(published: str | None) -> bool:
    return published is None or is_date(published)
