"""The lines of a PDF's pages, and the paragraphs that they make.

A PDF has characters with places, and no paragraphs. Lines are PDFium's; where a paragraph ends is told by
gaps, indents and sizes, so that a heading does not run into the sentence below it, and a sentence goes
on over the end of its line, column or page.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from ctypes import c_double
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

import pypdfium2
import pypdfium2.raw as pdfium

_HYPHENS = "\x02\ufffe"
"""What PDFium gives for a hyphen at the end of a line; mostly it goes on with the next one right after it."""
_DIVIDED = re.compile(rf"(\w*)[{_HYPHENS}](\w*)")
_ENDS_SENTENCE = re.compile(r"[.!?:…][\"'”’)\]»]*$")
_BULLET = re.compile(r"[•‣▪●◦■–—*-]\s")
_LIGATURES = {code: unicodedata.normalize("NFKC", chr(code)) for code in range(0xFB00, 0xFB07)}
_UNKNOWN = re.compile(r"[\0\x01\x03-\x1f\x7f-\x9f\ufeff\uffff]")
_MARGIN_LINES = 2
"""Running heads and page numbers are among the first or the last so many lines of a page."""
_TITLE_SIZE = 1.2
_WIDER_GAP = 1.3
"""From this many times the usual distance of lines, a line is set apart. Lines of one paragraph differ by
a tenth at most, and half a line is about the least that sets paragraphs apart."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a page, or two with a word divided between them.

    In points: `left` and `base`, where its first character stands, `end`, the base of its last, and `size`.
    """

    text: str
    left: float
    base: float
    end: float
    size: float


def read_lines(page: pypdfium2.PdfPage) -> list[Line]:
    """The lines of a page in the order in which it draws them, blank ones left out."""
    text_page = page.get_textpage()
    units = [pdfium.FPDFText_GetUnicode(text_page, i) for i in range(pdfium.FPDFText_CountChars(text_page))]
    ends = [i for i, unit in enumerate(units) if unit in (10, 13)]
    spans = zip([0, *(end + 1 for end in ends)], [*ends, len(units)], strict=True)
    lines = [line for start, end in spans if (line := _line(text_page, units, start, end))]
    text_page.close()
    page.close()
    return lines


def _line(text_page: pypdfium2.PdfTextPage, units: Sequence[int], start: int, end: int) -> Line | None:
    while start < end and units[start] <= 32:
        start += 1
    while start < end and units[end - 1] in (0, 32):
        end -= 1
    text = _clean(units[start:end])
    if not text:
        return None
    left, base, last = c_double(), c_double(), c_double()
    pdfium.FPDFText_GetCharOrigin(text_page, end - 1, left, last)
    pdfium.FPDFText_GetCharOrigin(text_page, start, left, base)
    middle = [start + (end - start) * quarter // 4 for quarter in (1, 2, 3)]  # the first may be a bullet
    size = median(pdfium.FPDFText_GetFontSize(text_page, i) for i in middle)
    return Line(text, left.value, base.value, last.value, size)


def _clean(units: Sequence[int]) -> str:
    """UTF-16 units as text: ligatures as letters, blanks as one, what no font tells as U+FFFD."""
    data = b"".join((unit & 0xFFFF).to_bytes(2, "little") for unit in units)
    text = re.sub(r"\s+", " ", data.decode("utf-16-le", "replace").translate(_LIGATURES)).strip(" ")
    return _UNKNOWN.sub("\ufffd", text.replace("\u00ad", ""))


def without_running_heads(pages: Sequence[Sequence[Line]]) -> list[list[Line]]:
    """The pages without what stands at the same place of two of the four pages around, but for its number.

    Of two pages both have it.
    """
    kept: list[list[Line]] = []
    for number, page in enumerate(pages):
        near = [
            other for other in range(number - 2, number + 3) if other != number and 0 <= other < len(pages)
        ]
        needed = min(2, len(near)) or 1
        heads = {
            place % len(page)
            for place in _margins(page)
            if sum(_has_head(pages[other], page[place], place, other - number) for other in near) >= needed
        }
        kept.append([line for i, line in enumerate(page) if i not in heads])
    return kept


def _margins(page: Sequence[Line]) -> list[int]:
    near = min(_MARGIN_LINES, (len(page) + 1) // 4)
    return [*range(near), *range(-near, 0)]


def _has_head(page: Sequence[Line], head: Line, place: int, later: int) -> bool:
    """Whether a page that comes `later` pages after that of `head` has it too, with its own page number."""
    if place not in _margins(page):
        return False
    if abs(page[place].base - head.base) > head.size and not head.text.isdecimal():
        return False  # only a bare page number may stand at the end of a short page
    ours, theirs = re.split(r"(\d+)", head.text), re.split(r"(\d+)", page[place].text)
    return len(ours) == len(theirs) and all(
        one == other or (i % 2 == 1 and int(one[:9]) + later == int(other[:9]))
        for i, (one, other) in enumerate(zip(ours, theirs, strict=True))
    )


def join(pages: Sequence[Sequence[Line]]) -> tuple[str, tuple[int, ...]]:
    """The text of the pages, and the offset at which each begins.

    A word that was divided at the end of a line is put together again, with a hyphen only where the
    document has one in that word within a line.
    """
    words = (word for page in pages for line in page for word in re.findall(r"\w+-\w+", line.text))
    compounds = {word.lower() for word in words}
    parts: list[str] = []
    starts: list[int] = []
    length = 0
    before: Line | None = None
    for page in pages:
        start = None
        for line, is_apart in zip(page, _apart(before, page), strict=True):
            text = _DIVIDED.sub(lambda found: _mended(found, compounds), line.text)
            if before is not None:
                parts.append("\n\n" if is_apart else " ")
                length += len(parts[-1])
            start = length if start is None else start
            parts.append(text)
            length += len(text)
            before = line
        starts.append(length if start is None else start)
    return "".join(parts), (0, *starts[1:])


def _mended(divided: re.Match[str], compounds: set[str]) -> str:
    one, other = divided.groups()
    is_compound = not other[:1].islower() or f"{one}-{other}".lower() in compounds
    return f"{one}-{other}" if is_compound else one + other


def _apart(before: Line | None, page: Sequence[Line]) -> Iterator[bool]:
    """Whether a paragraph begins with each line of a page; `before` is the last line of the page before."""
    pitch = _pitch(page)
    for i, line in enumerate(page):
        last = page[i - 1] if i else before
        if last is None:
            yield True
            continue
        ended = _ENDS_SENTENCE.search(last.text) is not None
        goes_on = not ended and line.text[0].islower()
        goes_up = i == 0 or line.base > last.end + line.size  # the next page, or the next column
        is_wide = last.end - line.base > _WIDER_GAP * max(pitch, line.size)
        is_indented = line.left - last.left > 0.8 * line.size
        yield (
            abs(line.size - last.size) > 0.1 * last.size
            or _BULLET.match(line.text) is not None
            or ((goes_up or is_wide) and not goes_on)
            or (is_indented and ended)
        )


def _pitch(page: Sequence[Line]) -> float:
    """The distance of lines within paragraphs: the lower quartile of all, as between them it is larger."""
    steps = sorted(
        one.end - other.base
        for one, other in pairwise(page)
        if 0.7 * one.size < one.end - other.base < 3 * one.size
    )
    return steps[len(steps) // 4] if len(steps) >= 3 else 0.0


def largest(page: Sequence[Line]) -> str | None:
    """What is set in the largest type on a page, as the title is on the first; None where all is alike."""
    size = max((line.size for line in page), default=0)
    if size < _TITLE_SIZE * median([line.size for line in page] or [size]):
        return None
    return " ".join(line.text for line in page if line.size > 0.99 * size)
