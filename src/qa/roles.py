"""Who does what to whom: "Russia invaded Ukraine" is not what "Ukraine invaded Russia" says.

English tells the two by their order around a predicate, turned round by the passive ("was invaded by").
Without a parser, a relation is read where two names stand with a predicate between them, or two words
stand right before and after one; "with" and "and" join equals and tell no roles.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from qa.lexical import FUNCTION_WORDS
from qa.names import runs, same_name, words
from qa.words import stem

_APART = re.compile(
    r"[.;:!?—–()\"“”]|\b(?:and|or|but|while|whereas|although|because|if|when|as|that|who|whose)\b"
)
_PASSIVE = re.compile(r"\bby\b", re.I)
# What two do with each other has no agent, and "X, said Y" and "Y said X" are the same.
_MUTUAL = frozenset(
    stem(word)
    for word in "with meet met marry married wed talk negotiate agree border neighbour neighbor ally allied "  # noqa: SIM905
    "unite merge differ differ resemble like unlike same similar equal fight fought play compete cooperate "
    "collaborate say said says tell told according including namely also".split()
)
_PLACING = frozenset("to from of against over than for in under".split())  # noqa: SIM905


@dataclass(frozen=True, slots=True)
class Relation:
    """`agent` does `predicate`, or stands before the preposition, to `patient`."""

    agent: str
    predicate: str
    patient: str


@dataclass(frozen=True, slots=True)
class _Unit:
    start: int
    end: int
    key: str
    name: bool


def swapped(sentence: str, statements: Sequence[str]) -> tuple[str, ...]:
    """The relations of `sentence` that the statements tell the other way round, and never this way."""
    told = [relation for text in statements for relation in relations(text)]
    return tuple(
        f"{one.agent} {one.predicate} {one.patient}"
        for one in relations(sentence)
        if any(_same(one, other, turned=True) for other in told)
        and not any(_same(one, other, turned=False) for other in told)
    )


@lru_cache(maxsize=4096)
def relations(text: str) -> tuple[Relation, ...]:
    """The relations that can be read off a text, each once."""
    units = _units(text)
    found = dict.fromkeys(_between_names(text, units))
    found |= dict.fromkeys(_around_predicates(text, units))
    return tuple(found)


def _units(text: str) -> list[_Unit]:
    """The names and the other content words of a text, in order."""
    named = [(run[0].start, run[-1].end, run[-1].key) for run in runs(text)]
    units = [_Unit(a, b, key, True) for a, b, key in named]
    units += (
        _Unit(word.start, word.end, stem(word.key), False)
        for word in words(text)
        if word.key not in FUNCTION_WORDS and not any(a <= word.start < b for a, b, _ in named)
    )
    return sorted(units, key=lambda unit: unit.start)


def _between_names(text: str, units: Sequence[_Unit]) -> Iterator[Relation]:
    places = [i for i, unit in enumerate(units) if unit.name]
    for i, j in itertools.pairwise(places):
        first, second, between = units[i], units[j], text[units[i].end : units[j].start]
        predicates = [unit.key for unit in units[i + 1 : j]]
        if _APART.search(between):
            continue
        if not predicates and _PASSIVE.search(between) and i > 0:  # "the invasion of Ukraine by Russia"
            yield Relation(second.key, units[i - 1].key, first.key)
        if not predicates:
            predicates = [word for word in re.findall(r"[a-z]+", between) if word in _PLACING]
        yield from _oriented(first.key, predicates, second.key, between)


def _around_predicates(text: str, units: Sequence[_Unit]) -> Iterator[Relation]:
    for first, verb, second in zip(units, units[1:], units[2:], strict=False):
        between = text[first.end : verb.start] + "\n" + text[verb.end : second.start]
        if not verb.name and not _APART.search(between) and "," not in between:
            yield from _oriented(first.key, [verb.key], second.key, between)


def _oriented(first: str, predicates: Sequence[str], second: str, between: str) -> Iterator[Relation]:
    if any(predicate in _MUTUAL for predicate in predicates) or re.search(r"\bwith\b", between):
        return
    if _PASSIVE.search(between):
        first, second = second, first
    for predicate in predicates:
        yield Relation(first, predicate, second)


def _same(one: Relation, other: Relation, *, turned: bool) -> bool:
    agent, patient = (other.patient, other.agent) if turned else (other.agent, other.patient)
    alike = one.predicate == other.predicate or (
        one.predicate[:4] == other.predicate[:4] and min(len(one.predicate), len(other.predicate)) > 3
    )
    return alike and _same_party(one.agent, agent) and _same_party(one.patient, patient)


def _same_party(a: str, b: str) -> bool:
    return stem(a) == stem(b) or same_name(a, b)
