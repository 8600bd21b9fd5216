"""PDF: the text page by page, lines joined to paragraphs, without running heads and page numbers."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path

import pypdfium2
import pypdfium2.raw as pdfium

from qa.documents.formats.dates import borne_out, iso_date
from qa.documents.formats.extract import Extract, office_author, office_title, one_line
from qa.documents.formats.pdf_lines import join, largest, read_lines, without_running_heads
from qa.errors import FileDamaged, FileEncrypted, FileScanned, FileTooLarge

MAX_PAGES = 5_000
_MAX_UNREADABLE = 0.2
"""Share of characters that no font tells, from which a text is none. Formulas and dingbats stay below."""
_MAX_NAMED = 10
"""Runs of pages that a complaint names."""
_WRONG_PASSWORD = 4
"""FPDF_ERR_PASSWORD of PDFium's fpdfview.h."""


def read(path: Path, content: bytes) -> Extract:
    """The text with its pages, title, author and date. Raises a `LoadError`."""
    try:
        with pypdfium2.PdfDocument(content) as pdf:
            if len(pdf) > MAX_PAGES:
                raise FileTooLarge(
                    f"{path} has {len(pdf):,} pages; split it into files of at most {MAX_PAGES:,}."
                )
            lines = [read_lines(page) for page in pdf]
            pages = without_running_heads(lines)
            pictures = [number for number, kept in enumerate(pages) if not kept and _is_picture(pdf[number])]
            properties = pdf.get_metadata_dict()
    except pypdfium2.PdfiumError as error:
        raise _refused(path, error) from error
    text, starts = join(pages)
    _refuse_pictures(path, text)
    opening = text[: starts[1]] if len(starts) > 1 else text
    return Extract(
        text,
        title=office_title(properties.get("Title")) or (one_line(largest(lines[0])) if lines else None),
        published=borne_out(_day(properties.get("CreationDate", "")), opening),
        author=office_author(properties.get("Author")),
        pages=starts,
        left_out=_left_out(path, pictures, len(pages)),
    )


def _refused(path: Path, error: pypdfium2.PdfiumError) -> FileDamaged | FileEncrypted:
    if error.err_code == _WRONG_PASSWORD:
        return FileEncrypted(f"{path} is protected by a password; save it without one.")
    return FileDamaged(f"{path} is damaged or no PDF; open it in a PDF viewer and save it again.")


def _is_picture(page: pypdfium2.PdfPage) -> bool:
    """Whether images cover most of a page, as they do where it was scanned, in one piece or in strips."""
    areas: list[float] = []
    for image in page.get_objects(filter=[pdfium.FPDF_PAGEOBJ_IMAGE], max_depth=3):
        left, bottom, right, top = image.get_bounds()
        areas.append((right - left) * (top - bottom))
    size: float = page.get_width() * page.get_height()
    return sum(areas) > 0.5 * size


def _left_out(path: Path, pictures: Sequence[int], count: int) -> str | None:
    """What is said of pages without text; nothing of a single one among several: a cover may be a picture."""
    if not pictures or (len(pictures) == 1 and count > 2):
        return None
    held = set(pictures)
    starts = [one for one in pictures if one - 1 not in held]
    ends = [one for one in pictures if one + 1 not in held]
    named = [
        f"{one + 1}-{other + 1}" if one < other else str(one + 1)
        for one, other in zip(starts, ends, strict=True)
    ]
    more = f" and {len(named) - _MAX_NAMED} more" if len(named) > _MAX_NAMED else ""
    which, show = ("pages", "show") if len(pictures) > 1 else ("page", "shows")
    return (
        f"{path}: the rest is read, but {which} {', '.join(named[:_MAX_NAMED])}{more} of {count} {show}"
        " pictures and no text, as scanners make them; run OCR over it first."
    )


def _refuse_pictures(path: Path, text: str) -> None:
    characters = [character for character in text if not character.isspace()]
    if not characters:
        raise FileScanned(
            f"{path} holds pictures of pages and no text, as scanners make them; run OCR over it first."
        )
    unknown = sum(
        character == "\ufffd" or unicodedata.category(character) == "Co" for character in characters
    )
    if unknown > _MAX_UNREADABLE * len(characters):
        raise FileScanned(f"{path} does not say which characters it shows; run OCR over it first.")


def _day(stamp: str) -> str | None:
    """The day of a PDF date ("D:20250208122313Z", ISO 32000-1, 7.9.4)."""
    found = re.match(r"(?:D:)?(\d{8})", stamp)
    return iso_date(found[1]) if found else None
