"""A reply that one thread waits for and another one may give up: nobody has to wait for the next piece."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any

_POLL_SECONDS = 0.2
"""How long it may take until it shows that the reader has gone; to wake five times a second costs nothing."""

_CONNECTED = ("connect_tcp.complete", "start_tls.complete")


class Line:
    """The connection of one request, which `hang_up` ends whatever is being waited for on it.

    To close a socket does not wake a thread that reads from it, to shut it down does.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self.ended = threading.Event()

    def trace(self, event: str, info: Mapping[str, Any]) -> None:
        """Take note of the connection; a "trace" extension of httpcore, which has it before any reply."""
        if event.endswith(_CONNECTED):
            with self._lock:
                self._socket = info["return_value"].get_extra_info("socket")
                if self.ended.is_set():
                    self._shut()

    def hang_up(self) -> None:
        """End the connection, or the one that is being made."""
        with self._lock:
            self.ended.set()
            self._shut()

    def _shut(self) -> None:
        with suppress(OSError):  # it has ended already
            if self._socket is not None:
                self._socket.shutdown(socket.SHUT_RDWR)


def heard(read: Callable[[Line], Iterator[str]]) -> Generator[str, None, None]:
    """The pieces that `read` gives, and an empty one as often as none has come for a while.

    `read` runs in a thread of its own and raises what is raised here. Closing this hangs up its line.
    """
    said: SimpleQueue[str | Exception | None] = SimpleQueue()
    line = Line()

    def listen() -> None:
        try:
            for piece in read(line):
                said.put(piece)
        except Exception as error:
            said.put(error)
        else:
            said.put(None)

    threading.Thread(target=listen, name="listen", daemon=True).start()
    try:
        while True:
            try:
                piece = said.get(timeout=_POLL_SECONDS)
            except Empty:
                piece = ""
            if piece is None:
                return
            if isinstance(piece, Exception):
                raise piece
            yield piece
    finally:
        line.hang_up()
