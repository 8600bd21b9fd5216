"""What the operating system may refuse: room on the disk, and the right to write."""

from __future__ import annotations

import ctypes
import os
import resource
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

_VERSION_3 = 0x20080522
_OVERRIDE = 1 << 1 | 1 << 2
"""CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH, by which root writes where nobody may."""


class Disk:
    """A folder whose disk can be filled and freed.

    It is a small disk of its own where one may be mounted, and `mounted` is asked for; else no file of
    this process may grow while it is "full".
    """

    def __init__(self, folder: Path, *, mounted: bool) -> None:
        self.folder = folder
        self.is_mounted = mounted and _mount(folder)

    def fill(self) -> None:
        if not self.is_mounted:
            resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
            return
        with (self.folder / "filler").open("wb", buffering=0) as filler:
            for size in (1 << 16, 1 << 12, 1):
                try:
                    while True:
                        filler.write(b"\0" * size)
                except OSError:
                    continue

    def free(self) -> None:
        if self.is_mounted:
            (self.folder / "filler").unlink()
        else:
            resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def _mount(folder: Path) -> bool:
    command = ["mount", "-t", "tmpfs", "-o", "size=32m", "tmpfs", str(folder)]
    return subprocess.run(command, stderr=subprocess.DEVNULL, check=False).returncode == 0


def unmount(folder: Path) -> None:
    """Undo what a `Disk` may have mounted."""
    subprocess.run(["umount", "--lazy", str(folder)], stderr=subprocess.DEVNULL, check=False)


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Nothing in `folder` may be written inside the block, by threads without root's override."""
    paths = [folder, *folder.rglob("*")]
    modes = [path.stat().st_mode for path in paths]
    for path, mode in zip(paths, modes, strict=True):
        path.chmod(mode & 0o555)
    try:
        yield
    finally:
        for path, mode in zip(paths, modes, strict=True):
            path.chmod(mode)


def without_override(body: Callable[[], None]) -> None:
    """Run `body`, and what it starts, as somebody who may not write where nobody may."""
    failures: list[BaseException] = []

    def confined() -> None:
        try:
            _drop_override()
            body()
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=confined)
    thread.start()
    thread.join()
    if failures:
        raise failures[0]


def _drop_override() -> None:
    """Give up the capabilities in this thread; only root has them."""
    libc = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(_VERSION_3, 0)
    held = (ctypes.c_uint32 * 6)()  # effective, permitted, inheritable; the high halves follow
    if libc.capget(header, held) == 0:
        held[0] &= ~_OVERRIDE
        held[1] &= ~_OVERRIDE
        header = (ctypes.c_uint32 * 2)(_VERSION_3, 0)
        if libc.capset(header, held) != 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
