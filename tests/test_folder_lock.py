"""Processes that share a folder are kept apart, threads of one process are not."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from qa.errors import IndexBusy
from qa.storage.folder_lock import FolderLock

SOON = 60


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qa.storage.folder_lock._PATIENCE_SECONDS", 0.0)


def lock(folder: Path) -> FolderLock:
    """As another process would have it: a lock of its own on the same files."""
    return FolderLock(folder / "gate", folder / "lock", lambda held: None)


def test_others_neither_read_nor_write_while_one_writes(tmp_path: Path) -> None:
    ours, theirs = lock(tmp_path), lock(tmp_path)
    with ours.writing():
        with pytest.raises(IndexBusy, match="wait for it"), theirs.reading():
            pass
        with pytest.raises(IndexBusy, match="wait for it"), theirs.writing():
            pass
    with theirs.writing():
        pass


def test_all_may_read_at_once_and_nobody_writes_meanwhile(tmp_path: Path) -> None:
    ours, theirs = lock(tmp_path), lock(tmp_path)
    with ours.reading(), ours.reading(), theirs.reading(), pytest.raises(IndexBusy), ours.writing():
        pass
    with ours.writing():
        pass


def test_threads_read_along_with_the_one_that_writes_and_others_wait_for_them(tmp_path: Path) -> None:
    ours, theirs = lock(tmp_path), lock(tmp_path)
    reads, may_end = threading.Event(), threading.Event()

    def read() -> None:
        with ours.reading():
            reads.set()
            assert may_end.wait(SOON)

    def write() -> None:
        with ours.writing():
            reader.start()
            assert reads.wait(SOON)

    reader, writer = threading.Thread(target=read), threading.Thread(target=write)
    writer.start()
    assert reads.wait(SOON)
    with pytest.raises(IndexBusy), theirs.writing():  # though it writes no longer, or soon won't
        pass
    may_end.set()
    for thread in (reader, writer):
        thread.join(SOON)
    with theirs.writing():
        pass


def test_what_the_check_raises_leaves_nothing_locked(tmp_path: Path) -> None:
    def refuse(held: int) -> None:
        raise ValueError("half a graph")

    broken = FolderLock(tmp_path / "gate", tmp_path / "lock", refuse)
    with pytest.raises(ValueError, match="half"), broken.reading():
        pass
    with pytest.raises(ValueError, match="half"), broken.writing():
        pass
    with lock(tmp_path).writing():
        pass
