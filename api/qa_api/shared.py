"""The opened index, shared by all requests: opened again once what was wrong with it is mended."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial

from qa.build import build_qa, open_to_write
from qa.errors import IndexBusy, IndexDamaged, IndexMissing, QAError
from qa.interfaces import Embedder
from qa.pipeline import QA
from qa.settings import Settings
from qa.storage.folder import database_in
from qa.storage.index import Counts, Index

_BETWEEN_MENDINGS = 60.0
"""Seconds in which what could not be mended is not tried again."""

_BETWEEN_OPENINGS = 1.0
"""Seconds in which an index that could not be opened is not tried again: each try loads the models, and
whoever reaches the port may ask whether the service is ready."""

_PATIENCE = 10.0
"""Seconds to wait for other requests: who waits holds a thread that could answer."""

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Opened:
    """A `QA` and the number of its users."""

    qa: QA
    users: int = 0


class SharedQA:
    """The `QA` of these settings; it is opened by the first request that finds the index whole.

    An index that was replaced is closed by the last of its users, and only then the new one opened:
    Chroma gives whoever opens a folder again what it has open of it. A `qa` that is given is its giver's
    to close. `clock` gives monotonic seconds.
    """

    def __init__(
        self, settings: Settings, qa: QA | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._opened = None if qa is None else _Opened(qa)
        self._leaving: _Opened | None = None
        self._is_ours = qa is None
        self._changed = threading.Condition()
        self._writing = threading.Lock()
        self._mending = False
        self._mended_at = -math.inf
        self._failure: Callable[[], QAError] | None = None  # what the last opening ended with
        self._failed_at = -math.inf

    @contextmanager
    def using(self) -> Iterator[QA]:
        """The `QA`, which stays open within; what turns out to be damaged is mended.

        Raises the `IndexError_` or `ModelError` that keeps it from answering.
        """
        try:
            with self._changed:
                opened = self._current()
                opened.users += 1
            try:
                yield opened.qa
            finally:
                self._done(opened)
        except IndexDamaged:
            self._mend_soon()
            raise

    def counts(self) -> Counts:
        """What the index holds; nothing while there is none. It is not opened for this."""
        with self._changed:
            return self._opened.qa.counts() if self._opened else Counts(0, 0)

    @contextmanager
    def changing(self) -> Iterator[tuple[Index, Embedder]]:
        """The opened index is changed while it answers; where there is none yet, one is made.

        Changes wait for each other here, for a while; another process is not waited for. Raises `IndexBusy`.
        """
        if not self._writing.acquire(timeout=_PATIENCE):
            raise IndexBusy("Other uploads are still being read; try again when they are done.")
        try:
            with ExitStack() as stack:
                try:
                    qa = stack.enter_context(self.using())
                except IndexMissing:
                    stack.callback(self._try_again)
                    yield stack.enter_context(open_to_write(self._settings))
                    return
                stack.enter_context(qa.index.change())
                yield qa.index, qa.embedder
        finally:
            self._writing.release()

    def close(self) -> None:
        """Let go of the index, once nobody uses it."""
        with self._changed:
            if self._is_ours:
                self._leave()

    def _current(self) -> _Opened:
        if self._mending:
            raise IndexBusy("The vectors of the index are being made again; try again soon.")
        if self._opened is not None and self._is_ours and self._opened.qa.index.is_replaced():
            self._leave()  # it would go on answering from what is gone
        if not self._changed.wait_for(lambda: self._leaving is None, _PATIENCE):
            raise IndexBusy("The index was replaced while it is in use; try again soon.")
        if self._opened is None:
            self._opened = _Opened(self._build())
        return self._opened

    def _build(self) -> QA:
        if self._failure is not None and self._clock() - self._failed_at < _BETWEEN_OPENINGS:
            raise self._failure()  # another one each time: an error gathers the stacks of all who raise it
        try:
            qa = build_qa(self._settings)
        except QAError as error:
            self._failure, self._failed_at = partial(type(error), *error.args), self._clock()
            raise
        self._failure = None
        return qa

    def _try_again(self) -> None:
        with self._changed:
            self._failure = None

    def _leave(self) -> None:
        if self._opened is not None:  # else what is leaving already would never be closed
            self._leaving, self._opened = self._opened, None
            self._close_unused()

    def _mend_soon(self) -> None:
        """Have the vectors made again, in the background, from those in SQLite: Chroma's may be lost."""
        with self._changed:
            recent = self._clock() - self._mended_at < _BETWEEN_MENDINGS
            database = database_in(self._settings.index)
            if recent or self._mending or not self._is_ours or not database.is_file():
                return
            self._mending = True
            self._leave()
        threading.Thread(target=self._mend, name="mend", daemon=True).start()

    def _done(self, opened: _Opened) -> None:
        with self._changed:
            opened.users -= 1
            self._close_unused()

    def _close_unused(self) -> None:
        if self._leaving is not None and not self._leaving.users:
            self._leaving.qa.close()
            self._leaving = None
            self._changed.notify_all()

    def _mend(self) -> None:
        try:
            with self._changed:
                self._changed.wait_for(lambda: self._leaving is None)
            with self._writing, open_to_write(self._settings):
                _log.warning("made Chroma hold the vectors of the index again")
        except QAError as error:
            _log.error("could not make Chroma hold the vectors of the index again: %s", type(error).__name__)
        finally:
            with self._changed:
                self._mended_at = self._clock()
                self._mending = False
                self._failure = None
