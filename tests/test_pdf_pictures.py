"""PDFs some of whose pages are pictures: the others are read, and those named."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

import files
from indexing import opened, run
from qa import formats
from qa.errors import FileScanned
from qa.uploads import read_upload

PICTURE = [files.PICTURE]
TEXT = ["Some words."]


@pytest.mark.parametrize(
    ("pages", "named"),
    [
        ([TEXT, *[PICTURE] * 39], "pages 2-40 of 40"),
        ([PICTURE, TEXT, PICTURE, PICTURE, TEXT], "pages 1, 3-4 of 5"),
        ([TEXT, PICTURE], "page 2 of 2"),
        ([PICTURE, TEXT, TEXT], None),  # a cover
        ([TEXT, [], []], None),  # blank pages
        ([["Head", "", "One."], ["Head", "", "Two."], *[["Head"]] * 2], None),
    ],
)
def test_pages_of_pictures_are_named(pages: Sequence[Sequence[str]], named: str | None) -> None:
    said = formats.read(Path("a.pdf"), files.pdf(*pages)).left_out
    assert said is None if named is None else named in str(said)


def test_what_has_text_is_in_and_the_rest_is_told_each_time(corpus: Path) -> None:
    path = corpus / "a.pdf"
    path.write_bytes(files.pdf(["The bridge is long."], PICTURE, PICTURE))
    for outcome in ("added", "unchanged"):
        report = run(corpus)
        assert "a" in getattr(report, outcome)
        ((failed, reason),) = [(one.path, one.reason) for one in report.failed]
        assert failed == path
        assert "pages 2-3 of 3 show pictures and no text" in reason
    path.write_bytes(files.pdf(["The bridge is long."], TEXT, TEXT))
    report = run(corpus)
    assert (report.changed, report.failed) == (["a"], [])
    with opened(corpus) as index:
        assert index.document("a").text.count("Some words.") == 2


def test_an_upload_tells_of_them_too() -> None:
    document, left_out = read_upload("a.pdf", files.pdf(TEXT, PICTURE))
    assert not isinstance(document, FileScanned)
    assert isinstance(left_out, FileScanned)
