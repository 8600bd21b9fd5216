"""Evidence ranking with the retrieval encoder's own token vectors: no second model.

Late interaction in the manner of ColBERT (Khattab and Zaharia 2020, arXiv 2004.12832): every token
of the question looks for its best match among a sentence's tokens, which were encoded inside their
whole passage, so that a pronoun carries its antecedent. The sums of those matches, the lexical
coverage of the question's terms and the kind of answer asked for are the features of a conditional
logit whose few weights are in weights.json, learnt by `python -m qa_eval.fit`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qa.finding.lexical import Question, lexical_features, read_question, read_sentences
from qa.interfaces import TokenVectors
from qa.language.discourse import asks
from qa.language.text import Span
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
    "same_words",  # match in context of the words that question and sentence share
    "worst_match",  # match of the question's token that the sentence matches worst
)
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
    sentences = []
    for candidate in candidates:
        spans, table = _features(asked, candidate)
        for (start, end), row, score in zip(spans, table.tolist(), table @ vector, strict=True):
            if not asks(candidate.passage.text[start:end]):
                sentences.append(RankedSentence(candidate.passage, start, end, float(score), tuple(row)))
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


def _features(asked: Question, candidate: Candidate) -> tuple[list[Span], NDArray[np.float64]]:
    """The candidate's sentences and their (sentences, len(FEATURES)) table."""
    sentences = read_sentences(candidate.passage.text)
    bounds = np.array([(sentence.start, sentence.end) for sentence in sentences]).reshape(-1, 2)
    starts, ends = candidate.tokens.spans.T
    owner = np.searchsorted(bounds[:, 0], starts, side="right") - 1
    # Tokens between the sentences are of what can't be evidence: it has no part in any feature.
    real = (ends > starts) & (owner >= 0) & (starts < np.append(bounds[:, 1], 0)[owner])
    if not real.any():
        return [], np.zeros((0, len(FEATURES)))
    vectors = candidate.tokens.vectors[real].astype(np.float32, copy=False)
    kept, first = np.unique(owner[real], return_index=True)
    meaning = _semantic(asked, vectors, first)
    columns = (
        lexical_features(asked, candidate.title, sentences, kept, meaning.pop("token_matches")) | meaning
    )
    columns["fused"] = candidate.fused
    table = np.empty((len(kept), len(FEATURES)))
    for name, column in _COLUMN.items():
        table[:, column] = columns[name]
    return [(sentences[k].start, sentences[k].end) for k in kept], table


def _semantic(asked: Question, vectors: Floats, first: NDArray[np.intp]) -> dict[str, Any]:
    """Late interaction of the question with one passage whose sentences begin at tokens `first`."""
    similar = asked.vectors @ vectors.T  # (n, m)
    best = np.maximum.reduceat(similar, first, axis=1)  # (n, sentences)
    centre = vectors.mean(axis=0)
    # Cosines after subtracting the passage's mean token, expanded so that no copy is made: what all
    # of a passage's tokens share hides which of them are, say, dates.
    question_part, passage_part, norm = asked.vectors @ centre, vectors @ centre, float(centre @ centre)
    lengths = np.sqrt(np.maximum(1 - 2 * passage_part + norm, 1e-6))
    centred = similar - question_part[:, None] - passage_part + norm
    centred /= np.sqrt(np.maximum(1 - 2 * question_part + norm, 1e-6))[:, None] * lengths
    centred_best = np.maximum.reduceat(centred, first, axis=1)
    decisive = centred_best >= centred_best.max(axis=1, keepdims=True)
    pooled = np.add.reduceat(vectors, first, axis=0)
    question = asked.vectors.sum(axis=0)
    norms = np.linalg.norm(pooled, axis=1) * max(float(np.linalg.norm(question)), 1e-6)
    content = [t.tokens for t in asked.terms.values() if len(t.tokens)]
    rows = np.concatenate(content) if content else np.arange(len(asked.vectors))
    return {
        "maxsim": asked.weights @ best,
        "pooled": pooled @ question / np.maximum(norms, 1e-6),
        "passage_maxsim": asked.weights[rows] @ best[rows].max(axis=1) / max(asked.weights[rows].sum(), 1e-6),
        "interrogative": _top3(centred, asked.interrogative, first),
        "decisive": asked.weights @ decisive,
        "worst_match": best.min(axis=0, initial=1.0),
        "token_matches": best,
    }


def _top3(similar: Floats, rows: NDArray[np.intp], first: NDArray[np.intp]) -> Any:
    """Mean of the three tokens of each sentence that are most like any of `rows`; 0 without rows."""
    if not len(rows):
        return 0.0
    likeness = similar[rows].max(axis=0)
    pieces = np.split(likeness, first[1:])
    return np.array([np.sort(piece)[-3:].mean() for piece in pieces])
