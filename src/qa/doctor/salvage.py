"""Saves the documents out of a damaged SQLite file into a new one."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from qa.doctor.audit import revision
from qa.storage.database import prepare, transaction

_SUFFIX = ".damaged"


def salvage(path: Path) -> tuple[int, int]:
    """Put a new file in the place of the damaged one at `path`, with the documents that can be read whole.

    They are stale: their passages have yet to be made again. What was there is kept beside it, its name
    ending in `.damaged`. Gives the numbers of documents that were saved and that were seen but lost; it
    can't see all. Nobody may have the index open to write.
    """
    fresh = path.with_name(f"{path.name}.new")
    fresh.unlink(missing_ok=True)
    saved, lost = _copy(path, fresh)
    kept = path.with_name(path.name + _SUFFIX)
    kept.unlink(missing_ok=True)
    os.link(path, kept)
    for end in ("-wal", "-shm"):
        # They belong to the damaged file, and would be taken for the new one's.
        with suppress(FileNotFoundError):
            path.with_name(path.name + end).replace(kept.with_name(kept.name + end))
    fresh.replace(path)
    return saved, lost


def _copy(damaged: Path, fresh: Path) -> tuple[int, int]:
    source = sqlite3.connect(damaged, isolation_level=None)
    target = sqlite3.connect(fresh, isolation_level=None)
    try:
        prepare(target, fresh)
        columns = [name for (_, name, *_) in target.execute("PRAGMA table_info(documents)")]
        names = ", ".join(name for name in columns if name != "manifest")
        ways = [f"{by} {order}" for by in ("rowid", "id") for order in ("ASC", "DESC")]
        keys = {key for way in ways for key in _keys(source, way)}
        rows = [row for key in sorted(keys) if (row := _read(source, names, key)) is not None]
        with transaction(target):
            places = ", ".join("?" * (len(columns) - 1))
            target.executemany(f"INSERT INTO documents ({names}, manifest) VALUES ({places}, '')", rows)
        return len(rows), len(keys) - len(rows)
    finally:
        source.close()
        target.close()


def _keys(connection: sqlite3.Connection, order: str) -> Iterator[int]:
    """The keys of the documents from one end of the table or of its index of ids, up to the damage."""
    with suppress(sqlite3.DatabaseError):
        for (key,) in connection.execute(f"SELECT rowid FROM documents ORDER BY {order}"):
            yield key


def _read(connection: sqlite3.Connection, names: str, key: int) -> sqlite3.Row | None:
    cursor = connection.cursor()
    cursor.row_factory = sqlite3.Row
    try:
        row: sqlite3.Row | None = cursor.execute(
            f"SELECT {names} FROM documents WHERE rowid = ?", (key,)
        ).fetchone()
    except sqlite3.DatabaseError:
        return None
    is_whole = row is not None and isinstance(row["text"], str) and revision(row["text"]) == row["sha256"]
    return row if is_whole else None
