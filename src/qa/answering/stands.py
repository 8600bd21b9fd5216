"""What each source gives as the answer: its likeliest value, and how serious an answer that is."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from qa.language.short_answer import AnswerType, options, possible_answers
from qa.language.text import REMEMBERED
from qa.language.values import Value, compare, values
from qa.language.words import term_set, terms
from qa.weights import logistic, weights


@dataclass(frozen=True, slots=True)
class Statement:
    """One ranked evidence sentence, as disagreements need it.

    `passage` is the text around the sentence, itself included; `relevance` is the probability in
    [0, 1] that the sentence is about what is asked.
    """

    number: int
    document_id: str
    title: str
    published: str | None
    sentence: str
    passage: str
    relevance: float


@dataclass(frozen=True, slots=True)
class Stand:
    """A value that a statement gives, with FEATURES and the probability that it is what is asked for."""

    statement: Statement
    value: Value
    features: tuple[float, ...]
    strength: float


FEATURES = (
    "intercept",
    "sentence",  # coverage of the question's terms, weighed by rarity among the statements
    "context",  # the same with the title and what stands beside the sentence
    "context_share",  # context as a share of the best statement's
    "relevance",
    "relevance_share",  # relevance as a share of the best statement's
    "beside",  # relevance of the best statement next to this one
    "further",  # told as another, a second, a later one
    "sure",  # probability of the value, given that the sentence answers
)
NEAR = 300  # characters each side of a sentence that can carry its subject
NEIGHBOUR = 0.8  # what a question term counts when it stands beside the sentence, not in it
AGAIN = 0.3  # what being told as another, later case takes away there
OWN_WORDS = 0.6  # what a sentence's own coverage adds when statements of one document compete
_FURTHER = re.compile(r"\b(?:another|second|again|later|subsequent(?:ly)?|next|follow-up|further)\b", re.I)
_THEN = re.compile(
    r"\b(?:that|this|the same) (?:day|night|time|week|month|year|occasion|meeting|event)\b", re.I
)
_INCOMPARABLE = ({"count", "percent"}, {"count", "money"}, {"percent", "money"})
"""Numbers of such kinds neither say nor deny the same."""
_ELSEWHEN = re.compile(r"\b(?:ahead of|before|prior to|after|following|since|until)\b[^,;:]*", re.I)


def group_of(value: Value) -> str:
    """Which weights a value has: dates and amounts, names and phrases are not equally sure."""
    return value.kind if value.kind in ("name", "phrase") else "value"


def best_stands(question: str, kind: AnswerType, statements: Sequence[Statement]) -> list[Stand]:
    """Each document's best stand, strongest first: of numbers those of the strongest one's kind."""
    found = all_stands(question, kind, statements)
    strongest = max(found, key=lambda stand: stand.strength, default=None)
    best: dict[str, Stand] = {}
    for stand in found:
        if strongest is None or {stand.value.kind, strongest.value.kind} in _INCOMPARABLE:
            continue
        held = best.get(stand.statement.document_id)
        if held is None or _fit(stand) > _fit(held):
            best[stand.statement.document_id] = stand
    return sorted(best.values(), key=lambda s: -s.strength)


def _fit(stand: Stand) -> float:
    """Within a document, a sentence with the question's words goes before its neighbours, the first case told
    before another."""
    own, further = (stand.features[FEATURES.index(name)] for name in ("sentence", "further"))
    return stand.strength + OWN_WORDS * own - AGAIN * further


def all_stands(question: str, kind: AnswerType, statements: Sequence[Statement]) -> list[Stand]:
    """The likeliest value of every statement that honours the question's own dates and numbers."""
    asked = tuple(v for v in values(question) if v.kind != "name")
    if kind not in ("who", "where", "other"):
        statements = [_with_subject(question, s, statements) for s in statements]
    rows = statement_features(question, statements)
    ordinary = frozenset().union(*(_lower(s.passage) for s in statements))
    stands = []
    for statement, row in zip(statements, rows, strict=True):
        if not _honours(asked, statement):
            continue
        found = possible_answers(question, statement.sentence)
        for value, sure in [(v, p) for v, p in found if not _is_ordinary(v, kind, ordinary)][:1]:
            features = (*row, sure)
            by = weights(f"disagreement.{group_of(value)}", FEATURES)
            stands.append(Stand(statement, value, features, logistic(features, by)))
    return stands


def _with_subject(question: str, statement: Statement, statements: Sequence[Statement]) -> Statement:
    """The statement, as relevant as what its source says elsewhere of what its date or number is of.

    "In 1931 they signed a contract. The Treaty of the Lakes was to last." The second has no date, so that
    only the first can be when the treaty was signed; and it has one of the question's words. Names stand
    beside all sorts of things, so that for them this would make false conflicts (eval/LOG.md).
    """
    if not _asked_words(question) & term_set(statement.sentence):
        return statement
    beside = (s for s in statements if _adjacent(statement, s) and not options(question, s.sentence))
    is_first = not _FURTHER.search(question) and not _is_further(statement)
    further = _further_cases(question, statement, statements) if is_first else ()
    return replace(statement, relevance=max(s.relevance for s in (statement, *beside, *further)))


def _further_cases(question: str, first: Statement, statements: Sequence[Statement]) -> list[Statement]:
    """What the source tells of another, a second such case, with a value too.

    "A second march drew 500" makes what is told of a march before it the first one, and the encoder does not
    know which of the two is asked about: the first is no less relevant (`_fit` puts it before the other).
    """
    told = (s for s in statements if s.document_id == first.document_id and _is_further(s))
    return [s for s in told if options(question, s.sentence)] if options(question, first.sentence) else []


@lru_cache(REMEMBERED)
def _lower(text: str) -> frozenset[str]:
    """The words that a text writes without a capital."""
    return frozenset(re.findall(r"\b[^\W\d_A-ZÀ-Þ]\w+", text))


def _is_ordinary(value: Value, kind: AnswerType, ordinary: frozenset[str]) -> bool:
    """Whether it is no name, since it is also written without capital (truecasing, Lita et al. 2003)."""
    words = value.unit.split()
    if value.kind != "name" or (kind == "other" and len(words) > 1):
        return False
    return all(word in ordinary or len(word) < 2 for word in words)


def is_told(question: str, stands: Sequence[Stand]) -> bool:
    """Whether the sentences tell what is asked, and do not only name whom it is asked of.

    "How much has Ann lent to Bob?" is not answered by what Ann gave Bob and what Bob took from Ann, nor
    is it disputed by what Bob wants to borrow. Of names and phrases one sentence need tell it (who and where
    names are asked for none), of dates that of the best supported position: there the other one often says it
    in other words, while numbers count all sorts of things.
    """
    wanted = _asked_words(question)
    told = [wanted & _told_words(question, stand) for stand in stands]
    if any(group_of(s.value) in ("name", "phrase") for s in stands):
        return not wanted or any(told)
    dates = all(s.value.kind == "date" for s in stands)
    return not wanted or bool(told[0] if dates else set.intersection(*told))


def _asked_words(question: str) -> set[str]:
    """The terms of the question that are no names: what is asked, not of whom."""
    return {t for t, a, _ in terms(question) if a == 0 or not question[a].isupper()}


def _told_words(question: str, stand: Stand) -> set[str]:
    """The terms of the sentence, but for those that only say what came before or after what it tells.

    "Ahead of the march two men were held" does not tell how many marched. Where the question asks for a
    before or after itself, they count.
    """
    sentence, at = stand.statement.sentence, stand.value.start
    aside = [] if _ELSEWHEN.search(question) else [m.span() for m in _ELSEWHEN.finditer(sentence)]
    aside = [(start, end) for start, end in aside if not start <= at < end]
    return {t for t, a, _ in terms(sentence) if not any(start <= a < end for start, end in aside)}


def statement_features(question: str, statements: Sequence[Statement]) -> list[tuple[float, ...]]:
    """FEATURES of each statement, but for the last, which is the value's."""
    wanted = term_set(question)
    inside = [term_set(s.sentence) & wanted for s in statements]
    beside = [term_set(f"{s.title} {_around(s)}") & wanted for s in statements]
    seen = Counter(t for a, b in zip(inside, beside, strict=True) for t in a | b)
    idf = {t: math.log(1 + len(statements) / (0.5 + seen[t])) for t in wanted}
    total = sum(idf.values()) or 1.0
    own = [sum(idf[t] for t in a) / total for a in inside]
    near = [
        o + NEIGHBOUR * sum(idf[t] for t in b - a) / total
        for o, a, b in zip(own, inside, beside, strict=True)
    ]
    most = max(near, default=0.0) or 1.0
    top = max((s.relevance for s in statements), default=0.0) or 1.0
    further = bool(_FURTHER.search(question))
    return [
        (
            1.0,
            own[i],
            near[i],
            near[i] / most,
            max(s.relevance, 0.0),
            max(s.relevance / top, 0.0),
            max((o.relevance for o in statements if _adjacent(s, o)), default=0.0),
            float(not further and _is_further(s)),
        )
        for i, s in enumerate(statements)
    ]


def _adjacent(one: Statement, other: Statement) -> bool:
    """Whether nothing but white space stands between two sentences of one passage."""
    if one.document_id != other.document_id or one.passage != other.passage or one is other:
        return False
    first, second = one.passage.find(one.sentence), one.passage.find(other.sentence)
    if first > second:
        one, other, first, second = other, one, second, first
    return first >= 0 and not one.passage[first + len(one.sentence) : second].strip()


def _is_further(statement: Statement) -> bool:
    """Whether it is told as another case than the first: in it, or in the sentence "that day" refers to."""
    if _FURTHER.search(statement.sentence):
        return True
    before = statement.passage[: max(statement.passage.find(statement.sentence), 0)]
    return bool(_THEN.search(statement.sentence) and _FURTHER.search(before[-200:]))


def _around(statement: Statement) -> str:
    at = max(statement.passage.find(statement.sentence), 0)
    return statement.passage[max(at - NEAR, 0) : at + len(statement.sentence) + NEAR]


def _honours(asked: tuple[Value, ...], statement: Statement) -> bool:
    """Whether the dates and numbers the question names are the statement's own, or at least near it."""
    for wanted in asked:
        here = values(statement.sentence)
        same = [v for v in here if v.kind == wanted.kind]
        if any(_names_it(wanted, v) for v in same):
            continue
        if wanted.kind == "date" and same:
            return False
        if not any(_names_it(wanted, v) for v in values(f"{statement.title}. {_around(statement)}")):
            return False
    return True


def _names_it(wanted: Value, value: Value) -> bool:
    """Whether a value is the one asked about; a year alone does not name "December 20"."""
    vague = wanted.unit == "yearless" and value.unit == "ce" and value.low % 10000 == 0
    return value.kind == wanted.kind and not vague and compare(wanted, value) != "different"
