"""Whether every value in the SQLite file is of the type that its column declares, and the mending of others.

SQLite keeps a value of any type in any column, and its own check of the file says nothing of it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

from qa.doctor.audit import rebuild_words
from qa.storage.database import transaction

_TYPES = {"TEXT": "text", "INTEGER": "integer", "BLOB": "blob"}

_DOCUMENTS_OF = {
    "documents": "SELECT CAST(id AS BLOB) FROM documents",
    "passages": "SELECT CAST(document_id AS BLOB) FROM passages",
    "passage_vectors": "SELECT CAST(document_id AS BLOB) FROM passages JOIN passage_vectors USING (key)",
}
"""The documents that the rows of a table are of."""


@dataclass(frozen=True, slots=True)
class _Column:
    """A column with two expressions of SQL: whether a value is `wrong` in it, and what it is `turned` to."""

    table: str
    name: str
    wrong: str
    turned: str


def mistyped(connection: sqlite3.Connection) -> list[str]:
    """The columns that hold values of another type, or text that is not UTF-8, each with their number."""
    _define_functions(connection)
    found = []
    for table in _tables(connection):
        columns = list(_columns(connection, table))
        sums = ", ".join(f"total({one.wrong})" for one in columns)
        counts = connection.execute(f"SELECT {sums} FROM {table}").fetchone()
        found += [f"{n:.0f} in {table}.{one.name}" for one, n in zip(columns, counts, strict=True) if n]
    return found


def turn_back(connection: sqlite3.Connection) -> set[str]:
    """Give every value the type of its column, and make the index of words again; gives the documents' ids.

    What is not UTF-8 is replaced by U+FFFD. A row whose key comes to be that of another is deleted.
    """
    _define_functions(connection)
    columns = [one for table in _tables(connection) for one in _columns(connection, table)]
    concerned: set[str] = set()
    connection.execute("PRAGMA foreign_keys = OFF")  # a key and what refers to it are turned one by one
    try:
        with transaction(connection):
            for one in columns:
                if one.table in _DOCUMENTS_OF:
                    rows = connection.execute(f"{_DOCUMENTS_OF[one.table]} WHERE {one.wrong}").fetchall()
                    concerned |= {_as_text(content) or "" for (content,) in rows}
                connection.execute(
                    f'UPDATE OR IGNORE {one.table} SET "{one.name}" = {one.turned} WHERE {one.wrong}'
                )
        rebuild_words(connection)  # before passages go: a trigger takes their words out of it
        with transaction(connection):
            for one in columns:
                connection.execute(f"DELETE FROM {one.table} WHERE {one.wrong}")
    finally:
        connection.execute("PRAGMA foreign_keys = ON")
    return concerned


def _tables(connection: sqlite3.Connection) -> list[str]:
    """Those of the schema, without the ones that are FTS5's own."""
    rows = connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%'"
        " AND name NOT LIKE 'passages_fts_%' AND name NOT LIKE 'sqlite_%'"
    )
    return [name for (name,) in rows.fetchall()]


def _columns(connection: sqlite3.Connection, table: str) -> Iterator[_Column]:
    rows = connection.execute(f"PRAGMA table_info({table})").fetchall()
    for _, name, declared, is_needed, _, key in rows:
        value = f'{table}."{name}"'
        wrong, turned = f"typeof({value}) != '{_TYPES[declared]}'", f"CAST({value} AS {declared})"
        if declared == "TEXT":
            content = f"CAST({value} AS BLOB)"
            wrong, turned = f"({wrong} OR NOT is_utf8({content}))", f"as_text({content})"
        if not is_needed and not key:
            wrong = f"({value} IS NOT NULL AND {wrong})"
        yield _Column(table, name, wrong, turned)


def _define_functions(connection: sqlite3.Connection) -> None:
    connection.create_function("is_utf8", 1, _is_utf8, deterministic=True)
    connection.create_function("as_text", 1, _as_text, deterministic=True)


def _is_utf8(content: bytes | None) -> bool:
    try:
        (content or b"").decode()
    except UnicodeDecodeError:
        return False
    return True


def _as_text(content: object) -> str | None:
    return content.decode(errors="replace") if isinstance(content, bytes) else None
