"""How the service takes memory from the operating system."""

from __future__ import annotations

import ctypes
import platform

from qa.processors import processors

_M_ARENA_MAX = -8
"""From glibc's malloc.h."""


def share_arenas() -> None:
    """Have threads share as many of glibc's arenas as there are processors.

    It makes eight for each processor, and an arena keeps what its threads once took: a service whose
    requests are handled by dozens of threads grows by a hundred MB. Other libraries have no such arenas.
    """
    if platform.libc_ver()[0] == "glibc":
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, max(2, processors()))
