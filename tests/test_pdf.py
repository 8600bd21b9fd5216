"""PDF: paragraphs, pages, title and date; pages that are pictures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

import files
from indexing import opened, run
from qa.answering.verify import verify
from qa.documents import formats
from qa.documents.formats.extract import Extract
from qa.documents.load import load
from qa.errors import FileScanned
from qa.sync.uploads import read_upload
from qa.types import Claim, Draft, Evidence, Passage


def read(content: bytes) -> Extract:
    return formats.read(Path("a.pdf"), content)


def test_pdf_lines_make_paragraphs_and_pages() -> None:
    towns = ("Ulm", "Linz", "Passau", "Vienna")
    head = "The Journal of Tests"
    pages = [[head, "", f"Page {town} tells of", "a bridge.", "", str(n)] for n, town in enumerate(towns, 7)]
    extract = read(files.pdf(*pages))
    assert extract.text == "\n\n".join(f"Page {town} tells of a bridge." for town in towns)
    assert [extract.text[start:].split()[1] for start in extract.pages] == list(towns)


def test_a_sentence_goes_on_over_a_page_and_a_divided_word_is_mended() -> None:
    lines = [
        "A heading",
        "",
        "The old bridge, a well-known one, was de-",
        "stroyed, and the well-",
        "known one was",
    ]
    extract = read(files.pdf(lines, ["built anew. It stands."], [], ["Last page."]))
    assert extract.text == (
        "A heading\n\nThe old bridge, a well-known one, was destroyed, and the well-known one was built anew."
        " It stands.\n\nLast page."
    )
    assert [extract.text[start:].split()[0] for start in (extract.pages[0], extract.pages[1])] == [
        "A",
        "built",
    ]
    assert extract.text[extract.pages[3] :] == "Last page."


def test_a_citation_has_the_page_it_begins_on(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(files.pdf(["First page."], [], ["Third page. It is the last."]))
    document = load(path, "a", "a.pdf")
    quote = "It is the last."
    start = document.text.index(quote)
    passage = Passage("p", "a", 0, len(document.text), document.text)
    evidence = Evidence(1, passage, start, start + len(quote), quote, 1.0)
    found = verify(Draft((Claim(quote, (1,)),)), [evidence], {"a": document.sha256}, lambda _: document)
    assert [(one.page, one.quote) for one in found.citations] == [(3, quote)]
    assert [document.page(place) for place in (0, 10, 13, 10_000)] == [1, 1, 3, 3]
    (tmp_path / "b.txt").write_text("No pages.")
    assert load(tmp_path / "b.txt", "b", "b.txt").page(0) is None


@pytest.mark.parametrize(
    ("given", "title"),
    [
        ("A study of bridges", "A study of bridges"),
        ("Microsoft Word - x", "Large"),
        ("report.docx", "Large"),
        ("", "Large"),
    ],
)
def test_the_title_of_a_pdf_is_none_that_a_program_made_up(given: str, title: str) -> None:
    assert read(files.pdf(["Large", "Small", "Small too"], title=given, first_size=20)).title == title


@pytest.mark.parametrize(
    ("page", "published"),
    [
        ("Annual report, March 2021", "2021-03"),
        ("Annual report of 2021", "2021"),
        ("Annual report of 1998", None),
    ],
)
def test_the_day_a_pdf_was_made_counts_as_far_as_its_first_page_says_so(
    page: str, published: str | None
) -> None:
    assert read(files.pdf([page], ["2021"], created="20210304")).published == published


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
    said = read(files.pdf(*pages)).left_out
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
