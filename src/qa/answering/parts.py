"""parts(question): "how much, and in how many projects?" asks two things, and may be half answered."""

from __future__ import annotations

import re

from qa.finding.question import standalone
from qa.language.words import INTERROGATIVES
from qa.types import Turn

_INTERROGATIVE = rf"(?:{'|'.join(INTERROGATIVES)})"
_JOINT = re.compile(rf",? and (?=(?:(?:in|at|by|for|from|of|on|to|with) )?{_INTERROGATIVE}\b)", re.IGNORECASE)
_ASKS = re.compile(rf"\b{_INTERROGATIVE}\b", re.IGNORECASE)
_MOST = 3


def parts(question: str) -> tuple[str, ...]:
    """The questions that `question` joins with "and", each standing alone; one where there is no joint."""
    first, *others = _JOINT.split(question, maxsplit=_MOST - 1)
    if not others or not _ASKS.search(first):
        return (question,)
    history = (Turn("user", f"{first.strip()}?"),)
    return (f"{first.strip()}?", *(standalone(_capitalised(one), history) for one in others))


def _capitalised(text: str) -> str:
    return text[:1].upper() + text[1:]
