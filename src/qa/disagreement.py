"""Do the sources disagree? Values that answer one question, compared across documents.

Trust is lost faster by a false conflict than by a missed one, so a sentence takes a position only
if it answers the question about as well as the best sentence does, and honours the dates and
numbers the question names. Two values conflict when they differ as values: other words, another
precision, or a rounder number are the same position.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from qa.short_answer import AnswerType, answer_type, is_lasting, possible_answers
from qa.types import Disagreement, Position
from qa.values import Value, compare, values
from qa.words import terms


@dataclass(frozen=True, slots=True)
class Statement:
    """One ranked evidence sentence, as this module needs it.

    `passage` is the text around the sentence, itself included; `relevance` is the ranker's score,
    higher is better, on a ratio scale (cosine, MaxSim), comparable within one question.
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
    """The value that a document's best statement gives, and how well that statement answers (0 to 1)."""

    statement: Statement
    value: Value
    features: tuple[float, ...]
    strength: float


NEAR = 300  # characters each side of a sentence that can carry its subject
NEIGHBOUR = 0.8  # what a question term counts when it stands beside the sentence, not in it
OWN_WORDS = 0.6  # what a sentence's own coverage adds when statements of one document compete
SERIOUS = 0.33  # least strength of a statement that takes a position
COMPARABLE = 0.5  # least strength as a share of the best statement's
OUTWEIGHED = 0.3  # least summed strength of a position as a share of the strongest position's
RELATED = 0.1  # the same for a duration that goes back to the same time as a serious one
SURE_NAME = 0.65  # least probability that a name is the one asked for; names are the least sure values
_DENIAL = re.compile(r"\b(?:not|never|no longer|neither|nor|denied|cannot)\b|n[’']t\b", re.I)
# Logistic weights of the features below and of the value's probability, for values and for names, fitted
# on half of the questions of RAMDocs and QACC to "the value is one of the gold positions".
_WEIGHTS = {False: (-3.1, 0.16, 0.94, 1.52, 0.74, 0.53), True: (-3.62, 0.47, 0.15, 1.35, 1.22, 0.65)}


def find_disagreement(question: str, statements: Sequence[Statement]) -> Disagreement | None:
    """The positions the sources take, when there are several that exclude each other, or None.

    `statements` come from one or more documents, best first; each document takes at most one
    position, that of its best statement. "as_of" means the values differ because the documents
    were published at different times.
    """
    kind = answer_type(question)
    if kind == "yes_no":
        return _polarity(question, statements)
    stands = take_stands(question, kind, statements)
    groups = _group(kind, question, stands)
    weight = [sum(stand.strength for stand in group) for group in groups]
    groups = [g for g, w in zip(groups, weight, strict=True) if w >= OUTWEIGHED * max(weight)]
    if len(groups) < 2:
        return None
    return Disagreement(_kind(kind, question, groups), tuple(_position(group) for group in groups))


def take_stands(question: str, kind: AnswerType, statements: Sequence[Statement]) -> list[Stand]:
    """Each document's best stand, strongest first, the weak ones left out."""
    best: dict[str, Stand] = {}
    for stand in all_stands(question, kind, statements):
        held = best.get(stand.statement.document_id)
        if held is None or _fit(stand) > _fit(held):
            best[stand.statement.document_id] = stand
    stands = sorted(best.values(), key=lambda s: -s.strength)
    floor = max(SERIOUS, COMPARABLE * stands[0].strength) if stands else 0.0
    serious = [s for s in stands if s.strength >= floor]
    if not is_lasting(kind, question):
        return serious
    # That it goes back to the same beginning shows that a weaker statement speaks of the same thing.
    related = [s for s in stands if s.strength >= RELATED and any(_same_beginning(s, o) for o in serious)]
    return [s for s in stands if s in serious or s in related]


def _fit(stand: Stand) -> float:
    """Within a document, the sentence that has the question's words itself goes before its neighbours."""
    return stand.strength + OWN_WORDS * stand.features[1]


def all_stands(question: str, kind: AnswerType, statements: Sequence[Statement]) -> list[Stand]:
    """The likeliest value of every statement that honours the question's own dates and numbers."""
    asked = tuple(v for v in values(question) if v.kind != "name")
    rows = stand_features(question, statements)
    stands = []
    for statement, row in zip(statements, rows, strict=True):
        if not _honours(asked, statement):
            continue
        for value, sure in possible_answers(question, statement.sentence)[:1]:
            if value.kind == "name" and sure < SURE_NAME:
                continue
            weights = _WEIGHTS[value.kind == "name"]
            odds = sum(w * x for w, x in zip(weights, (*row, sure), strict=True))
            stands.append(Stand(statement, value, (*row, sure), 1 / (1 + math.exp(-odds))))
    return stands


def stand_features(question: str, statements: Sequence[Statement]) -> list[tuple[float, ...]]:
    """Per statement: 1, coverage of the question's terms in it, with its surroundings, relevance as a share
    of the best. Terms weigh by their rarity among the statements (inverse document frequency)."""
    wanted = {t for t, _, _ in terms(question)}
    inside = [{t for t, _, _ in terms(s.sentence)} & wanted for s in statements]
    beside = [{t for t, _, _ in terms(f"{s.title} {_around(s)}")} & wanted for s in statements]
    seen = Counter(t for a, b in zip(inside, beside, strict=True) for t in a | b)
    idf = {t: math.log(1 + len(statements) / (0.5 + seen[t])) for t in wanted}
    total = sum(idf.values()) or 1.0
    top = max((s.relevance for s in statements), default=1.0) or 1.0
    rows: list[tuple[float, float, float, float]] = []
    for statement, a, b in zip(statements, inside, beside, strict=True):
        sentence = sum(idf[t] for t in a) / total
        context = sentence + NEIGHBOUR * sum(idf[t] for t in b - a) / total
        rows.append((1.0, sentence, context, max(statement.relevance / top, 0.0)))
    most = max((row[2] for row in rows), default=0.0) or 1.0
    return [(*row, row[2] / most) for row in rows]


def _around(statement: Statement) -> str:
    at = max(statement.passage.find(statement.sentence), 0)
    return statement.passage[max(at - NEAR, 0) : at + len(statement.sentence) + NEAR]


def _honours(asked: tuple[Value, ...], statement: Statement) -> bool:
    """Whether the dates and numbers the question names are the statement's own, or at least near it."""
    here = values(statement.sentence)
    near = values(f"{statement.title}. {_around(statement)}") if asked else ()
    for wanted in asked:
        same = [v for v in here if v.kind == wanted.kind]
        if any(_names_it(wanted, v) for v in same):
            continue
        if wanted.kind == "date" and same:
            return False
        if not any(_names_it(wanted, v) for v in near):
            return False
    return True


def _names_it(wanted: Value, value: Value) -> bool:
    """Whether a value is the one asked about; a year alone does not name "December 20"."""
    vague = wanted.unit == "yearless" and value.unit == "ce" and value.low % 10000 == 0
    return value.kind == wanted.kind and not vague and compare(wanted, value) != "different"


def _group(kind: AnswerType, question: str, stands: Sequence[Stand]) -> list[list[Stand]]:
    """Stands that can all be true together, one group a position."""
    if kind == "duration":  # the contemporaries first: "since 1994" fits durations of every year
        stands = sorted(stands, key=lambda s: s.statement.published or "")
    groups: list[list[Stand]] = []
    for stand in stands:
        home = next(
            (g for g in groups if not any(_exclude(kind, question, stand, other) for other in g)), None
        )
        if home is None:
            groups.append([stand])
        else:
            home.append(stand)
    return groups


def _exclude(kind: AnswerType, question: str, a: Stand, b: Stand) -> bool:
    """Whether two stands cannot both be the answer: neither sentence also holds the other's value."""
    if is_lasting(kind, question) and _began(a) and _began(b):
        return not _same_beginning(a, b) or _grown(a, b)
    if a.value.kind != b.value.kind or compare(a.value, b.value) != "different":
        return False
    if kind not in ("when", "who", "where", "other") and _other_times(a, b) and not _present(question):
        return False
    for one, other in ((a, b), (b, a)):
        where = other.statement.passage if one.value.kind == "name" else other.statement.sentence
        if any(_also_said(one.value, v) for v in values(where)):
            return False
    return True


def _also_said(value: Value, other: Value) -> bool:
    """Whether the other is the value again; a weekday or "20 December" could be of any year and is not."""
    dated = value.kind != "date" or value.unit == other.unit
    return value.kind == other.kind and dated and compare(value, other) != "different"


def _present(question: str) -> bool:
    """Whether a state of now is asked for, which differs by the time of writing."""
    return re.search(r"\b(is|are|has|have|does|do|current|currently|now)\b", question.lower()) is not None


def _other_times(a: Stand, b: Stand) -> bool:
    """Whether both sentences date what they say, and differently."""
    ours, theirs = ([v for v in values(s.statement.sentence) if v.kind == "date"] for s in (a, b))
    return bool(ours and theirs) and all(compare(x, y) == "different" for x in ours for y in theirs)


def _began(stand: Stand) -> tuple[float, float] | None:
    """The years in which a state began that a "since 1994" or "for 25 years" tells of, give or take."""
    value, months = stand.value, _months(stand.statement.published)
    if value.kind == "date":
        return value.low // 10000, value.high // 10000 + 1.0
    return (months / 12 - value.high / 365 - 0.5, months / 12 - value.low / 366 + 0.5) if months else None


def _same_beginning(a: Stand, b: Stand) -> bool:
    ours, theirs = _began(a), _began(b)
    return bool(ours and theirs and ours[0] <= theirs[1] and theirs[0] <= ours[1])


def _grown(a: Stand, b: Stand) -> bool:
    """Durations up to now that differ by about the time between the two publications."""
    years = _years_apart(a, b)
    durations = a.value.kind == b.value.kind == "duration"
    return durations and years >= 1 and abs(_nominal(a.value) - _nominal(b.value)) >= 0.5 * years * 365


def _nominal(value: Value) -> float:
    """The number itself: 25 years of "more than 25 years"."""
    hedge = r"^\D*?\b(?:than|over|least|about|around|nearly|almost|to|under|roughly|some|approximately)\s+"
    bare = re.sub(hedge, "", value.text)
    inner = values(bare)
    return inner[0].low if inner else value.low


def _months(published: str | None) -> int | None:
    """Months since year 0 of an ISO date; mid-year when only the year is known."""
    found = re.match(r"(\d{4})(?:-(\d\d))?", published or "")
    return int(found[1]) * 12 + int(found[2] or 6) if found else None


def _years_apart(a: Stand, b: Stand) -> float:
    """Years between two publications; 0 when one of them is not known."""
    ours, theirs = _months(a.statement.published), _months(b.statement.published)
    return abs(ours - theirs) / 12 if ours and theirs else 0.0


def _kind(kind: AnswerType, question: str, groups: Sequence[Sequence[Stand]]) -> Literal["value", "as_of"]:
    """ "as_of" for a state that lasts, asked in the present, told at times at least a year apart."""
    if kind == "when" or not _present(question):
        return "value"
    pairs = [(a[0], b[0]) for i, a in enumerate(groups) for b in groups[i + 1 :]]
    if is_lasting(kind, question):
        return "as_of" if all(_same_beginning(a, b) for a, b in pairs) else "value"
    dated = kind not in ("who", "where", "other")
    apart = all(_years_apart(a, b) >= 1 or (dated and _other_times(a, b)) for a, b in pairs)
    return "as_of" if apart else "value"


def _position(group: Sequence[Stand]) -> Position:
    return Position(group[0].value.text, tuple(sorted({s.statement.number for s in group})))


def _polarity(question: str, statements: Sequence[Statement]) -> Disagreement | None:
    """Yes against no: the question's words affirmed in one document, denied in another."""
    sides: dict[str, list[int]] = {"yes": [], "no": []}
    rows = stand_features(question, statements)
    top = max((row[1] for row in rows), default=0.0)
    told: set[str] = set()
    for statement, row in zip(statements, rows, strict=True):
        if row[1] >= max(0.75, 0.9 * top) and statement.document_id not in told:
            told.add(statement.document_id)
            sides["no" if _DENIAL.search(statement.sentence) else "yes"].append(statement.number)
    if not sides["yes"] or not sides["no"]:
        return None
    return Disagreement("value", tuple(Position(side, tuple(numbers)) for side, numbers in sides.items()))
