"""What a question asks and what sentences say, word by word: the lexical features of the ranker."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qa.documents.instructions import statements
from qa.interfaces import TokenVectors
from qa.language.text import REMEMBERED
from qa.language.words import INTERROGATIVES, stem

Floats = NDArray[np.float32]

_WORD = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+|\w+")


def _listed(text: str) -> frozenset[str]:
    return frozenset(text.split())


FUNCTION_WORDS = frozenset(INTERROGATIVES) | _listed(
    """a an the of in on at to for from by with and or but nor as is are was were be been being am do does
    did doing done has have had having will would shall should can could may might must it its this that
    these those there here he she they them his her their him i you we us our your my me not no than then
    so if into about over under after before during between through out up down s t also such"""
)
_NUMERAL = _listed(
    """one two three four five six seven eight nine ten eleven twelve twenty thirty forty fifty sixty seventy
    eighty ninety hundred hundreds thousand thousands million millions billion billions trillion dozen half
    third quarter twice once first second double both several"""
)
_NEGATION = re.compile(
    r"\b(?:not|never|no|none|neither|nor|without|except|cannot|unable|fail\w*|refus\w*|other than)\b"
    r"|n[’']t\b",
    re.IGNORECASE,
)
_SAME_UNKNOWN = 0.6
"""The feature "same_words" where there is no word to compare, a little below its usual 0.8."""
_PREDICATE_UNKNOWN = 0.7
"""The feature "predicate" where the question has no such word, its mean in the best sentences."""

_DATE = re.compile(
    r"\b(?:1\d{3}|20\d\d)s?\b|\bcentury\b|\b\d+ ?(?:BC|AD|BCE|CE)\b|\b(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)"
    r"day\b|\b(?:January|February|March|April|May|June|July|August|September|October|November|December)\b"
)
# The first pattern that the lower-cased question matches names the kind of answer asked for.
_KINDS = {
    "date": r"\bwhen\b|\b(?:what|which) (?:year|date|day|month|century|decade|era)\b",
    "number": r"\bhow (?:many|much|long|large|big|tall|high|far|old|fast|deep|wide|often|heavy"
    r"|hot|cold|small)\b|\b(?:what|which) (?:percent\w*|number|amount|proportion|fraction|age|size"
    r"|population|distance|height|length|rate|temperature)\b",
    "name": r"\bwho[ms]?e?\b|\bname of\b|\b(?:what|which) (?:person|man|woman|king|queen|president|scientist"
    r"|author|leader|actor|director|company|organization|group|team|player|emperor|ruler|pope)\b",
}


LEXICAL = (
    "coverage_near",
    "missing",
    "weakest_term",
    "predicate",
    "kind",
    "new_words",
    "missing_near",
    "missing_names",
    "missing_number",
    "missing_negation",
    "same_words",
)
"""The features computed here; rank.py says what each is."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """What one sentence says, as stems."""

    start: int
    end: int
    stems: frozenset[str]
    content: frozenset[str]
    names: frozenset[str]  # capitalised, the first word excepted
    numbers: frozenset[str]
    date: bool
    negated: bool


@lru_cache(REMEMBERED)
def read_sentences(text: str) -> tuple[Sentence, ...]:
    """The sentences of a passage that may be evidence."""
    return tuple(_sentence(text, start, end) for start, end in statements(text))


def _sentence(text: str, start: int, end: int) -> Sentence:
    words = _WORD.findall(text, start, end)
    content = [w for w in words if w.lower() not in FUNCTION_WORDS]
    return Sentence(
        start,
        end,
        stems=frozenset(map(stem, words)),
        content=frozenset(map(stem, content)),
        names=frozenset(stem(w) for w in content if w[0].isupper() and w is not words[0]),
        numbers=frozenset(stem(w) for w in words if w[0].isdigit() or w.lower() in _NUMERAL),
        date=bool(_DATE.search(text, start, end)),
        negated=bool(_NEGATION.search(text, start, end)),
    )


@dataclass(frozen=True, slots=True)
class Term:
    """A word of the question."""

    stem: str
    content: bool
    name: bool
    information: float
    tokens: NDArray[np.intp]  # rows of the question's token matrix


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked. Rows are the question's tokens that stand for text."""

    kind: str
    terms: Mapping[str, Term]  # content words by stem
    words: frozenset[str]  # stems of all words
    vectors: Floats  # (n, d)
    weights: Floats  # (n,) information per token, sum 1
    interrogative: NDArray[np.intp]  # rows of who, when, …
    spread: Floats  # (terms, n) mean over each term's rows; 0 for a term without any
    negated: bool


def read_question(question: str, tokens: TokenVectors, information: Callable[[str], float]) -> Question:
    """The question's words with their information and their rows among its token vectors."""
    real = tokens.spans[:, 1] > tokens.spans[:, 0]
    spans, vectors = tokens.spans[real], tokens.vectors[real].astype(np.float32, copy=False)
    weights = np.zeros(len(spans), np.float32)
    words: list[tuple[str, Term]] = []
    for position, found in enumerate(_WORD.finditer(question)):
        word = found.group()
        rows = np.flatnonzero((spans[:, 0] >= found.start()) & (spans[:, 1] <= found.end()))
        content = word.lower() not in FUNCTION_WORDS
        name = content and (word[0].isdigit() or (word[0].isupper() and position > 0))
        weights[rows] = information(word) / max(len(rows), 1)
        words.append((word.lower(), Term(stem(word), content, name, information(word), rows)))
    content_terms = {t.stem: t for _, t in words if t.content} or {t.stem: t for _, t in words}
    none = np.zeros(0, np.intp)
    spread = np.zeros((len(content_terms), len(spans)), np.float32)
    for row, term in enumerate(content_terms.values()):
        spread[row, term.tokens] = 1 / max(len(term.tokens), 1)
    lowered = question.lower()
    return Question(
        kind=next((kind for kind, pattern in _KINDS.items() if re.search(pattern, lowered)), ""),
        terms=content_terms,
        words=frozenset(t.stem for _, t in words),
        vectors=vectors,
        weights=weights / max(float(weights.sum()), 1e-6),
        interrogative=np.concatenate([none, *(t.tokens for w, t in words if w in INTERROGATIVES)]),
        spread=spread,
        negated=bool(_NEGATION.search(question)),
    )


def lexical_features(
    asked: Question, title: str, read: Sequence[Sentence], kept: NDArray[np.intp], best: Floats
) -> dict[str, Any]:
    """Terms of the question found or lacking, and what the sentences have that it does not."""
    terms = list(asked.terms.values())
    if not terms:  # "?": nothing is asked, so nothing answers
        unknown = {"same_words": _SAME_UNKNOWN, "predicate": _PREDICATE_UNKNOWN}
        return dict.fromkeys(LEXICAL, 0.0) | unknown | {"missing_near": 1.0}
    covered = np.array([[t.stem in sentence.stems for t in terms] for sentence in read])
    new = [len(sentence.content - asked.words) for sentence in read]
    titles = {stem(w) for w in _WORD.findall(title)}
    in_title = np.array([t.stem in titles for t in terms])
    information = np.array([t.information for t in terms])
    share = information / max(information.sum(), 1e-6)
    padded = np.zeros((len(read) + 2, len(terms)), dtype=bool)
    padded[1:-1] = covered
    near = (padded[:-2] | padded[1:-1] | padded[2:] | in_title)[kept]
    soft = asked.spread @ best
    in_sentence = np.where((covered[kept] | in_title).T, 1.0, soft)
    found = covered.any(axis=0) | in_title
    passage_soft = np.where(found, 1.0, soft.max(axis=1).clip(0, 1))
    gaps = information * (1 - passage_soft)
    edges = np.zeros((len(terms), len(kept) + 2), np.float32)
    edges[:, 1:-1] = soft
    soft_near = np.maximum(np.maximum(edges[:, :-2], edges[:, 2:]), soft).T.clip(0, 1)
    gaps_near = np.where(near, 0.0, 1 - soft_near)
    names = np.array([t.name for t in terms])
    numbers = np.array([t.stem[0].isdigit() for t in terms])
    plain = information * ~(names | numbers | in_title)
    here = covered[kept] * information
    answers = [asked.kind != "" and _offers(asked, sentence) for sentence in read]
    return {
        "coverage_near": near @ share,
        "missing": gaps.sum(),
        "weakest_term": in_sentence.min(axis=0),
        "predicate": plain @ soft / plain.sum() if plain.any() else np.full(len(kept), _PREDICATE_UNKNOWN),
        "kind": np.array(answers)[kept],
        "new_words": np.log1p(new)[kept],
        "missing_near": gaps_near @ share,
        "missing_names": gaps_near @ (information * names),
        "missing_number": (~covered[kept] & numbers).any(axis=1),
        "missing_negation": asked.negated & ~np.array([sentence.negated for sentence in read])[kept],
        "same_words": np.where(
            here.any(axis=1), (here * soft.T).sum(axis=1) / np.maximum(here.sum(axis=1), 1e-6), _SAME_UNKNOWN
        ),
    }


def _offers(asked: Question, sentence: Sentence) -> bool:
    """Has the sentence something of the kind asked for that the question does not name?"""
    if asked.kind == "date":
        return sentence.date
    return bool((sentence.names if asked.kind == "name" else sentence.numbers) - asked.words)
