"""A circuit breaker (Nygard 2007, "Release It!"): a server that hangs costs one caller its time, not all."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from qa.errors import GeneratorUnavailable

REST_SECONDS = 15.0
"""How long a server that did not answer is left alone. Long enough that the one who then tries it, and may
wait for the whole time limit of 30 s, is one of very many; short enough that a server that was started
again is soon used."""


class Breaker:
    """Who may ask a server; safe to use from several threads. `clock` gives monotonic seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._error: str | None = None
        self._rests_until = 0.0
        self._trying = False

    @contextmanager
    def admitted(self) -> Iterator[None]:
        """While a request is under way. Raises `GeneratorUnavailable` at once where the server is left alone.

        Once it has rested one request tries it; the others are refused until that one has an end.
        """
        tries = self._admit()
        try:
            yield
        finally:
            if tries:
                with self._lock:
                    self._trying = False

    def answered(self) -> None:
        """The server answers: everybody may ask it."""
        with self._lock:
            self._error = None

    def failed(self, error: GeneratorUnavailable) -> None:
        """The server did not answer in time, or not at all: it is left alone for a while."""
        with self._lock:
            self._error = str(error)
            self._rests_until = self._clock() + REST_SECONDS

    def _admit(self) -> bool:
        """Whether this is the one request that tries."""
        with self._lock:
            if self._error is None:
                return False
            if self._trying or self._clock() < self._rests_until:
                raise GeneratorUnavailable(self._error)
            self._trying = True
            return True
