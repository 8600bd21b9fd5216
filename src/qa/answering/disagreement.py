"""Do the sources disagree? Values that answer one question, compared across documents.

Trust is lost faster by a false conflict than by a missed one, so a document takes a position only
with a serious answer (`qa.answering.stands`), and two of them conflict only when their values exclude each
other (other words, another precision, or a rounder number are the same position) and both sentences
speak of the same thing, to a learnt probability.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Literal

from qa.answering.stands import Stand, Statement, best_stands, group_of, is_told, statement_features
from qa.finding.premise import is_another_number, is_of_another, names_a_sibling
from qa.language.short_answer import AnswerType, answer_type, is_lasting
from qa.language.values import Value, compare, values
from qa.language.words import INTERROGATIVES, fold, singular, stem, term_set
from qa.types import Disagreement, Position
from qa.weights import logistic, weights

__all__ = ["Statement", "find_disagreement"]

FEATURES = (
    "intercept",
    "weaker",  # log odds that the weaker position is one, by all its documents
    "stronger",  # the same of the stronger one
    "common",  # share of the question's terms that both sentences have, or their surroundings
    "name",
    "phrase",
    "majority",  # share of the documents that stand for the stronger position
)
"""What tells a conflict from two values that answer different questions."""

SERIOUS = 0.4  # least relevance of a statement that takes a position: about what answers alone need
COMPARABLE = 0.6  # or, where nothing is that relevant, this share of the most relevant one's
RELATED = 0.1  # least strength of a duration that goes back to the same time as a serious one
_NAMED = ("who", "where")  # what is always a name, so that two names answer the same more often
_ASKS = re.compile(rf"\b(?:{'|'.join(INTERROGATIVES)})\b", re.I)
_DENIAL = re.compile(r"\b(?:not|never|no longer|neither|nor|denied|cannot)\b|n[’']t\b", re.I)


def find_disagreement(question: str, statements: Sequence[Statement]) -> Disagreement | None:
    """The positions the sources take, when there are several that exclude each other, or None.

    `statements` come from one or more documents, best first; each document takes at most one
    position, that of its best statement. "as_of" means the values differ because the documents
    were published at different times.
    """
    kind = answer_type(question)
    statements = [s for s in statements if not is_another_number(question, s.sentence, _around(s))]
    if kind == "other" and not _ASKS.search(question):
        return None  # bare keywords ask for no value
    if kind == "yes_no":
        return _asked_value(question, statements) or _polarity(question, statements)
    groups = positions(question, kind, statements)
    if not groups:
        return None
    best = groups[0]
    kept = [best, *(g for g in groups[1:] if _grew(best, g) or _is_conflict(question, best, g, groups))]
    if len(kept) < 2:
        return None
    return Disagreement(_kind(kind, question, kept), tuple(_position(group) for group in kept))


def positions(question: str, kind: AnswerType, statements: Sequence[Statement]) -> list[list[Stand]]:
    """The documents' best stands in groups that can all be true together, the best supported first."""
    lasting = is_lasting(kind, question)  # "since 1994" shows by itself that it tells of the same
    best = max((statement.relevance for statement in statements), default=0.0)
    least = min(SERIOUS, COMPARABLE * best)
    stands = [
        s
        for s in best_stands(question, kind, statements)
        if s.strength >= RELATED and (lasting or s.statement.relevance >= least)
    ]
    if kind == "duration":  # the contemporaries first: "since 1994" fits durations of every year
        stands.sort(key=lambda s: s.statement.published or "")
    texts: dict[str, str] = {}
    for statement in statements if any(s.value.kind == "name" for s in stands) else ():
        held = texts.get(statement.document_id, f" {fold(statement.title)}")
        texts[statement.document_id] = f"{held} {fold(statement.passage)} "
    groups: list[list[Stand]] = []
    for stand in stands:
        fits = (g for g in groups if not any(_exclude(kind, question, stand, o, texts) for o in g))
        home = next(fits, None)
        if home is None:
            groups.append([stand])
        else:
            home.append(stand)
    return sorted(groups, key=lambda group: -_support(group))


def _is_conflict(
    question: str, one: Sequence[Stand], other: Sequence[Stand], groups: Sequence[Sequence[Stand]]
) -> bool:
    """Whether the strongest position and another are probably about the same thing."""
    weaker = _first(other)
    told = weaker.statement
    if is_of_another(question, told.sentence) or names_a_sibling(question, _around(told)):
        return False
    group = group_of(weaker.value)
    if group == "name" and answer_type(question) in _NAMED:
        group = "named"
    elif not is_told(question, (_first(one), weaker)):
        return False
    least, sure = weights(f"disagreement.least.{group}", ("conflict", "sure"))
    if min(_first(one).features[-1], weaker.features[-1]) < sure:
        return False
    row = pair_features(one, other, groups)
    return logistic(row, weights("disagreement.conflict", FEATURES)) >= least


def _around(statement: Statement) -> str:
    return f"{statement.title}\n{statement.passage}"


def _first(group: Sequence[Stand]) -> Stand:
    return max(group, key=lambda stand: stand.strength)


def _support(group: Sequence[Stand]) -> float:
    """Probability that at least one of the stands is what is asked for."""
    return 1 - math.prod(1 - stand.strength for stand in group)


def pair_features(
    one: Sequence[Stand], other: Sequence[Stand], groups: Sequence[Sequence[Stand]]
) -> tuple[float, ...]:
    """FEATURES of the strongest position and another one."""
    a, b = _first(one), _first(other)
    stronger, weaker = (min(max(_support(group), 1e-3), 1 - 1e-3) for group in (one, other))
    return (
        1.0,
        math.log(weaker / (1 - weaker)),
        math.log(stronger / (1 - stronger)),
        min(a.features[2], b.features[2]),
        float(group_of(b.value) == "name"),
        float(group_of(b.value) == "phrase"),
        len(one) / sum(map(len, groups)),
    )


def _exclude(kind: AnswerType, question: str, a: Stand, b: Stand, texts: Mapping[str, str]) -> bool:
    """Whether two stands cannot both be the answer: neither source also holds the other's value."""
    if is_lasting(kind, question) and _began(a) and _began(b):
        return not _same_beginning(a, b) or _grown(a, b)
    if a.value.kind != b.value.kind or compare(a.value, b.value) != "different":
        return False
    if kind == "count" and _counts(question, a) != _counts(question, b):
        return False
    if kind not in ("when", "who", "where", "other") and _other_times(a, b) and not _present(question):
        return False
    return not any(_holds(other.statement, one.value, texts) for one, other in ((a, b), (b, a)))


def _counts(question: str, stand: Stand) -> bool:
    """Whether a number counts what the question names; of people it is told in too many words to say.

    It does so too where the sentence says that they did what they are named for: "Hundreds of people marched"
    counts marchers, while "hundreds were shot by soldiers" counts no soldiers.
    """
    head = re.search(r"\bhow many ([\w -]{1,40})", question.lower())
    words = head[1].split()[:2] if head else []
    named = {stem(word): singular(word) for word in words}
    if "peopl" in named or not named:
        return False
    did = (word for word in re.findall(r"\w+", stand.statement.sentence.lower()) if stem(word) in named)
    return not named.keys().isdisjoint(stand.value.unit.split()) or any(
        singular(word) != named[stem(word)] for word in did
    )


def _holds(statement: Statement, value: Value, texts: Mapping[str, str]) -> bool:
    """Whether a source says the value too: a name anywhere in it, anything else in the sentence."""
    if value.kind == "name":
        return f" {value.unit.split()[-1]} " in texts[statement.document_id]
    if value.kind == "phrase":
        return set(value.unit.split()) <= term_set(statement.sentence)
    return any(_also_said(value, v) for v in values(statement.sentence))


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


def _grew(one: Sequence[Stand], other: Sequence[Stand]) -> bool:
    """That two durations go back to the same beginning shows that they tell of the same thing."""
    return any(_same_beginning(a, b) and _grown(a, b) for a in one for b in other)


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


def _asked_value(question: str, statements: Sequence[Statement]) -> Disagreement | None:
    """ "Was it signed in 1996?" where one source says 1996 and another 1997: yes and no."""
    for value in values(question):
        word = {"date": "When", "count": "How many", "duration": "How long"}.get(value.kind)
        if word is None or value.unit == "weekday":
            continue
        before = re.sub(r"\b(?:in|on|since|by|until|for|at)\s*$", "", question[: value.start])
        rest = f"{before.rstrip()}{question[value.end :]}"
        if word == "How many":  # "Did 20 people come?" is "How many people did come?"
            rest = f"{question[value.end :].strip()} {before.strip()}"
        found = find_disagreement(f"{word} {rest[:1].lower()}{rest[1:]}", statements)
        if found is None or found.kind != "value":
            continue
        agree = [any(compare(value, v) != "different" for v in values(p.value)) for p in found.positions]
        if any(agree) and not all(agree):
            sides = (("yes", True), ("no", False))
            numbers = {
                side: sorted(
                    n for p, a in zip(found.positions, agree, strict=True) if a == yes for n in p.citations
                )
                for side, yes in sides
            }
            return Disagreement("value", tuple(Position(side, tuple(ns)) for side, ns in numbers.items()))
    return None


def _polarity(question: str, statements: Sequence[Statement]) -> Disagreement | None:
    """Yes against no: the question's words affirmed in one document, denied in another."""
    sides: dict[str, list[int]] = {"yes": [], "no": []}
    rows = statement_features(question, statements)
    top = max((row[1] for row in rows), default=0.0)
    told: set[str] = set()
    for statement, row in zip(statements, rows, strict=True):
        if row[1] >= max(0.75, 0.9 * top) and statement.document_id not in told:
            told.add(statement.document_id)
            sides["no" if _DENIAL.search(statement.sentence) else "yes"].append(statement.number)
    if not sides["yes"] or not sides["no"]:
        return None
    return Disagreement("value", tuple(Position(side, tuple(numbers)) for side, numbers in sides.items()))
