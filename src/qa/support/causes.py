"""unfounded(sentence, statements) → the "because" of a sentence that joins what the evidence tells apart.

"It was closed because the roof leaked" can be made of two statements, each of which is true, and of which
neither says why. So what is given as a reason has to stand beside what it is the reason of, in this
direction, in one statement that says that one follows from the other, or in one that follows from another.
A reason that is told in other words is stopped too: its quote is shown instead.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from qa.language.words import term_set

_PLANNED = "be|arrive|open|begin|start|end|return|take|leave|retire|expire"
_BECAUSE = (
    rf"because(?: of)?|due to(?! (?:{_PLANNED})\b)|owing to|thanks to|as a (?:result|consequence) of"
    r"|on account of|caused by|(?<=, )as|since(?! (?:\d|then|early|late|mid))"
)
_SO = (
    r"therefore|thus|hence|consequently|(?<=, )so|which is why|led to|leads to|caus(?:es?|ed(?! by)|ing)"
    r"|resulted in"
)
_GIVEN = re.compile(rf"\b(?:(?P<because>{_BECAUSE})|(?P<so>{_SO}))\b", re.I)
_FOLLOWS = re.compile(
    rf"\b(?:{_BECAUSE}|{_SO}|as|for|due|accordingly|reasons?|results?|resulted|consequences?|leading to|why"
    r"|in order to|forc(?:e[ds]?|ing)|prompt(?:s|ed|ing)?)\b",
    re.I,
)
_SURELY = re.compile(rf"^(?:{_SO}|so|accordingly|as a (?:result|consequence)|for this reason)\b", re.I)
"""How a statement begins that follows from the one before it."""

_END = re.compile(r"[,;:.?!](?=\s|$)")
_MOST = 0.5
"""More than this share of a clause's terms are in a statement that tells it."""

_Clauses = tuple[set[str], set[str]]
"""The terms of what is told, and those of its reason."""


def unfounded(sentence: str, statements: Sequence[str]) -> tuple[str, ...]:
    """The words that give a reason in `sentence` where no statement does, as they are written."""
    return tuple(
        match[0]
        for match in _GIVEN.finditer(sentence)
        if not _is_founded(*_clauses(sentence, match), statements)
    )


def _clauses(sentence: str, match: re.Match[str]) -> _Clauses:
    end = _END.search(sentence, match.end())
    cut = end.start() if end else len(sentence)
    after, around = sentence[match.end() : cut], f"{sentence[: match.start()]} {sentence[cut:]}"
    effect, reason = (around, after) if match["because"] else (after, around)
    return term_set(effect), term_set(reason)


def _is_founded(effect: set[str], reason: set[str], statements: Sequence[str]) -> bool:
    tell_reason = [text for text in statements if _is_told(reason, term_set(text))]
    for text in statements:
        if not _is_told(effect, term_set(text)):
            continue
        if text in tell_reason and _FOLLOWS.search(text) and not _is_turned(effect, reason, text):
            return True
        if _SURELY.search(text) and any(other != text for other in tell_reason):
            return True
    return False


def _is_turned(effect: set[str], reason: set[str], text: str) -> bool:
    """Whether the statement gives as the reason what is told to be its effect."""
    own = [_clauses(text, match) for match in _GIVEN.finditer(text)]
    kept = sum(len(effect & told) + len(reason & why) for told, why in own)
    return sum(len(effect & why) + len(reason & told) for told, why in own) > kept


def _is_told(clause: set[str], held: set[str]) -> bool:
    return not clause or len(clause & held) > _MOST * len(clause)
