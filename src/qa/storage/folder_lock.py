"""A lock that keeps processes apart which share a folder: some that read, or one that writes."""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from qa.errors import IndexBusy, IndexUnwritable

_PATIENCE_SECONDS = 60.0
"""Longest wait for a process that writes; it lets readers in after every batch."""

_PAUSE_SECONDS = 0.002


class FolderLock:
    """The lock on the file `path`. All pass through `gate`, so that readers who come one after the other
    don't keep a writer out.

    While a thread writes, others of its process read along: what it writes is in their memory too. `check`
    is called with the locked file before anything is read or written. Methods raise `IndexBusy` after a
    minute, `IndexUnwritable` where the files can't be made, and what `check` raises.
    """

    def __init__(self, gate: Path, path: Path, check: Callable[[int], object]) -> None:
        self._gate = gate
        self._path = path
        self._check = check
        self._changed = threading.Condition()
        self._writes = False
        self._along = 0

    @contextmanager
    def reading(self) -> Iterator[None]:
        """No other process writes inside the block."""
        held = self._shared()
        try:
            if held is not None:
                self._check(held)
            yield
        finally:
            if held is not None:
                os.close(held)
            else:
                with self._changed:
                    self._along -= 1
                    self._changed.notify_all()

    @contextmanager
    def writing(self) -> Iterator[int]:
        """No other process reads or writes inside the block, and no other thread writes; gives the file."""
        with self.alone() as held:
            self._check(held)
            with self._changed:
                self._writes = True
            try:
                yield held
            finally:
                with self._changed:
                    self._writes = False
                    self._changed.wait_for(lambda: not self._along)

    @contextmanager
    def alone(self) -> Iterator[int]:
        """Nobody else reads or writes inside the block, whatever the folder holds; gives the file."""
        until = time.monotonic() + _PATIENCE_SECONDS
        with ExitStack() as stack:
            for path in (self._gate, self._path):
                held = _opened(path, fcntl.LOCK_EX)
                stack.callback(os.close, held)
                while not _is_locked(held, fcntl.LOCK_EX):
                    self._wait(until)
            yield held

    def _shared(self) -> int | None:
        """The locked file; None where a thread of this process writes, along with which it can be read."""
        until = time.monotonic() + _PATIENCE_SECONDS
        while True:
            with self._changed:
                if self._writes:
                    self._along += 1
                    return None
            with ExitStack() as stack:
                gate = _opened(self._gate, fcntl.LOCK_SH)
                stack.callback(os.close, gate)
                if _is_locked(gate, fcntl.LOCK_SH):
                    held = _opened(self._path, fcntl.LOCK_SH)
                    if _is_locked(held, fcntl.LOCK_SH):
                        return held
                    stack.callback(os.close, held)
            self._wait(until)

    def _wait(self, until: float) -> None:
        if time.monotonic() > until:
            raise IndexBusy(
                f"Another process has been writing the vectors in {self._path.parent} for a minute;"
                " wait for it or stop it."
            )
        time.sleep(_PAUSE_SECONDS)


def _opened(path: Path, kind: int) -> int:
    try:
        try:
            # To read it needs no rights to write, which may be lost after the index was opened.
            return os.open(path, (os.O_RDONLY if kind == fcntl.LOCK_SH else os.O_RDWR) | os.O_CLOEXEC)
        except FileNotFoundError:
            return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise IndexUnwritable(
            f"{path.parent} can't be written ({error.strerror});"
            " make it writable or choose another folder (QA_INDEX)."
        ) from error


def _is_locked(held: int, kind: int) -> bool:
    """Whether the opened file could be locked at once."""
    try:
        fcntl.flock(held, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
