"""Which number and which date belong to what: "the protests in 2020" are not "the protests in 2014".

A value of a sentence is held against the values of its kind in the evidence: what stands near it in the
sentence should stand near the same value there, and not much nearer to another one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from itertools import combinations

from qa.finding.lexical import FUNCTION_WORDS
from qa.language.dates import DateSpan
from qa.language.names import words
from qa.language.text import REMEMBERED
from qa.language.words import stem
from qa.support.grounding import dates_in, implies, without_dates
from qa.support.quantities import quantities

_REACH = 5
"""Content words on either side that tell what a value is of."""

_SURELY = 1.5
"""How many times nearer another value must be to count as the one that is meant."""

_LEAST = 0.7
"""The least nearness of the other value: nearly that of a common neighbour."""

_EXCHANGED = 1.2
"""The same for two values at once, which are taken for each other."""


@dataclass(frozen=True, slots=True)
class _Value:
    """A value as it stands in a text; `near` has the stems before and after it, 1 for the next, 1/2 …"""

    written: str
    kind: str
    value: DateSpan | Decimal | str
    near: Mapping[tuple[str, bool], float]


def misplaced(sentence: str, statements: Sequence[str]) -> tuple[str, ...]:
    """The numbers and dates of `sentence` that its evidence gives for something else, as they are written."""
    known = [value for statement in statements for value in _values(statement)]
    told = _values(sentence)
    found = [one.written for one in told if _is_elsewhere(one, known)]
    for one, other in combinations(told, 2):
        if one.kind != other.kind or _is_same(one, other) or _is_same(other, one):
            continue
        kept = _nearest(one, one, known), _nearest(other, other, known)
        exchanged = _nearest(one, other, known) + _nearest(other, one, known)
        if min(kept) > 0 and exchanged > _EXCHANGED * sum(kept):
            found += [one.written, other.written]
    return tuple(dict.fromkeys(found))


def _nearest(told: _Value, value: _Value, known: Sequence[_Value]) -> float:
    """How near what stands around `told` is to `value`, where the evidence has it."""
    return max((_nearness(told, one) for one in known if _is_same(one, value)), default=0.0)


def _is_elsewhere(told: _Value, known: Sequence[_Value]) -> bool:
    """Whether the evidence has the value, and what stands around it near another one of its kind."""
    alike = [one for one in known if one.kind == told.kind]
    others = [_nearness(told, one) for one in alike if not _is_same(one, told)]
    if not others or len(others) == len(alike):
        return False
    return max(others) > max(_LEAST, _SURELY * _nearest(told, told, known))


@lru_cache(REMEMBERED)
def _values(text: str) -> tuple[_Value, ...]:
    plain = without_dates(text)
    found: list[tuple[int, int, str, DateSpan | Decimal | str]] = []
    found += [(one.start, one.end, one.calendar, one) for one in dates_in(text)]
    found += [(one.start, one.end, one.unit, one.value) for one in quantities(plain)]
    content = [
        (word.start, word.end, stem(word.key))
        for word in words(text)
        if word.key not in FUNCTION_WORDS and not any(a <= word.start < b for a, b, _, _ in found)
    ]
    return tuple(_Value(text[a:b], kind, value, _around(a, b, content)) for a, b, kind, value in found)


def _around(start: int, end: int, content: Sequence[tuple[int, int, str]]) -> dict[tuple[str, bool], float]:
    before = [key for a, b, key in content if b <= start][::-1]
    after = [key for a, b, key in content if a >= end]
    near: dict[tuple[str, bool], float] = {}
    for follows, side in ((False, before), (True, after)):
        for distance, key in enumerate(side[:_REACH], 1):
            near.setdefault((key, follows), 1 / distance)
    return near


def _nearness(told: _Value, known: _Value) -> float:
    """How near what stands around the one value is to the other; on its other side, half as near."""
    return sum(
        near * max(known.near.get((key, follows), 0.0), known.near.get((key, not follows), 0.0) / 2)
        for (key, follows), near in told.near.items()
    )


def _is_same(known: _Value, told: _Value) -> bool:
    if known.kind != told.kind:
        return False
    if isinstance(known.value, DateSpan) and isinstance(told.value, DateSpan):
        return implies(known.value, told.value)
    return known.value == told.value
