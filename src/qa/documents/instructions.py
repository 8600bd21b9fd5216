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
from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise

from qa.documents.orders import is_order
from qa.language.text import Span, sentence_spans, trim

# A line, with those after it that go on in lower case.
_LINE = re.compile(r"[^\n]*\w[^\n]*(?:\n[^\S\n]*[a-z][^\n]*)*")
_PARAGRAPH_END = re.compile(r"\n[^\S\n]*\n")

# What a page does not show, and the parts of a prompt.
_HIDDEN = (
    r"(?:\bhidden\b|display: ?none|visibility: ?hidden|font-size: ?0|size=.?0|opacity: ?0"
    r"|color: ?(?:white|#fff)|-\d{3,}px)"
)
_SPEAKER = (
    r"(?:\w+_)?(?:system|user|assistant|human|chatbot|bot|instruction|prompt|final_answer|tool_\w+)s?"
    r"(?:_\w+)?"
)
_ELEMENT = re.compile(
    rf"<(!--)|<(noscript|template|title|script|style|(?=\w{{1,20}}\b[^<>]{{0,300}}?{_HIDDEN})\w{{1,20}})\b"
    rf"[^<>]{{0,600}}>|<({_SPEAKER})\b[^<>\n]{{0,100}}>",
    re.IGNORECASE,
)
_COMMENT = re.compile(
    r"^\[[^\]\n]{0,80}\]: *(?:#|<>|//) *[\"'(][^\n]*|(?<!!)\[\]\([^)\n]{1,500}\)", re.MULTILINE
)
_UNSEEN = re.compile(
    "(?<!\U0001f3f4)[\U000e0000-\U000e01ef\ufe00-\ufe0f\u200b-\u200f\u2060-\u2064]{4,}"
    "|(?:[A-Za-z]+[\u200b-\u200d\u2060-\u2064] ?){4,}[A-Za-z]*"
)

# Marks of chat templates and of the parts that prompts are made of.
_OPENS = re.compile(
    r"<\|\w+\|>|\[/?INST\]|<<SYS>>|<start_of_turn>|^[^\w\n]{0,8}role ?: ?(?:system|assistant|user)\b"
    r"|^[^\w\n]{0,8}## ?(?:System|User|Assistant|Human|Instruction) ?:"
    r"|(?-i:\[(?:[A-Z]+ )*(?:SYSTEM|PROMPT|INSTRUCTIONS?|ASSISTANT|ADMIN)(?: [A-Z]+)*\])"
    r"|(?-i:\b(?:BEGIN|START)_?(?:OF_?)?(?:SYSTEM|PROMPT|INSTRUCTIONS?)\b)"
    r"|^[^\w\n]{0,8}[-=#*]{3,} ?(?:BEGIN|START|END)(?: OF)?(?: \w+)? (?:CONTEXT|DOCUMENTS?|SOURCES?|SYSTEM"
    r"|PROMPT|INSTRUCTIONS?|ANSWER|QUESTION|USER|INPUT|PASSAGES?|CONVERSATION)\b[^\n]*$",
    re.IGNORECASE | re.MULTILINE,
)
_CLOSES = re.compile(
    rf"<\|\w*(?:end|eot|eos)\w*\|>|<</SYS>>|<end_of_turn>|</{_SPEAKER}>"
    r"|(?-i:\[/(?:[A-Z]+ )*(?:SYSTEM|PROMPT|INSTRUCTIONS?|ASSISTANT|ADMIN)(?: [A-Z]+)*\])"
    r"|(?-i:\bEND_?(?:OF_?)?(?:SYSTEM|PROMPT|INSTRUCTIONS?)\b)",
    re.IGNORECASE,
)
_REPLY = re.compile(r"^[^\w\n]{0,8}## ?(?:Response|Output|Answer|Input) ?:", re.IGNORECASE | re.MULTILINE)

# The JSON of an answer or a message; a numbered list of sources.
_KEYS = (
    r"[\"'](?:role|answer|claims|citations|evidence_numbers|final_answer|assistant|system|instructions?)"
    r"[\"'] ?: ?[\"'\[{]"
)
_JSON = re.compile(rf"[\"'{{][^\n{{]{{0,80}}?{_KEYS}(?:[^\n]*[\]}}]|[^\n]*)")
_SOURCES = re.compile(
    r"^[^\w\n]{0,8}(?:(?:[\w-]{1,20} ){0,2}(?:sources|citations|references)(?: \w{1,20}){0,4}"
    r"|(?:(?:retrieved|verified|supporting|search) )?(?:evidence|documents?|context|passages|results)"
    r"(?= ?:[^\S\n]*\n\W{0,8}?(?:\[|\d\W{1,3}\[))) ?:[^\S\n]*"
    r"(?:\n(?:\W{0,8}\d|question ?:|answer ?:)[^\n]*)+",
    re.IGNORECASE | re.MULTILINE,
)

# A picture whose address carries data, what runs, and text that is encoded.
_EMBEDDED = re.compile(
    r"!\[[^\]]{0,200}\]\([^)\s]{0,500}\?|<img\b[^>]{0,500}\?|<(?:meta|iframe|script|object|embed)\b",
    re.IGNORECASE,
)
_TAG = re.compile(r"<[^<>]{0,600}>")
_ENCODED = re.compile(r"[A-Za-z0-9+/]{24,}={0,2}")

_QUOTES = re.compile(r"[\"“”]")
_BETWEEN = 3
"""Two instructions on a line at most this many sentences apart are one block."""


def statements(text: str) -> list[Span]:
    """Spans of the sentences of `text` that may be evidence, in order.

    Where one of the lines that a sentence runs over is an instruction, its other lines stay.
    """
    blocks = _blocks(text)
    spans: list[Span] = []
    screened: list[bool] = []
    for sentence in sentence_spans(text):
        parts, found = _screened(text, sentence, blocks)
        spans += parts
        screened += found
    if any(screened):
        _spread(text, spans, screened)
    return [span for span, out in zip(spans, screened, strict=True) if not out]


def holds_instruction(text: str) -> bool:
    """Whether something in a text, such as a headline, can't be evidence."""
    return statements(text) != sentence_spans(text)


def as_read(text: str, passages: Sequence[Span]) -> list[str]:
    """The passages of a document's text with spaces in the place of what can't be evidence.

    The encoder reads these, so that what surrounds an instruction is understood as if it were not there,
    and so that what is hidden stays so in each of the passages that it runs through.
    """
    hidden = list(_elements(text)) if "<" in text else []
    return [_blanked(text, passage, hidden) for passage in passages]


def _blanked(text: str, passage: Span, hidden: Sequence[Span]) -> str:
    begin, end = passage
    letters = list(re.sub(r"\S", " ", text[begin:end]))
    for a, b in statements(text[begin:end]):
        if not any(start < begin + b and begin + a < stop for start, stop in hidden):
            letters[a:b] = text[begin + a : begin + b]
    return "".join(letters)


def _screened(text: str, sentence: Span, blocks: Sequence[Span]) -> tuple[list[Span], list[bool]]:
    """A sentence, in pieces where only a part of it is no statement, and which of these are none."""
    start, end = sentence
    if not blocks and "\n" not in text[start:end]:
        return [sentence], [_is_screened(_with_picture(text, sentence))]
    within = sorted((max(a, start), min(b, end)) for a, b in blocks if a < end and start < b)
    parts: list[tuple[Span, bool]] = []
    for a, b in [*within, (end, end)]:
        for line in _LINE.finditer(text, start, max(start, a)):
            span = trim(text, *line.span())
            parts.append((span, _is_screened(_with_picture(text, span))))
        if a < b:
            parts.append(((a, b), True))
        start = max(start, b)
    if not any(out for _, out in parts):
        return [sentence], [len(parts) > 1 and _is_screened(text[slice(*sentence)])]
    return [span for span, _ in parts], [out for _, out in parts]


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


def _blocks(text: str) -> list[Span]:
    """Stretches of text that are no prose: what is hidden, or marked as part of a prompt or an answer."""
    blocks = list(_elements(text)) if "<" in text else []
    if any(mark in text for mark in _FENCES):
        blocks += _fenced(text)
    if not text.isascii():
        blocks += (match.span() for match in _UNSEEN.finditer(text))
    for mark, pattern in _MARKS:
        if mark in text:
            blocks += (match.span() for match in pattern.finditer(text))
    return blocks


_FENCES = (
    "<",
    "[INST",
    "[/",
    "##",
    "---",
    "===",
    "***",
    "role",
    "SYSTEM",
    "PROMPT",
    "INSTRUCTION",
    "ASSISTANT",
    "ADMIN",
)
_MARKS = (("]:", _COMMENT), ("[](", _COMMENT), ('":', _JSON), ("':", _JSON), (":\n", _SOURCES))


def _elements(text: str) -> Iterator[Span]:
    """Comments, hidden elements and the parts of a prompt; what never closes ends with its paragraph."""
    end, unclosed = 0, set()
    for match in _ELEMENT.finditer(text):
        name = next(filter(None, match.groups())).lower()
        if match.start() < end:
            continue
        closed = None if name in unclosed else _closing(text, name, match.end())
        if closed is None:
            unclosed.add(name)  # so that each end is looked for once
        if closed or not match[3]:
            end = closed or _paragraph_end(text, match.end())
            yield match.start(), end


def _closing(text: str, name: str, start: int) -> int | None:
    """Where the comment or the element of that name ends whose first mark ends at `start`."""
    if name == "!--":
        at = text.find("-->", start)
        return at + 3 if at >= 0 else None
    depth = 1
    for tag in re.compile(rf"<(/?){name}\b[^<>]{{0,300}}>?", re.IGNORECASE).finditer(text, start):
        depth += -1 if tag[1] else 1
        if depth == 0:
            return tag.end()
    return None


def _fenced(text: str) -> list[Span]:
    """From the first mark of a chat template, or of a prompt's parts, to the last one that closes it.

    Where none does, or it closes what was never opened, the paragraph after the last one belongs to it.
    """
    opens = [match.span() for match in _OPENS.finditer(text)]
    closes = [match.span() for match in _CLOSES.finditer(text)]
    opens += [match.span() for match in _REPLY.finditer(text)] if opens else []
    if not opens and not closes:
        return []
    start, last = min(opens + closes)[0], max(opens + closes)
    closed = last in closes and bool(opens) and min(opens) < last
    return [(start, last[1] if closed else _paragraph_end(text, last[1]))]


def _paragraph_end(text: str, start: int) -> int:
    found = _PARAGRAPH_END.search(text, start)
    return found.start() if found else len(text)


def _spread(text: str, spans: Sequence[Span], screened: list[bool]) -> None:
    """Screen what an instruction takes along.

    That is: on its line, what stands between it and the next one; the rest of a line that is screened for
    the most part, or for half where it opens with an instruction; what a colon or an open quotation of it
    announces.
    """
    for _, group in groupby(range(len(spans)), key=lambda i: text.count("\n", 0, spans[i][0])):
        line = list(group)
        found = [i for i in line if screened[i]]
        for a, b in pairwise(found):
            if b - a <= _BETWEEN:
                screened[a:b] = [True] * (b - a)
        opens = bool(found) and found[0] == line[0]
        if 2 * len(found) + opens > len(line):
            screened[line[0] : line[-1] + 1] = [True] * len(line)
    found = list(screened)
    quoted = False
    for i, (before, after) in enumerate(pairwise(spans), start=1):
        words = text[slice(*before)]
        quoted = screened[i - 1] and (quoted + len(_QUOTES.findall(words))) % 2 == 1
        announced = found[i - 1] and words.endswith(":")
        screened[i] |= announced or (quoted and "\n" not in text[before[1] : after[0]])
