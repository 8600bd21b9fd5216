"""Sentences with exact offsets."""

from __future__ import annotations

import re
import unicodedata

import sentencex

Span = tuple[int, int]

REMEMBERED = 512
"""Texts of which a function keeps what it read: one question looks at a sentence many times. With
many more, a service whose documents change goes on growing for hours."""

BLANK_LINE = re.compile(r"\n[^\S\n]*\n")
"""What parts paragraphs."""

_WIDE_BLANK = re.compile(r"[^\S \t\r\n](?=\.)")
"""White space of several bytes before a full stop: sentencex 1.0.32 panics at "A<no-break space>."."""


def sentence_spans(text: str, language: str = "en") -> list[Span]:
    """Spans `[start, end)` of the sentences of `text`, in order, without surrounding white space.

    Segmentation is sentencex's (Wikimedia); blank stretches yield no span.
    """
    boundaries = sentencex.get_sentence_boundaries(language, _WIDE_BLANK.sub(" ", text))
    spans = (trim(text, b["start_index"], b["end_index"]) for b in boundaries)
    return [(start, end) for start, end in spans if start < end]


def trim(text: str, start: int, end: int) -> Span:
    """The span without the white space at its two ends."""
    chunk = text[start:end]
    return start + len(chunk) - len(chunk.lstrip()), end - (len(chunk) - len(chunk.rstrip()))


def paragraph_end(text: str, start: int) -> int:
    """Where the paragraph that `start` is in ends."""
    found = BLANK_LINE.search(text, start)
    return found.start() if found else len(text)


def visible(text: str) -> str:
    """The text without characters that show nothing (Unicode's category C); white space stays."""
    if text.isprintable():
        return text
    return "".join(one for one in text if one.isspace() or unicodedata.category(one)[0] != "C")


def readable(text: str) -> str:
    """The text with "?" for each lone surrogate, which no encoding can hold."""
    return text.encode("utf-8", "replace").decode()
