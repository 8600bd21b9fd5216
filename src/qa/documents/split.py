"""split(document) → Passages: whole sentences, packed up to what the encoder reads at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from langchain_text_splitters import RecursiveCharacterTextSplitter

from qa.language.text import BLANK_LINE, Span, sentence_spans, trim
from qa.types import Document, Passage

MAX_TOKENS = 200
"""Longest passage in word pieces: well below the 256 that all-MiniLM-L6-v2 reads."""

SETTINGS = f"sentences<={MAX_TOKENS}"
"""What the index's manifest records; change it whenever passages come out differently."""

CountTokens = Callable[[Sequence[str]], list[int]]


def split(document: Document, count_tokens: CountTokens) -> tuple[Passage, ...]:
    """Passages of `document` in order, each of at most `MAX_TOKENS` word pieces.

    A passage ends where the next sentence no longer fits, or at the end of a paragraph once it is
    half full. Page furniture (see `furniture_spans`) is left out. `count_tokens` gives the number
    of word pieces of each of several texts.
    """
    sentences = _short_sentences(document, count_tokens)
    lengths = _lengths(document.text, sentences, count_tokens)
    spans: list[Span] = []
    room = 0
    for (start, end), length in zip(sentences, lengths, strict=True):
        gap = document.text[spans[-1][1] : start] if spans else ""
        half_full = room <= MAX_TOKENS // 2
        apart = BLANK_LINE.search(gap) is not None
        if not spans or length > room or (apart and half_full) or (gap and not gap.isspace()):
            spans.append((start, end))
            room = MAX_TOKENS
        else:
            spans[-1] = (spans[-1][0], end)
        room -= length
    return tuple(_passage(document, start, end) for start, end in spans)


def furniture_spans(document: Document) -> list[Span]:
    """Where the lines stand that the document's metadata calls page furniture, and so no content."""
    lines = {line.strip() for line in document.metadata.get("furniture", "").split("\n")} - {""}
    if not lines:
        return []
    spans = (match.span() for match in re.finditer(r"[^\n]+", document.text))
    return [(start, end) for start, end in spans if document.text[start:end].strip() in lines]


def _short_sentences(document: Document, count_tokens: CountTokens) -> list[Span]:
    """The sentences, without furniture, and those that are too long for a passage in pieces."""
    spans: list[Span] = []
    start = 0
    for furniture_start, furniture_end in [*furniture_spans(document), (len(document.text), -1)]:
        part = document.text[start:furniture_start]
        spans += [(start + a, start + b) for a, b in sentence_spans(part)]
        start = furniture_end
    return _cut(document.text, spans, count_tokens)


def _cut(text: str, spans: Sequence[Span], count_tokens: CountTokens) -> list[Span]:
    """The spans, with pieces in the place of each that is longer than a passage; nothing is lost."""
    short: list[Span] = []
    for (start, end), length in zip(spans, _lengths(text, spans, count_tokens), strict=True):
        if length <= MAX_TOKENS:
            short.append((start, end))
        else:
            # A word piece is at least a character, so pieces of MAX_TOKENS characters always fit.
            chars = max(MAX_TOKENS, int(0.8 * MAX_TOKENS * (end - start) / length))
            short += _cut(text, _pieces(text, start, end, min(chars, end - start - 1)), count_tokens)
    return short


def _pieces(text: str, start: int, end: int, chars: int) -> list[Span]:
    """A span cut at lines, clauses, words, then anywhere, into spans of at most `chars` characters."""
    splitter = RecursiveCharacterTextSplitter(
        separators=["\n", "; ", ", ", " ", ""],
        chunk_size=chars,
        chunk_overlap=0,
        keep_separator="end",
        strip_whitespace=False,
    )
    spans: list[Span] = []
    for piece in splitter.split_text(text[start:end]):
        spans.append(trim(text, start, start + len(piece)))
        start += len(piece)
    return [(a, b) for a, b in spans if a < b]


def _lengths(text: str, spans: Sequence[Span], count_tokens: CountTokens) -> list[int]:
    """Lengths in word pieces, where ten characters count as one at least.

    A run without spaces is a single unknown word piece however long it is.
    """
    pieces = [text[start:end] for start, end in spans]
    return [max(n, len(piece) // 10) for n, piece in zip(count_tokens(pieces), pieces, strict=True)]


def _passage(document: Document, start: int, end: int) -> Passage:
    return Passage(
        id=f"{document.id}@{document.sha256[:12]}:{start}-{end}",
        document_id=document.id,
        start=start,
        end=end,
        text=document.text[start:end],
    )
