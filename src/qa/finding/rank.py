"""Evidence ranking with the retrieval encoder's own token vectors: no second model.

Late interaction in the manner of ColBERT (Khattab and Zaharia 2020, arXiv 2004.12832): every token
of the question looks for its best match among a sentence's tokens, which were encoded inside their
whole passage, so that a pronoun carries its antecedent. The sums of those matches, the lexical
coverage of the question's terms and the kind of answer asked for are the features of a conditional
logit whose few weights are in weights.json, learnt by `python -m qa_eval.fit`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qa.finding.lexical import Question, Sentence, lexical_features, read_question, read_sentences
from qa.finding.premise import is_another_number
from qa.interfaces import TokenVectors
from qa.language.discourse import asks
from qa.language.text import Span
from qa.language.words import fold
from qa.types import Passage
from qa.weights import learnt

Floats = NDArray[np.float32]

RANKING = (
    "maxsim",  # best match of each question token in the sentence, mean weighted by information
    "pooled",  # cosine of the sentence's mean token and the question's mean token
    "fused",  # the retriever's score of the passage
    "passage_maxsim",  # maxsim over the whole passage, content words only
    "interrogative",  # match of "who", "when", … with the sentence, passage mean taken out
    "decisive",  # share of the question whose best match in the passage lies in this sentence
    "coverage_near",  # share of the terms found in the sentence, its neighbours or the title
    "missing",  # information (nats) of the question that passage and title lack
    "weakest_term",  # match of the content term that the sentence matches worst
    "kind",  # asked for a name, a time or a quantity, and the sentence has a new one
    "new_words",  # log(1 + content words that the question does not have)
)
"""The features that order the sentences."""

FEATURES = (
    *RANKING,
    # For confidence only.
    "missing_near",  # share of the question's information that sentence, neighbours and title lack
    "missing_names",  # the same in nats, names and numbers of the question only
    "missing_number",  # the sentence lacks a number of the question
    "missing_negation",  # the question is negated, the sentence is not
    "predicate",  # match in context of the words that are no names, no numbers and not in the title
    "same_words",  # match in context of the words that question and sentence share
    "worst_match",  # match of the question's token that the sentence matches worst
)
ANOTHER = 4.0
"""What a sentence about another number of the name that is asked about loses, in log odds: it comes after
whatever else could answer."""
_COLUMN = {name: column for column, name in enumerate(FEATURES)}


@dataclass(frozen=True, slots=True)
class Candidate:
    """A retrieved passage: `fused`, at most 1, orders retrieval; `tokens` were encoded in the passage."""

    passage: Passage
    fused: float
    tokens: TokenVectors
    title: str = ""


@dataclass(frozen=True, slots=True)
class RankedSentence:
    """`passage.text[start:end]` with its score (log odds up to a constant) and its FEATURES."""

    passage: Passage
    start: int
    end: int
    score: float
    features: tuple[float, ...]
    another: bool = False  # it tells of another number of the name that is asked about

    def feature(self, name: str) -> float:
        """The value of one of FEATURES."""
        return self.features[_COLUMN[name]]


@dataclass(frozen=True, slots=True)
class RankedPassage:
    """A passage with the score of its best sentence."""

    passage: Passage
    score: float


@dataclass(frozen=True, slots=True)
class Ranking:
    """Best first. Empty when there was no candidate. `tokens` are the candidates', by passage id."""

    passages: tuple[RankedPassage, ...] = ()
    sentences: tuple[RankedSentence, ...] = ()
    tokens: Mapping[str, TokenVectors] = field(default_factory=dict, compare=False, repr=False)


def rank(
    question: str,
    question_tokens: TokenVectors,
    candidates: Sequence[Candidate],
    information: Callable[[str], float],
    weights: Mapping[str, float] | None = None,
) -> Ranking:
    """Order the sentences and the passages of `candidates` by how well they answer `question`.

    `information(word)` is the word's self-information in nats in general text (`vocabulary_prior`);
    a prior, not the corpus' IDF, so that scores mean the same over 3 documents and over 20,000.
    `weights` maps FEATURES to weights (default: the learnt ones). Sentences of which no token was
    encoded (truncated input) are left out.
    """
    weights = learnt("rank") if weights is None else weights
    vector = np.array([weights.get(name, 0.0) for name in FEATURES])
    asked = read_question(question, question_tokens, information)
    read = [one for candidate in candidates if (one := _read(candidate)) is not None]
    sentences = []
    for one, table in zip(read, _features(asked, read), strict=True):
        passage, title = one.candidate.passage, fold(one.candidate.title)
        around = f"{one.candidate.title}\n{passage.text}"
        for span, row, score in zip(one.spans, table.tolist(), table @ vector, strict=True):
            said = passage.text[slice(*span)]
            if asks(said) or (len(one.kept) > 1 and fold(said) == title):
                continue  # a question, or a title that stands above its text, answers nothing
            another = is_another_number(question, said, around)
            found = float(score) - ANOTHER * another
            sentences.append(RankedSentence(passage, *span, found, tuple(row), another))
    sentences.sort(key=lambda s: -s.score)
    best: dict[str, RankedPassage] = {}
    for s in sentences:
        best.setdefault(s.passage.id, RankedPassage(s.passage, s.score))
    tokens = {candidate.passage.id: candidate.tokens for candidate in candidates}
    return Ranking(tuple(best.values()), tuple(sentences), tokens)


def vocabulary_prior(vocabulary: Mapping[str, int], first: int = 1996) -> Callable[[str], float]:
    """Self-information of words from the order of a word-piece vocabulary, in nats.

    BERT's uncased vocabulary lists its whole words from number 1996 ("the") on by falling
    frequency, so Zipf's law gives p ∝ 1 / rank and −log p = log rank + constant: a background
    frequency list for nothing. Words outside it are as rare as its rarest.
    """
    rarest = math.log(max(len(vocabulary) - first, 2))

    def information(word: str) -> float:
        number = vocabulary.get(word.lower())
        if number is None:
            return rarest
        return math.log(number - first + 2) if number >= first else math.log(2)

    return information


@dataclass(frozen=True, slots=True)
class _Read:
    """A candidate's sentences, and the vectors of those of its tokens that stand in one, in order."""

    candidate: Candidate
    sentences: tuple[Sentence, ...]
    kept: NDArray[np.intp]  # the places of the sentences that have such tokens
    first: NDArray[np.intp]  # the first token of each of them
    vectors: Floats  # (tokens, d)

    @property
    def spans(self) -> list[Span]:
        """Where those sentences stand in the passage."""
        return [(self.sentences[k].start, self.sentences[k].end) for k in self.kept]


def _read(candidate: Candidate) -> _Read | None:
    """None where no token stands in a sentence; those between them are of what can't be evidence."""
    sentences = read_sentences(candidate.passage.text)
    bounds = np.array([(sentence.start, sentence.end) for sentence in sentences]).reshape(-1, 2)
    starts, ends = candidate.tokens.spans.T
    owner = np.searchsorted(bounds[:, 0], starts, side="right") - 1
    real = (ends > starts) & (owner >= 0) & (starts < np.append(bounds[:, 1], 0)[owner])
    if not real.any():
        return None
    kept, first = np.unique(owner[real], return_index=True)
    vectors = candidate.tokens.vectors[real].astype(np.float32, copy=False)
    return _Read(candidate, sentences, kept, first, vectors)


def _features(asked: Question, read: Sequence[_Read]) -> list[NDArray[np.float64]]:
    """The (sentences, len(FEATURES)) table of each passage."""
    if not read:
        return []
    meaning = _semantic(asked, read)
    matches = meaning.pop("token_matches")
    tables, at = [], 0
    for one in read:
        here = slice(at, at + len(one.kept))
        columns = {name: column[here] for name, column in meaning.items()}
        columns |= lexical_features(asked, one.candidate.title, one.sentences, one.kept, matches[:, here])
        columns["fused"] = one.candidate.fused
        table = np.empty((len(one.kept), len(FEATURES)))
        for name, column in _COLUMN.items():
            table[:, column] = columns[name]
        tables.append(table)
        at = here.stop
    return tables


def _semantic(asked: Question, read: Sequence[_Read]) -> dict[str, Any]:
    """Late interaction of the question with all sentences of the passages, one after the other.

    All passages at once: for each alone, calling NumPy would take longer than what it computes.
    """
    vectors = np.concatenate([one.vectors for one in read])
    tokens, sentences = _bounds(len(one.vectors) for one in read), _bounds(len(one.kept) for one in read)
    first = np.concatenate([one.first + begin for one, begin in zip(read, tokens, strict=False)])
    begins = sentences[:-1]
    home = np.repeat(np.arange(len(read)), np.diff(sentences))  # the passage of each sentence
    similar = asked.vectors @ vectors.T  # (n, m)
    best = np.maximum.reduceat(similar, first, axis=1)  # (n, sentences)
    ends = zip(first, np.append(first[1:], len(vectors)), strict=True)
    pooled = np.stack([vectors[begin:end].sum(axis=0) for begin, end in ends])
    centres = np.add.reduceat(pooled, begins, axis=0)
    centres /= np.diff(tokens)[:, None]
    centred = _centred(asked, similar, vectors, centres, tokens)
    centred_best = np.maximum.reduceat(centred, first, axis=1)
    decisive = centred_best >= np.maximum.reduceat(centred_best, begins, axis=1)[:, home]
    question = asked.vectors.sum(axis=0)
    norms = np.linalg.norm(pooled, axis=1) * max(float(np.linalg.norm(question)), 1e-6)
    content = [t.tokens for t in asked.terms.values() if len(t.tokens)]
    rows = np.concatenate(content) if content else np.arange(len(asked.vectors))
    whole = asked.weights[rows] @ np.maximum.reduceat(best[rows], begins, axis=1)
    return {
        "maxsim": asked.weights @ best,
        "pooled": pooled @ question / np.maximum(norms, 1e-6),
        "passage_maxsim": (whole / max(asked.weights[rows].sum(), 1e-6))[home],
        "interrogative": _top3(centred, asked.interrogative, first),
        "decisive": asked.weights @ decisive,
        "worst_match": best.min(axis=0, initial=1.0),
        "token_matches": best,
    }


def _bounds(lengths: Iterable[int]) -> NDArray[np.intp]:
    """Where each of several runs begins, and where the last one ends."""
    return np.cumsum([0, *lengths])


def _centred(
    asked: Question, similar: Floats, vectors: Floats, centres: Floats, tokens: NDArray[np.intp]
) -> Floats:
    """Cosines of the question's tokens and the passages' after subtracting the passage's mean token.

    What all of a passage's tokens share hides which of them are, say, dates. Expanded, so that no vector is
    copied. `centres`: those means; `tokens`: where the passages begin, and the last one ends.
    """
    lengths = np.diff(tokens)
    owner = np.repeat(np.arange(len(lengths)), lengths)
    norms = np.einsum("ij,ij->i", centres, centres)
    question_part = asked.vectors @ centres.T  # (n, passages)
    parts = zip(tokens[:-1], tokens[1:], centres, strict=True)
    passage_part = np.concatenate([vectors[begin:end] @ centre for begin, end, centre in parts])
    asked_length = np.sqrt(np.maximum(1 - 2 * question_part + norms, 1e-6))
    token_length = np.sqrt(np.maximum(1 - 2 * passage_part + norms[owner], 1e-6))
    centred: Floats = similar + (norms - question_part)[:, owner] - passage_part
    centred /= asked_length[:, owner] * token_length
    return centred


def _top3(similar: Floats, rows: NDArray[np.intp], first: NDArray[np.intp]) -> NDArray[np.float64]:
    """Mean of the three tokens of each sentence that are most like any of `rows`; 0 without rows."""
    if not len(rows):
        return np.zeros(len(first))
    likeness = similar[rows].max(axis=0)
    ends = np.append(first[1:], len(likeness))
    sentence = np.repeat(np.arange(len(first)), ends - first)
    rising = likeness[np.lexsort((likeness, sentence))]
    below = np.append(0.0, np.cumsum(rising, dtype=np.float64))
    begins = np.maximum(ends - 3, first)
    top: NDArray[np.float64] = (below[ends] - below[begins]) / (ends - begins)
    return top
