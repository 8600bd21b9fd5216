"""unfounded(sentence, statements) → the "because" of a sentence that joins what the evidence tells apart.

"It was closed because the roof leaked" can be made of two statements, each of which is true, and of which
neither says why. So what is given as a reason has to stand beside what it is the reason of in one
statement, or in a statement that itself says that something follows.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from qa.language.words import terms

_BECAUSE = re.compile(
    r"\b(?:because(?: of)?|due to|owing to|thanks to|as a (?:result|consequence) of|on account of)\b", re.I
)
_FOLLOWS = re.compile(
    r"\b(?:because|therefore|thus|hence|consequently|accordingly|so|since|due|owing|thanks|caus(?:e|es|ed|ing)"
    r"|reasons?|results?|resulted|consequences?|led to|leads? to|why)\b",
    re.I,
)
_END = re.compile(r"[,;:.?!](?=\s|$)")
_LEAST = 0.5
"""More than this share of a clause's terms are in a statement that tells it."""


def unfounded(sentence: str, statements: Sequence[str]) -> tuple[str, ...]:
    """The words that give a reason in `sentence` where no statement does, as they are written."""
    told = [({term for term, _, _ in terms(text)}, bool(_FOLLOWS.search(text))) for text in statements]
    return tuple(
        match[0] for match in _BECAUSE.finditer(sentence) if not _is_founded(*_clauses(sentence, match), told)
    )


def _clauses(sentence: str, match: re.Match[str]) -> tuple[set[str], set[str]]:
    """The terms of what is told, and those of its reason."""
    end = _END.search(sentence, match.end())
    cut = end.start() if end else len(sentence)
    effect, reason = f"{sentence[: match.start()]} {sentence[cut:]}", sentence[match.end() : cut]
    return {term for term, _, _ in terms(effect)}, {term for term, _, _ in terms(reason)}


def _is_founded(effect: set[str], reason: set[str], told: Sequence[tuple[set[str], bool]]) -> bool:
    both = [(_is_told(effect, held), _is_told(reason, held), follows) for held, follows in told]
    return any(
        (has_effect and has_reason)
        or (follows and (has_effect or has_reason) and _in_another(has_effect, number, both))
        for number, (has_effect, has_reason, follows) in enumerate(both)
    )


def _in_another(has_effect: bool, number: int, both: Sequence[tuple[bool, bool, bool]]) -> bool:
    """Whether another statement tells what the one of this number leaves out."""
    return any(one[1 if has_effect else 0] for i, one in enumerate(both) if i != number)


def _is_told(clause: set[str], held: set[str]) -> bool:
    return not clause or len(clause & held) > _LEAST * len(clause)
