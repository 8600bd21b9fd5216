"""The exact words of a sentence that answer a question, when that can be said with confidence.

A question asks for a kind of value (a date, an amount, a name); the values of that kind in the
sentence are weighed by how near they stand to the question's words. No language model is involved.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Literal

from qa.language.phrases import phrases
from qa.language.text import REMEMBERED, Span
from qa.language.values import Kind, Value, compare, values
from qa.language.words import fold, stem, term_set, terms
from qa.weights import logistic, weights

AnswerType = Literal[
    "when", "money", "count", "amount", "duration", "percent", "who", "where", "yes_no", "other"
]

_INHABITANTS = {"peopl", "inhabitant", "resident"}
_MAY_BE_LENGTH = re.compile(r"\bhow long (?:is|are|was|were)\b")
_LENGTHS = {
    *map(stem, ("km", "kilometres", "kilometers", "m", "metres", "meters", "cm", "mm")),
    *map(stem, ("miles", "feet", "foot", "inches", "yards")),
}
_HEADLESS = frozenset({"the", "of", "in", "did", "do", "was", "is", "ar", "year"})
_WHAT = r"\b(?:what|which) (?:(?:is|was|were|are) (?:the )?)?(?:\w+ )?"
_UNITS = "seconds|minutes|hours|days|nights|weeks|months|years|decades|centuries"
_SIZES = "many|old|tall|high|deep|wide|far|fast|large|big|heavy"
_SHARES = "percent|percentage|per cent|share|proportion|fraction"
_PLACES = "city|country|state|town|region|place|location|continent|island|river|county|nation|village"
_PEOPLE = "person|actor|actress|author|singer|artist|president|king|queen|player|man|woman|band"
_MEASURES = "population|number|area|height|length|distance|age"
_PATTERNS: dict[AnswerType, str] = {  # among those that begin first in the question, the first here wins
    "percent": rf"\b(?:what|which|how)\b.{{0,20}}\b(?:{_SHARES})\b",
    "duration": rf"\bhow long\b|\bhow many (?:more )?(?:{_UNITS})\b",
    "money": r"\bhow much (?:money|(?:did|do|does) .*(?:cost|pay|earn|spend|invest)|.*\bworth)\b"
    r"|\bwhat .*\b(?:cost|price|salary|income|revenue|budget)\b",
    "count": rf"\bhow (?:{_SIZES})\b"
    rf"|\bwhat (?:is|was|were) the (?:total |estimated |average |median )?(?:{_MEASURES})\b",
    "amount": r"\bhow much\b",
    "when": rf"\bwhen\b|{_WHAT}(?:year|date|day|month|decade|century|time|season|birthday|birthdate)\b",
    "where": rf"\bwhere\b|{_WHAT}(?:{_PLACES})\b",
    "who": rf"\bwho(?:m|se)?\b|{_WHAT}(?:{_PEOPLE})\b",
    "yes_no": r"^(?:is|are|was|were|do|does|did|has|have|had|can|could|will|would|should)\b",
}
_TYPES = tuple((kind, re.compile(pattern)) for kind, pattern in _PATTERNS.items())
_ACCEPTS: dict[AnswerType, tuple[Kind, ...]] = {
    "percent": ("percent",),
    "duration": ("duration",),
    "money": ("money",),
    "count": ("count", "percent"),
    "amount": ("money", "percent", "count"),
    "when": ("date",),
    "where": ("name",),
    "who": ("name",),
    "yes_no": (),
    "other": ("name", "phrase"),
}
_CUES: dict[AnswerType, tuple[str, ...]] = {
    "when": ("in", "on", "since", "by", "until"),
    "where": ("in", "at", "near", "to", "from"),
    "who": ("by", "with"),
    "duration": ("for",),
    "money": ("of", "for"),
    "count": ("of", "was"),
    "percent": ("of",),
    "other": ("the", "as", "called"),
}
_MODIFIER = re.compile(r"[A-Z]\w+(?:[aeimo]an|ish|ese|nch|eek)[ -][a-z]")  # "German band", "English origin"
FEATURES = (
    "intercept",
    "near",  # the question's terms, each weighed by its distance in words, as a share of all of them
    "around",  # share of the question's terms in the sentence outside the value
    "alone",  # one over the number of values in question
    "adjacent",  # a term at most two words away
    "cue",  # a preposition in front that fits the kind of question
    "cue_where",
    "cue_who",
    "counted",  # the noun asked for stands behind the number
    "counted_other",
    "name",
    "who",
    "where",
    "when",
    "name_first",  # one capitalised word at the beginning may be any word
    "name_full",
    "name_place",  # a name after "in", "at"
    "name_the",
    "name_last",
    "name_modifier",  # "German band"
    "near_first",  # nearness of the question's first term
    "phrase",
    "phrase_near",
    "phrase_bracket",
)
"""What the weights weigh, per value; all between 0 and about 2."""

CONFIDENT = 0.7


@lru_cache(REMEMBERED)
def answer_type(question: str) -> AnswerType:
    """What kind of value a question asks for; "other" when it does not say."""
    found = [(m.start(), i, kind) for i, (kind, p) in enumerate(_TYPES) if (m := p.search(question.lower()))]
    first = min(
        (m.start() for m in re.finditer(r"\b(what|which|how|why|who|when|where)\b", question.lower())),
        default=0,
    )
    return next((kind for start, _, kind in sorted(found) if start <= first), "other") if found else "other"


def rank_values(question: str, sentence: str) -> tuple[tuple[Value, float], ...]:
    """Values of the kind asked for, the likeliest first, each with the probability that it answers.

    The probability is given that the sentence answers at all. A value that the question itself
    mentions is left out; one beside the question's words comes before one elsewhere.
    """
    found = options(question, sentence)
    learnt = weights("short_answer", FEATURES)
    rows = features(answer_type(question), question, sentence, found)
    scored = [(v, logistic(row, learnt)) for v, row in zip(found, rows, strict=True)]
    return tuple(sorted(scored, key=lambda pair: -pair[1]))


@lru_cache(REMEMBERED)
def options(question: str, sentence: str) -> tuple[Value, ...]:
    """Values of the sentence that are of a kind the question asks for and not its own."""
    kind, asked = answer_type(question), values(question)
    if kind == "other" and re.search(r"\b(how|why)\b", question.lower()):
        return ()  # manner and reason are no values
    accepted = _accepted(kind, question)
    found = (*values(sentence), *(phrases(sentence) if "phrase" in accepted else ()))
    return tuple(
        v
        for v in found
        if v.kind in accepted
        and _is_new(v, asked, question)
        and not _is_dateline(v, sentence)
        and _fits(kind, v)
    )


def _fits(kind: AnswerType, value: Value) -> bool:
    """Whether a plain number, where "how long" is asked, is a length."""
    return kind != "duration" or value.kind != "count" or value.unit.split(" ")[0] in _LENGTHS


def _is_dateline(value: Value, sentence: str) -> bool:
    """Whether a date only says when the text was written: "Jan 8, 2024 — The album"."""
    head = value.kind == "date" and value.start == 0
    return head and re.match(r" ?(?:[—–·|:]|\.\.\.|…| - )", sentence[value.end :]) is not None


def short_answer(question: str, sentence: str) -> Span | None:
    """Offsets in the sentence of the words that answer, or None when that is not sure enough."""
    ranked = rank_values(question, sentence)
    return (ranked[0][0].start, ranked[0][0].end) if ranked and ranked[0][1] >= CONFIDENT else None


def _accepted(kind: AnswerType, question: str) -> tuple[Kind, ...]:
    if kind == "count" and re.search(r"\b(?:old|age)\b", question.lower()):
        return ("duration", "count")
    if kind == "duration" and _MAY_BE_LENGTH.search(question.lower()):
        return ("duration", "count")
    return _ACCEPTS[kind] if kind != "count" or "how many" in question.lower() else ("count",)


def _is_new(value: Value, asked: tuple[Value, ...], question: str) -> bool:
    if value.kind == "phrase":
        return not set(value.unit.split()) <= {stem(w) for w in fold(question).split()}
    if value.kind == "name":
        words = set(fold(question).split())
        return not all(
            len(w) < 2 or w in words or w + "s" in words or w.removesuffix("s") in words
            for w in value.unit.split()
        )
    same = [a for a in asked if a.kind == value.kind and compare(a, value) != "different"]
    return all(
        value.kind == "date" and value.high - value.low < a.high - a.low for a in same
    )  # narrower is new


def features(kind: AnswerType, question: str, sentence: str, options: Sequence[Value]) -> list[list[float]]:
    """One row of FEATURES per value."""
    wanted = term_set(question)
    first = next((t for t, _, _ in terms(question)), "")
    said = terms(sentence)
    here = [(t, a, b) for t, a, b in said if t in wanted]
    head = re.search(r"how (?:many|much)((?: [\w-]+){0,3})|(?:what|which) ((?:\w+ ?){1,2})", question.lower())
    heads = {stem(w) for w in (head[1] or head[2] or "").split()} - _HEADLESS if head else set()
    heads |= {"peopl", "inhabitant", "resident", "popul"} if "population" in question.lower() else set()
    rows = []
    for value in options:
        around = [
            (t, sentence[min(b, value.end) : max(a, value.start)].count(" "))
            for t, a, b in here
            if b <= value.start or a >= value.end
        ]
        best = {t: min(g for u, g in around if u == t) for t, _ in around}
        near = sum(1 / (1 + 0.25 * g) for g in best.values()) / max(len(wanted), 1)
        before = sentence[: value.start].rstrip(' (“"').rpartition(" ")[2].lower()
        counted = bool(heads & set(value.unit.split())) or any(
            t in heads and 0 <= a - value.end < 24 for t, a, _ in said
        )
        cue = float(before in _CUES.get(kind, ()))
        named = float(value.kind == "name")
        verb = min((g for t, g in around if t == first), default=20)
        rows.append(
            [
                1.0,
                near,
                len(best) / max(len(wanted), 1),
                1 / len(options),
                float(min(best.values(), default=9) <= 2),
                cue,
                cue * (kind == "where"),
                cue * (kind == "who"),
                float(kind in ("count", "amount") and counted),
                float(kind == "other" and counted),
                named,
                float(kind == "who"),
                float(kind == "where"),
                float(kind == "when"),
                named * (value.start == 0) * (" " not in value.text),
                named * (len(value.unit.split()) in (2, 3)),
                named * (before in ("in", "at", "near", "from")),
                named * (before == "the"),
                named * (value.end >= len(sentence) - 2),
                named * bool(_MODIFIER.match(sentence, value.start)),
                1 / (1 + 0.25 * verb),
                float(value.kind == "phrase"),
                float(value.kind == "phrase") * near,
                float(value.kind == "phrase") * bool(re.match(r" ?\)", sentence[value.end :])),
            ]
        )
    return rows


def possible_answers(question: str, sentence: str) -> list[tuple[Value, float]]:
    """Values of the sentence with their probability; "since 1994" answers "how long" too."""
    kind = answer_type(question)
    ranked = list(rank_values(question, sentence))
    if kind == "duration" and is_lasting(kind, question):  # not a "four-year term", not "three years ago"
        ranked = [r for r in ranked if "-" not in r[0].text and not _is_passing(r[0], sentence)]
    measured = re.search(
        r"what (?:is|was|were) the (?:\w+ )?(population|area|height|length)", question.lower()
    )
    if measured and stem(measured[1]) not in term_set(sentence):
        ranked = [
            (v, p) for v, p in ranked if _INHABITANTS & set(v.unit.split()) and measured[1] == "population"
        ]
    if kind == "duration" and not ranked:
        for value in values(sentence):
            if value.kind == "date" and re.search(r"\bsince $", sentence[: value.start]):
                start = value.start - len("since ")
                since = replace(value, start=start, text=sentence[start : value.end])
                ranked.append((since, 0.6))
    return ranked


def _is_passing(value: Value, sentence: str) -> bool:
    """Whether a duration measures back from now: "three years ago", "in the last two years"."""
    before = re.search(r"\b(?:last|past|next|previous|coming)\s*$", sentence[: value.start], re.I)
    return before is not None or sentence[value.end :].startswith(" ago")


def is_lasting(kind: AnswerType, question: str) -> bool:
    """Whether a duration up to now is asked for: "how long has", not "how long did"."""
    return kind == "duration" and re.search(r"\b(has|have|is|are|been)\b", question.lower()) is not None
