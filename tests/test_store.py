"""The SQLite file from many threads."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from qa.storage.store import Store

FOLDER = Path("/proc/self/fd")


@pytest.mark.skipif(not FOLDER.is_dir(), reason="descriptors are counted on Linux only")
def test_threads_that_end_leave_no_descriptor_behind(tmp_path: Path) -> None:
    """A web server ends threads that are idle, and starts others, for as long as it runs."""
    path = tmp_path / "a.sqlite3"
    store = Store(path, create=True)

    def descriptors() -> int:
        return sum(os.path.realpath(one).startswith(str(path)) for one in FOLDER.iterdir())

    def read() -> None:
        thread = threading.Thread(target=lambda: counted.append(store.counts()))
        thread.start()
        thread.join()

    counted: list[tuple[int, int]] = []
    store.counts()
    read()  # SQLite keeps what it closes while others have the file locked, and takes it for the next
    opened = descriptors()
    for _ in range(200):
        read()
    assert counted == [(0, 0)] * 201
    assert descriptors() == opened > 0
    store.close()
    assert descriptors() == 0
