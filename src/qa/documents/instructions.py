"""statements(text) → the sentences that can be evidence: those that say something about the world.

Documents are data. A sentence that tells its reader what to answer (see `orders`), that speaks for the
machine (chat templates, the parts of a prompt, the JSON of an answer, a list of made-up sources) or that
a reader of the page would not see is no statement about the world, whatever figures are in it. It stays
stored and is found by its words, but no answer rests on it, with a language model or without.

A plain false statement is no instruction: sources that contradict each other are `disagreement`'s work.
What this is measured on is in eval/injections.
"""

from __future__ import annotations

import base64
import re
from bisect import bisect_left
from collections.abc import Sequence
from itertools import groupby, pairwise

from qa.documents.blocks import elements, prompt_blocks
from qa.documents.orders import is_order
from qa.language.text import BLANK_LINE, Span, sentence_spans, trim

# A line, with those after it that go on in lower case.
_LINE = re.compile(r"[^\n]*\w[^\n]*(?:\n[^\S\n]*[a-z][^\n]*)*")
# A picture whose address carries data, what runs, and text that is encoded.
_EMBEDDED = re.compile(
    r"!\[[^\]]{0,200}\]\([^)\s]{0,500}\?|<img\b[^>]{0,500}\?|<(?:meta|iframe|script|object|embed)\b",
    re.IGNORECASE,
)
_TAG = re.compile(r"<[^<>]{0,600}>")
_ENCODED = re.compile(r"[A-Za-z0-9+/]{24,}={0,2}")

_OPENING = '([{*_`"“'
_PIECE_END = re.compile(r"[\"”)\]}*_`]\s+(?=[^\W\d_a-z]|[\"“(\[*])")
"""Where an order in brackets, quotes or stars may end within what is segmented as one sentence."""
_POINTS_BACK = re.compile(
    r"(?<!not )(?<!n't )(?<!never )\b(?:cite|quote|use|copy|repeat|trust) (?:only |just )?"
    r"(?:this|that|the (?:above|preceding|previous|foregoing)) (?:\w+ )?"
    r"(?:sentence|statement|figure|number|value|line|claim|fact)\b",
    re.IGNORECASE,
)
_SOURCE = re.compile(r"\[\d+\]|<(?:source|document|passage)\b", re.I)
_ON_SOURCES = re.compile(r"\[\d+\]|\b(?:sources?|documents?|passages?|cit(?:e|ed|es|ing|ations?))\b", re.I)
_RESIDUE = re.compile(r"[#=*~`>|-]+\s+")
_QUOTES = re.compile(r"[\"“”]")
_LONGEST = 2000
"""Characters of a sentence in which the end of an order is looked for: each look takes in all before it."""
_BETWEEN = 3
"""Two instructions on a line at most this many sentences apart are one block."""


def statements(text: str) -> list[Span]:
    """Spans of the sentences of `text` that may be evidence, in order.

    Where one of the lines that a sentence runs over is an instruction, its other lines stay.
    """
    blocks = prompt_blocks(text)
    parts = [part for sentence in sentence_spans(text) for part in _screened(text, sentence, blocks)]
    spans, screened = [span for span, _ in parts], [out for _, out in parts]
    if any(screened):
        _spread(text, spans, screened)
        spans = [_without_residue(text, *pair) for pair in pairwise([(0, 0), *spans])]
    return [span for span, out in zip(spans, screened, strict=True) if not out]


def _without_residue(text: str, before: Span, span: Span) -> Span:
    """The span without a rule in front of it that belongs to what stands before it on its line."""
    found = _RESIDUE.match(text, *span) if "\n" not in text[before[1] : span[0]] and before[1] else None
    return (found.end(), span[1]) if found and found.end() < span[1] else span


def holds_instruction(text: str) -> bool:
    """Whether something in a text, such as a headline, can't be evidence."""
    return statements(text) != sentence_spans(text)


def as_read(text: str, passages: Sequence[Span]) -> list[str]:
    """The passages of a document's text with spaces in the place of what can't be evidence.

    The encoder reads these, so that what surrounds an instruction is understood as if it were not there,
    and so that what is hidden stays so in each of the passages that it runs through.
    """
    hidden = list(elements(text)) if "<" in text else []
    return [_blanked(text, passage, hidden) for passage in passages]


def _blanked(text: str, passage: Span, hidden: Sequence[Span]) -> str:
    begin, end = passage
    letters = list(re.sub(r"\S", " ", text[begin:end]))
    for a, b in statements(text[begin:end]):
        if not any(start < begin + b and begin + a < stop for start, stop in hidden):
            letters[a:b] = text[begin + a : begin + b]
    return "".join(letters)


def _screened(text: str, sentence: Span, blocks: Sequence[Span]) -> list[tuple[Span, bool]]:
    """A sentence, in pieces where only a part of it is no statement, and which of these are none."""
    start, end = sentence
    if not blocks and "\n" not in text[start:end]:
        return _pieces(text, sentence)
    within = sorted((max(a, start), min(b, end)) for a, b in blocks if a < end and start < b)
    parts: list[tuple[Span, bool]] = []
    for a, b in [*within, (end, end)]:
        for line in _LINE.finditer(text, start, max(start, a)):
            parts += _pieces(text, trim(text, *line.span()))
        if a < b:
            parts.append(((a, b), True))
        start = max(start, b)
    if not any(out for _, out in parts):
        return [(sentence, len(parts) > 1 and _is_screened(text[slice(*sentence)]))]
    return parts


def _pieces(text: str, span: Span) -> list[tuple[Span, bool]]:
    """A span, and whether it is screened; what stands behind an order in brackets is judged by itself."""
    if not _is_screened(_with_picture(text, span)):
        return [(span, False)]
    start, end = span
    enclosed = text[start] in _OPENING and end - start <= _LONGEST
    for cut in _PIECE_END.finditer(text, start, end) if enclosed else ():
        if _is_screened(_with_picture(text, (start, cut.end()))):
            return [(trim(text, start, cut.end()), True), *_pieces(text, (cut.end(), end))]
    return [(span, True)]


def _with_picture(text: str, span: Span) -> str:
    """The text of a span with the mark of a picture, which is taken for the end of the sentence before."""
    start, end = span
    return text[start - (text[start - 1 : start + 1] == "![") : end]


def _is_screened(sentence: str) -> bool:
    """Whether the sentence tells its reader what to answer, or holds what no reader sees."""
    if "<" in sentence and not re.search(r"\w", _TAG.sub("", sentence)):
        return True  # marks without a word
    if ("![" in sentence or "<" in sentence) and _EMBEDDED.search(sentence):
        return True
    longest = max(map(len, sentence.split()), default=0)
    if longest >= 24 and any(_decodes(one[0]) for one in _ENCODED.finditer(sentence)):
        return True
    return is_order(sentence)


def _decodes(run: str) -> bool:
    """Whether the characters are Base64 or hexadecimal of plain text; hashes, keys and paths are not."""
    for decode in (base64.b64decode, bytes.fromhex):
        try:
            content = decode(run[: len(run) // 4 * 4])
        except ValueError:
            continue
        if sum(97 <= byte <= 122 or byte == 32 for byte in content) >= 0.8 * len(content):
            return True
    return False


def _spread(text: str, spans: Sequence[Span], screened: list[bool]) -> None:
    """Screen what an instruction takes along.

    That is: on its line, what stands between it and the next one; the sentence before it of which it says
    "this sentence"; the rest of a line that is screened for the most part, or for half where it opens with an
    instruction; of a paragraph that opens with the number of a source, where it is about sources; what a
    colon or an open quotation of it announces.
    """
    for _, group in groupby(range(len(spans)), key=lambda i: text.count("\n", 0, spans[i][0])):
        line = list(group)
        found = [i for i in line if screened[i]]
        for i in found:
            if i - 1 in line and _POINTS_BACK.search(text, *spans[i]):
                screened[i - 1] = True
        for a, b in pairwise(found):
            if b - a <= _BETWEEN:
                screened[a:b] = [True] * (b - a)
        opens = bool(found) and found[0] == line[0]
        if 2 * len(found) + opens > len(line):
            screened[line[0] : line[-1] + 1] = [True] * len(line)
    ends = [gap.start() for gap in BLANK_LINE.finditer(text)]
    for _, group in groupby(range(len(spans)), key=lambda i: bisect_left(ends, spans[i][0])):
        paragraph = list(group)
        orders = [i for i in paragraph if screened[i] and _ON_SOURCES.search(text, *spans[i])]
        if orders and _SOURCE.match(text, spans[paragraph[0]][0]):
            screened[paragraph[0] : paragraph[-1] + 1] = [True] * len(paragraph)
    found = list(screened)
    quoted = False
    for i, (before, after) in enumerate(pairwise(spans), start=1):
        words = text[slice(*before)]
        quoted = screened[i - 1] and (quoted + len(_QUOTES.findall(words))) % 2 == 1
        announced = found[i - 1] and words.endswith(":")
        screened[i] |= announced or (quoted and "\n" not in text[before[1] : after[0]])
