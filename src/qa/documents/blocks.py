"""prompt_blocks(text) → stretches of text that are no prose: hidden, or parts of a prompt or of an answer."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence

from qa.language.text import Span, paragraph_end, sentence_spans

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
    r"^\[[^\]\n]{0,80}\]: *(?:#|<>|//) *(?:\([^)\n]*\)|\"[^\"\n]*\"|[\"'(][^\n]*)"
    r"|(?<!!)\[\]\([^)\n]{1,500}\)",
    re.MULTILINE,
)
_UNSEEN = re.compile(
    "(?<!\U0001f3f4)[\U000e0000-\U000e01ef\ufe00-\ufe0f\u200b-\u200f\u2060-\u2064]{4,}"
    "|(?:[A-Za-z]+[\u200b-\u200d\u2060-\u2064] ?){4,}[A-Za-z]*"
)

# Marks of chat templates and of the parts that prompts are made of; a rule that labels one inside a line.
_PART = (
    r"(?:CONTEXT|DOCUMENTS?|SOURCES?|SYSTEM|PROMPT|INSTRUCTIONS?|ANSWER|QUESTION|USER|INPUT|PASSAGES?|TEXT)"
)
_RULE = r"(?:[\"']{3}|(?<![-=#*])[-=#*]{3,40}(?![-=#*]))"
_LABEL = re.compile(
    rf"{_RULE} ?\[?(?:(?:BEGIN|START|END)(?: OF)?(?: [A-Z]+){{0,2}} {_PART}(?: \d+)?"
    rf"|{_PART} (?:BEGINS|STARTS|ENDS|CONTINUES|RESUMES))\]? ?{_RULE}"
)
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
_SPOKEN = re.compile(r"</s>")
_REPLY = re.compile(r"^[^\w\n]{0,8}## ?(?:Response|Output|Answer|Input) ?:", re.IGNORECASE | re.MULTILINE)

# The JSON of an answer or a message; a numbered list of sources.
_KEYS = (
    r"[\"'](?:role|answer|claims|citations|evidence_numbers|final_answer|assistant|system|instructions?)"
    r"[\"'] ?: ?[\"'\[{]"
)
_JSON = re.compile(rf"[\"'{{][^\n{{]{{0,80}}?{_KEYS}(?:[^\n]*[\]}}]|[^\n]*)")
_CITED_ANSWER = re.compile(
    r"(?<!\])(?<!\] )(?:\[\d+\] ?){2,20}(?:the|my|your) (?:\w+ )?answer (?:is|was)\b[^.\n]*\.?", re.I
)
_SOURCES = re.compile(
    r"^[^\w\n]{0,8}(?:(?:[\w-]{1,20} ){0,2}(?:sources|citations|references)(?: \w{1,20}){0,4}"
    r"|(?:(?:retrieved|verified|supporting|search) )?(?:evidence|documents?|context|passages|results)"
    r"(?= ?:[^\S\n]*\n\W{0,8}?(?:\[|\d\W{1,3}\[))) ?:[^\S\n]*"
    r"(?:\n(?:\W{0,8}\d|question ?:|answer ?:)[^\n]*)+",
    re.IGNORECASE | re.MULTILINE,
)


def prompt_blocks(text: str) -> list[Span]:
    """Stretches of text that are no prose: what is hidden, or marked as part of a prompt or an answer."""
    blocks = list(elements(text)) if "<" in text else []
    if any(mark in text for mark in _FENCES):
        blocks += _fenced(text, blocks)
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
    '"""',
    "'''",
    "role",
    "SYSTEM",
    "PROMPT",
    "INSTRUCTION",
    "ASSISTANT",
    "ADMIN",
)
_MARKS = (
    ("]:", _COMMENT),
    ("[](", _COMMENT),
    ('":', _JSON),
    ("':", _JSON),
    (":\n", _SOURCES),
    ("[1]", _CITED_ANSWER),
)


def elements(text: str) -> Iterator[Span]:
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
            end = closed or paragraph_end(text, match.end())
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


def _fenced(text: str, known: Sequence[Span]) -> list[Span]:
    """From the first mark of a chat template, or of a prompt's parts, to the last one that closes it.

    Where none does, or it closes what was never opened, the paragraph after the last one belongs to it; the
    sentence, where prose stands before the first one on its line. A label alone is but itself; of several,
    all but those that begin something in the next line close. Marks inside of `known` blocks, in order, are
    theirs.
    """
    opens, closes = _outside(_OPENS, text, known), _outside(_CLOSES, text, known)
    opens += _outside(_REPLY, text, known) if opens else []
    closes += _outside(_SPOKEN, text, known) if opens and "<s>" not in text else []
    labels = _outside(_LABEL, text, known)
    if not opens and not closes and len(labels) < 2:
        return labels
    opens, closes = opens + labels, closes + [one for one in labels if not _begins(text, *one)]
    start, last = min(opens + closes)[0], max(opens + closes)
    if last in closes and opens and min(opens) < last:
        return [(start, last[1])]
    end = paragraph_end(text, last[1])
    if text[text.rfind("\n", 0, start) + 1 : start].strip():
        end = next((last[1] + stop for _, stop in sentence_spans(text[last[1] : end])), end)
    return [(start, end)]


def _begins(text: str, start: int, end: int) -> bool:
    """Whether the label begins what stands in the next line."""
    return "END" not in text[start:end] and text[end : end + 1] == "\n"


def _outside(pattern: re.Pattern[str], text: str, known: Sequence[Span]) -> list[Span]:
    """The spans of the matches that begin in none of the `known` spans, which are in order and apart."""
    starts = [start for start, _ in known]
    spans = (match.span() for match in pattern.finditer(text))
    before = ((span, bisect_right(starts, span[0]) - 1) for span in spans)
    return [span for span, i in before if i < 0 or span[0] >= known[i][1]]
