"""What the routes share: the opened index, opened again once what was wrong with it is mended."""

from __future__ import annotations

import threading

from qa.build import build_qa
from qa.pipeline import QA
from qa.settings import Settings


class Service:
    """Holds the `QA` of these settings; it is opened by the first request that finds it whole."""

    def __init__(self, settings: Settings, qa: QA | None = None) -> None:
        self._settings = settings
        self._qa = qa
        self._lock = threading.Lock()

    def qa(self) -> QA:
        """Raises the `IndexError_` or `ModelError` that keeps it from answering."""
        with self._lock:
            if self._qa is None:
                self._qa = build_qa(self._settings)
            return self._qa

    def close(self) -> None:
        """Let go of the index."""
        with self._lock:
            if self._qa is not None:
                self._qa.close()
                self._qa = None
