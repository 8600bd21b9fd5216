"""The bar that tells how far an ingest is."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

if TYPE_CHECKING:
    from qa.sync.writing import Progress as Done


class IngestBar:
    """A line on standard error; the bar and the time left go by the bytes of the files."""

    def __init__(self, quiet: bool) -> None:
        columns = (
            TextColumn("Indexing"),
            BarColumn(bar_width=20),
            TaskProgressColumn(),
            TextColumn("{task.description}"),
            TimeRemainingColumn(compact=True),
        )
        self._bar = Progress(*columns, console=Console(stderr=True), disable=quiet)
        self._task = self._bar.add_task("", total=None, visible=False)
        self._start = time.monotonic()
        self._is_shown = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._is_shown:  # else this would write an empty line
            self._bar.stop()

    def show(self, done: Done) -> None:
        """Say what is done; nothing while no document was put in, since files that are passed over fly by."""
        if done.documents > 0 and not self._is_shown:
            self._bar.start()
            self._is_shown = True
        seconds = max(time.monotonic() - self._start, 0.1)
        self._bar.update(
            self._task,
            completed=done.bytes,
            total=done.bytes_total,
            visible=done.documents > 0,
            description=f"{done.files:,} of {done.files_total:,} files, {done.documents:,} documents,"
            f" {done.passages:,} passages ({done.passages / seconds:,.0f}/s)",
        )
