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

from qa.finding.lexical import FUNCTION_WORDS
from qa.language.names import runs, same_name, words
from qa.language.text import REMEMBERED
from qa.language.words import stem

_APART = re.compile(
    r"[.;:!?—–()\"“”]|\b(?:and|or|but|while|whereas|although|because|if|when|as|that|who|whose)\b"
)
_CONJUNCTION = re.compile(r",? (?:and|but|or|then)(?: then| also| later)? |, ")
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


def exchanged(sentence: str, statements: Sequence[str]) -> tuple[str, ...]:
    """What `sentence` says that one does to another, where the statements have others in these places.

    "Tolland praised Brandt and criticised Petersen" does not say that she criticised Brandt, nor that the
    one whom Brandt praised was Petersen if Tolland did that.
    """
    told = [relation for text in statements for relation in _named(text)]
    own = _named(sentence)
    found = []
    for one in own:
        joined = re.search(r"\b(?:and|but|or)\b", one.written)
        if "," in one.written or (not joined and len(runs(one.written)) > 2):
            continue  # a name stands between, and it may be of that one that this is told
        pair = [r for r in own if (r.agent, r.patient) == (one.agent, one.patient)]
        if any(_same(r, other, turned=turned) for r in pair for other in told for turned in (False, True)):
            continue
        doing = [r for r in told if _same_party(r.agent, one.agent)]
        alike = [r for r in told if _same_predicate(r.predicate, one.predicate)]
        done = [r for r in (*doing, *alike) if _same_party(r.patient, one.patient)]
        if done and any(r in alike for r in doing):
            found.append(one.written)
    return tuple(dict.fromkeys(found))


@lru_cache(REMEMBERED)
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


@lru_cache(REMEMBERED)
def _named(text: str) -> tuple[Relation, ...]:
    """The relations of names, also those whose agent stands before an "and"."""
    units = _units(text)
    return tuple(dict.fromkeys([*_between_names(text, units), *_carried(text, units)]))


def _carried(text: str, units: Sequence[_Unit]) -> Iterator[Relation]:
    """ "Tolland praised Brandt and criticised Petersen", "Tolland praised Brandt and Petersen"."""
    places = [i for i, unit in enumerate(units) if unit.name]
    for at, (i, j) in enumerate(pairwise(places)):
        between = text[units[i].end : units[j].start]
        predicates = [unit.key for unit in units[i + 1 : j]]
        if _APART.search(between) or _PASSIVE.search(between) or not predicates:
            continue
        for before, after in pairwise(places[at + 1 :]):
            joint = text[units[before].end : units[after].start]
            conjunction = _CONJUNCTION.match(joint)
            if conjunction is None or _APART.search(joint, conjunction.end()):
                break
            further = [unit.key for unit in units[before + 1 : after]]
            predicates = further or predicates
            for predicate in predicates:
                if predicate not in _MUTUAL and not re.search(r"\bwith\b", joint):
                    written = text[units[i].start : units[after].end]
                    yield Relation(units[i].key, predicate, units[after].key, written)


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
    alike = _same_predicate(one.predicate, other.predicate)
    return alike and _same_party(one.agent, agent) and _same_party(one.patient, patient)


def _same_predicate(a: str, b: str) -> bool:
    return a == b or (a[:4] == b[:4] and min(len(a), len(b)) > 3)


def _same_party(a: str, b: str) -> bool:
    return stem(a) == stem(b) or same_name(a, b)
