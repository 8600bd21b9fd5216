"""Which number and which date belong to what: "the protests in 2020" are not "the protests in 2014".

A value of a sentence is held against the values of its kind in the evidence: what stands near it in the
sentence should stand near the same value there, and not much nearer to another one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from qa.dates import DateSpan
from qa.grounding import dates_in, implies, without_dates
from qa.lexical import FUNCTION_WORDS
from qa.names import words
from qa.quantities import quantities
from qa.words import stem

_REACH = 5
"""Content words on either side that tell what a value is of."""

_SURELY = 2.0
"""How many times nearer another value must be to count as the one that is meant."""


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
    found = []
    for told in _values(sentence):
        alike = [one for one in known if one.kind == told.kind]
        own = [_nearness(told, one) for one in alike if _is_same(one, told)]
        others = [_nearness(told, one) for one in alike if not _is_same(one, told)]
        if own and others and max(others) > _SURELY * max(own):
            found.append(told.written)
    return tuple(found)


@lru_cache(maxsize=4096)
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
    """How near what stands around the one value stands to the other; on its other side, half as near."""
    return sum(
        near * max(known.near.get((key, follows), 0.0), known.near.get((key, not follows), 0.0) / 2)
        for (key, follows), near in told.near.items()
    )


def _is_same(known: _Value, told: _Value) -> bool:
    if isinstance(known.value, DateSpan) and isinstance(told.value, DateSpan):
        return implies(known.value, told.value)
    return known.value == told.value
