"""Connections to the SQLite file of an index."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from qa.errors import IndexDamaged

Mode = Literal["rw", "rwc"]


class _Connection(sqlite3.Connection):
    """Says what to do when the file turns out to be damaged."""

    def execute(self, *arguments: Any) -> sqlite3.Cursor:
        try:
            return super().execute(*arguments)
        except sqlite3.DatabaseError as error:
            if "malformed" in str(error):
                raise IndexDamaged(
                    "The index's database is damaged; remove the index folder and run 'qa ingest'."
                ) from error
            raise


def connect(path: Path, mode: Mode) -> sqlite3.Connection:
    """A connection that any thread may close; "rwc" makes the file where there is none."""
    connection = sqlite3.connect(
        f"{path.resolve().as_uri()}?mode={mode}",
        uri=True,
        isolation_level=None,
        check_same_thread=False,
        timeout=30,
        factory=_Connection,
    )
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


def is_bare(connection: sqlite3.Connection) -> bool:
    """Whether there is no table: the making of the file was broken off."""
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    return int(tables) == 0


def create_schema(connection: sqlite3.Connection) -> None:
    """Make the tables of schema.sql, inside the caller's transaction."""
    for statement in _statements(files("qa").joinpath("schema.sql").read_text()):
        connection.execute(statement)


def _statements(script: str) -> Iterator[str]:
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
