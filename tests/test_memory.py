"""What the service does so that its memory stays flat."""

from __future__ import annotations

import platform
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from qa.processors import processors
from qa_api import command, memory

_THREADS_THAT_TAKE_MEMORY = """
import ctypes, sys, threading
from qa_api.memory import share_arenas
if sys.argv[1] == "shared":
    share_arenas()
libc = ctypes.CDLL(None)
libc.malloc.restype = libc.fopen.restype = ctypes.c_void_p
count = int(sys.argv[3])
all_took, may_end = threading.Barrier(count + 1), threading.Event()
def take():
    libc.malloc(1000)
    all_took.wait()
    may_end.wait()
threads = [threading.Thread(target=take) for _ in range(count)]
for thread in threads:
    thread.start()
all_took.wait()
file = libc.fopen(sys.argv[2].encode(), b"w")
libc.malloc_info(0, ctypes.c_void_p(file))
libc.fclose(ctypes.c_void_p(file))
may_end.set()
"""


def _arenas(how: str, told: Path, threads: int) -> int:
    """How many arenas glibc has once so many threads of a process took memory."""
    script = [sys.executable, "-c", _THREADS_THAT_TAKE_MEMORY]
    subprocess.run([*script, how, str(told), str(threads)], check=True, timeout=60)
    return told.read_text().count("<heap ")


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has arenas")
def test_threads_of_the_service_share_a_few_arenas(tmp_path: Path) -> None:
    limit = max(2, processors())
    threads = limit + 30
    assert _arenas("shared", tmp_path / "shared.xml", threads) <= limit
    assert _arenas("alone", tmp_path / "alone.xml", threads) > limit


def test_the_service_shares_them_before_it_starts_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    threads = threading.active_count()
    started: list[int] = []

    def sharing() -> None:
        started.append(threading.active_count())
        raise KeyboardInterrupt

    monkeypatch.setattr(memory, "share_arenas", sharing)
    with pytest.raises(KeyboardInterrupt):
        command.serve()
    assert started == [threads]
