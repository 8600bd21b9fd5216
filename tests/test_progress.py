"""What is shown while documents are read."""

from __future__ import annotations

import re

import pytest

from qa.progress import IngestBar
from qa.sync.writing import Progress

BEGUN = Progress(files=0, files_total=20, bytes=0, bytes_total=1000)


def test_the_bar_tells_what_is_done_how_fast_and_how_long(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with IngestBar(quiet=False) as bar:
        bar.show(BEGUN)
        bar.show(Progress(10, 20, 500, 1000, documents=12, passages=3456))
    shown = capsys.readouterr().err
    assert "50%" in shown
    assert re.search(r"10 of 20 files, 12 documents, 3,456 passages \([\d,]+/s\) +(\d+|-+):(\d+|-+)", shown)


@pytest.mark.parametrize("quiet", [True, False])
def test_nothing_is_shown_where_nothing_is_put_in(quiet: bool, capsys: pytest.CaptureFixture[str]) -> None:
    with IngestBar(quiet) as bar:
        bar.show(BEGUN)
        bar.show(Progress(20, 20, 1000, 1000, documents=7 if quiet else 0, passages=9))
    assert capsys.readouterr().err == ""
