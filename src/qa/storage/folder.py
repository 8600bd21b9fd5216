"""The folder of an index: what may lie in it, and who may write it."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from qa.errors import IndexBusy, IndexForeign, IndexUnwritable
from qa.storage.chroma import LOCK_FILES, ChromaFolder, ChromaServer

_DATABASE = "qa.sqlite3"
_VECTORS = "chroma"
_OWN_FILES = {
    "README.md",
    ".gitignore",
    ".lock",
    "holder.json",
    _VECTORS,
    *LOCK_FILES,
    f"{_DATABASE}-wal",
    f"{_DATABASE}-shm",
}


def database_in(folder: Path) -> Path:
    """The SQLite file of the index in `folder`."""
    return folder / _DATABASE


def vectors_of(folder: Path, identity: str, chroma_url: str) -> ChromaFolder | ChromaServer:
    """Where the vectors of the index in `folder` are: on the server at `chroma_url`, or without one there."""
    if not chroma_url:
        return ChromaFolder(folder / _VECTORS)
    # A copy of the folder is another index: it must not change the vectors of the one it was made of.
    named = hashlib.sha256(f"{identity} {folder.resolve()}".encode()).hexdigest()[:16]
    return ChromaServer(chroma_url, named)


def refuse_foreign(folder: Path) -> None:
    """Raises `IndexForeign` where `folder` holds something else."""
    if folder.exists() and not folder.is_dir():
        raise IndexForeign(f"{folder} is a file; choose a folder for the index (QA_INDEX).")
    if not folder.is_dir() or (folder / _DATABASE).exists():
        return
    others = sorted(path.name for path in folder.iterdir() if path.name not in _OWN_FILES)
    if others:
        raise IndexForeign(
            f"{folder} holds other files ({others[0]}) and no index; choose an empty folder (QA_INDEX)."
        )


def make_writable(folder: Path) -> None:
    """Make `folder` where it isn't there. Raises `IndexUnwritable`."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / ".lock").touch()
    except OSError as error:
        raise _unwritable(folder, error) from error


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """No other process writes the index inside the block.

    Raises `IndexBusy`, which names the one that does, or `IndexUnwritable`.
    """
    holder = folder / "holder.json"
    lock = FileLock(folder / ".lock", timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        raise IndexBusy(
            f"{_holder(holder)} is writing the index in {folder}; wait for it or stop it."
        ) from error
    except OSError as error:
        raise _unwritable(folder, error) from error
    try:
        with suppress(OSError):  # it only tells others who we are, and the disk may be full
            holder.write_text(json.dumps({"pid": os.getpid()}))
        yield
        holder.unlink(missing_ok=True)
    finally:
        lock.release()


def _unwritable(folder: Path, error: OSError) -> IndexUnwritable:
    return IndexUnwritable(
        f"{folder} can't be written ({error.strerror}); make it writable or choose another folder (QA_INDEX)."
    )


def _holder(file: Path) -> str:
    try:
        return f"Process {json.loads(file.read_text())['pid']}"
    except (OSError, ValueError, KeyError):
        return "Another process"  # it has just begun, or just ended
