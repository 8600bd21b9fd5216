"""Who does what to whom: "Russia invaded Ukraine" is not what "Ukraine invaded Russia" says.

English tells the two by their order around a predicate, turned round by the passive ("was invaded by").
Without a parser, a relation is read where two names stand with a predicate between them, or two words
stand right before and after one; "with" and "and" join equals and tell no roles.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise

from qa.lexical import FUNCTION_WORDS
from qa.names import runs, same_name, words
from qa.words import stem

_APART = re.compile(
    r"[.;:!?—–()\"“”]|\b(?:and|or|but|while|whereas|although|because|if|when|as|that|who|whose)\b"
)
_BY = re.compile(r"\bby\b")
_PASSIVE = re.compile(
    r"(?:\w(?:ed|en|wn|ght|ung)|\b(?:won|done|made|built|sent|held|told|sold|led|read|lost|kept|left|met|cut|hit|put"
    r"|shut|set|spent|struck|run|begun|\w*understood|paid|laid|heard|found|bound|fed|bred)) by\b(?! \w+ing\b)"
)
# What two do with each other has no agent, and "X, said Y" and "Y said X" are the same.
_MUTUAL = frozenset(
    stem(word)
    for word in "with meet met marry married wed talk negotiate agree border neighbour ally allied "  # noqa: SIM905
    "unite merge differ resemble like unlike same similar equal fight fought play compete cooperate "
    "collaborate say said says tell told according".split()
)
_PLACING = frozenset("to from of against over than for in under".split())  # noqa: SIM905


@dataclass(frozen=True, slots=True)
class Relation:
    """`agent` does `predicate`, or stands before that preposition, to `patient`, as `written`."""

    agent: str
    predicate: str
    patient: str
    written: str = field(compare=False)


@dataclass(frozen=True, slots=True)
class _Unit:
    start: int
    end: int
    key: str
    name: bool


def swapped(sentence: str, statements: Sequence[str]) -> tuple[str, ...]:
    """The relations of `sentence` that the statements tell the other way round, and never this way."""
    told = [relation for text in statements for relation in relations(text)]
    found = [
        one.written
        for one in relations(sentence)
        if any(_same(one, other, turned=True) for other in told)
        and not any(_same(one, other, turned=False) for other in told)
    ]
    return tuple(dict.fromkeys(found))


@lru_cache(maxsize=4096)
def relations(text: str) -> tuple[Relation, ...]:
    """The relations that can be read off a text, each once."""
    units = _units(text)
    return tuple(dict.fromkeys([*_between_names(text, units), *_around_predicates(text, units)]))


def _units(text: str) -> list[_Unit]:
    """The names and the other content words of a text, in order."""
    named = [(run[0].start, run[-1].end, run[-1].key) for run in runs(text)]
    units = [_Unit(a, b, key, True) for a, b, key in named]
    units += [
        _Unit(word.start, word.end, stem(word.key), False)
        for word in words(text)
        if word.key not in FUNCTION_WORDS and not any(a <= word.start < b for a, b, _ in named)
    ]
    return sorted(units, key=lambda unit: unit.start)


def _between_names(text: str, units: Sequence[_Unit]) -> Iterator[Relation]:
    places = [i for i, unit in enumerate(units) if unit.name]
    for i, j in [*pairwise(places), *zip(places, places[2:], strict=False)]:
        first, second, between = units[i], units[j], text[units[i].end : units[j].start]
        predicates = [unit.key for unit in units[i + 1 : j] if not unit.name]
        if _APART.search(between):
            continue
        if not predicates and _BY.search(between) and i > 0:  # "the invasion of Ukraine by Russia"
            written = text[units[i - 1].start : second.end]
            yield Relation(second.key, units[i - 1].key, first.key, written)
        if not predicates:
            predicates = [word for word in re.findall(r"[a-z]+", between) if word in _PLACING]
        yield from _oriented(text, first, predicates, second)


def _around_predicates(text: str, units: Sequence[_Unit]) -> Iterator[Relation]:
    for first, verb, second in zip(units, units[1:], units[2:], strict=False):
        between = text[first.end : second.start]
        if not verb.name and not _APART.search(between) and "," not in between:
            yield from _oriented(text, first, [verb.key], second)


def _oriented(text: str, first: _Unit, predicates: Sequence[str], second: _Unit) -> Iterator[Relation]:
    between, written = text[first.end : second.start], text[first.start : second.end]
    if any(predicate in _MUTUAL for predicate in predicates) or re.search(r"\bwith\b", between):
        return
    if _PASSIVE.search(between):
        first, second = second, first
    for predicate in predicates:
        yield Relation(first.key, predicate, second.key, written)


def _same(one: Relation, other: Relation, *, turned: bool) -> bool:
    agent, patient = (other.patient, other.agent) if turned else (other.agent, other.patient)
    alike = one.predicate == other.predicate or (
        one.predicate[:4] == other.predicate[:4] and min(len(one.predicate), len(other.predicate)) > 3
    )
    return alike and _same_party(one.agent, agent) and _same_party(one.patient, patient)


def _same_party(a: str, b: str) -> bool:
    return stem(a) == stem(b) or same_name(a, b)
