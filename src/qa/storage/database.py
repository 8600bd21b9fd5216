"""The SQLite file of an index: connections to it, its making, and its renewal from an earlier version."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from qa.errors import IndexBusy, IndexDamaged, IndexForeign, IndexMissing, IndexStale, IndexUnwritable

APPLICATION_ID = 0x51413034
"""\"QA04\": tells our file, and the version of its schema, from any other SQLite database."""

_FIRST_ID, _LAST_ID = 0x51413030, 0x51413039  # "QA00" to "QA09": ours, of whatever version
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_NO_TEXT = ("Could not decode to UTF-8", "JSON cannot hold BLOB")
"""How errors begin, which have no code of their own, for what should be text; the text itself may follow."""
_UNWRITABLE = {
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PERM,
}

_TABLES = ("passages_terms", "passages_fts", "passages", "unclaimed_vectors", "files", "documents")
"""Those of earlier versions, in an order in which they can be dropped."""

_RENEWED = {"pages": "'[]'", "file": "uri", "manifest": "''"}
"""What columns that earlier versions lacked are filled with, and the manifest of what is to be made anew."""

Mode = Literal["rw", "rwc"]


class _Cursor(sqlite3.Cursor):
    """Says what to do when the file turns out to be damaged or can't be written."""

    def execute(self, *arguments: Any) -> _Cursor:
        with _explained():
            super().execute(*arguments)
        return self

    def executemany(self, *arguments: Any) -> _Cursor:
        with _explained():
            super().executemany(*arguments)
        return self

    def fetchone(self) -> Any:
        with _explained():
            return super().fetchone()

    def fetchall(self) -> list[Any]:
        with _explained():
            return super().fetchall()

    def __next__(self) -> Any:
        # Not by `_explained`: this runs once a row.
        try:
            return super().__next__()
        except sqlite3.DatabaseError as error:
            raise _explanation(error) from error


class _Connection(sqlite3.Connection):
    def execute(self, *arguments: Any) -> _Cursor:
        return self._cursor().execute(*arguments)

    def executemany(self, *arguments: Any) -> _Cursor:
        return self._cursor().executemany(*arguments)

    def _cursor(self) -> _Cursor:
        try:
            return self.cursor(_Cursor)
        except sqlite3.ProgrammingError as error:
            # Another thread has closed it, because the index's files were replaced.
            raise IndexBusy("The index is being opened again; try again.") from error


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except sqlite3.DatabaseError as error:
        explanation = _explanation(error)
        if explanation is error:
            raise
        raise explanation from error


def _explanation(error: sqlite3.DatabaseError) -> Exception:
    """Our error for SQLite's, by its primary code; the error itself where it is no fault of the file's."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in _DAMAGED:
        return damaged(str(error))
    if str(error).startswith(_NO_TEXT):
        return damaged("it holds bytes in the place of text")
    if code in _UNWRITABLE:
        return IndexUnwritable(
            f"The index's database can't be read or written ({error});"
            " see that its disk has room and its folder can be written."
        )
    if code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
        return IndexBusy(f"The index's database is in use ({error}); try again.")
    return error


def damaged(what: str) -> IndexDamaged:
    """The error for a file that says `what` can't be."""
    return IndexDamaged(f"The index's database is damaged ({what}); run 'qa doctor --repair'.")


def connect(path: Path, mode: Mode) -> sqlite3.Connection:
    """A connection that any thread may close; "rwc" makes the file where there is none."""
    with _explained():
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


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """All that is written inside the block counts, or nothing."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection
        connection.execute("COMMIT")
    except BaseException:
        # SQLite itself has rolled back where the disk is full.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def prepare(connection: sqlite3.Connection, path: Path) -> None:
    """See to it that the file at `path` has our tables, made new or renewed from an earlier version.

    Raises `IndexForeign` where it is somebody else's.
    """
    if _is_bare(connection):
        # New, or one whose making was broken off.
        connection.execute("PRAGMA journal_mode = WAL")
        with transaction(connection):
            _create_schema(connection)
    elif _is_earlier(_version(connection)):
        with transaction(connection):
            _renew(connection)
    check(connection, path)


def check(connection: sqlite3.Connection, path: Path) -> None:
    """Raises `IndexForeign`, `IndexMissing` or `IndexStale` where the file has not our tables."""
    try:
        found, bare = _version(connection), _is_bare(connection)
    except IndexDamaged as error:
        if _beginning(path) == b"SQLite format 3":
            raise
        raise _foreign(path) from error
    if bare:
        raise IndexMissing(f"The index in {path.parent} was never finished; run 'qa ingest' to build it.")
    if _is_earlier(found):
        raise IndexStale(
            f"The index in {path.parent} was made by an earlier version; run 'qa ingest' to renew it."
        )
    if APPLICATION_ID < found <= _LAST_ID:
        raise IndexStale(
            f"The index in {path.parent} was made by a later version; install that,"
            " or choose another folder (QA_INDEX)."
        )
    if found != APPLICATION_ID:
        raise _foreign(path)


def _version(connection: sqlite3.Connection) -> int:
    (found,) = connection.execute("PRAGMA application_id").fetchone()
    return int(found)


def _is_earlier(version: int) -> bool:
    return _FIRST_ID <= version < APPLICATION_ID


def _is_bare(connection: sqlite3.Connection) -> bool:
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    return int(tables) == 0


def _beginning(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(15)


def _foreign(path: Path) -> IndexForeign:
    return IndexForeign(
        f"{path} is not an index of this program; move it away or choose another folder (QA_INDEX)."
    )


def _create_schema(connection: sqlite3.Connection) -> None:
    """Make the tables of schema.sql, inside the caller's transaction."""
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    for statement in _statements(files("qa.storage").joinpath("schema.sql").read_text()):
        connection.execute(statement)


def _renew(connection: sqlite3.Connection) -> None:
    """Keep the documents alone, as made by nothing: ingest makes their passages again from their text."""
    connection.execute("CREATE TEMP TABLE before AS SELECT * FROM documents")
    held = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    for name in _TABLES:
        if name in held:
            connection.execute(f"DROP TABLE {name}")
    _create_schema(connection)
    theirs = {name for (_, name, *_) in connection.execute("PRAGMA table_info(before)")}
    names = [name for (_, name, *_) in connection.execute("PRAGMA table_info(documents)")]
    values = [name if name in theirs and name != "manifest" else _RENEWED[name] for name in names]
    connection.execute(f"INSERT INTO documents SELECT {', '.join(values)} FROM before")
    connection.execute("DROP TABLE before")


def _statements(script: str) -> Iterator[str]:
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
