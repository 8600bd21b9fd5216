"""support(sentence, premises) → how surely its evidence says what a generated sentence says.

Hard rules first: what it tells in numbers, dates, names and quotations stands in the evidence
(`grounding`), what it affirms is not denied or only planned there (`polarity`), nothing is after what it was
before (`opposites`), nobody does what was done to them (`roles`), no value is given for something else
(`bindings`), and nothing for a reason that is none (`causes`). For the rest there is a logistic regression
over how well each word is matched by the evidence's token vectors, the ones that retrieve and rank: no
second model. Learnt by
`python -m qa_eval.fit_support`. A model of entailment, where there is one, takes its place.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qa.finding.rank import vocabulary_prior
from qa.interfaces import Embedder, TokenVectors
from qa.language.text import sentence_spans
from qa.support.alignment import Alignment, align
from qa.support.bindings import misplaced
from qa.support.causes import unfounded
from qa.support.grounding import Premise, missing_values
from qa.support.opposites import reversed_words
from qa.support.polarity import contrary
from qa.support.roles import exchanged, swapped
from qa.weights import learnt, logistic

SIGNS = {
    "maxsim": 1,  # best match of each word, function words too, mean weighted by information
    "weakest": 1,  # mean of the three content words that are matched worst
    "in_context": 1,  # the same, where the words around match around the match
    "unmatched": -1,  # share, by information, of content words without a match
    "missing": -1,  # values that the evidence lacks, 3 at most
    "speaker": -1,  # words of a speaker ("I think", "you") that the evidence lacks
    "question": -1,  # it asks
}
"""The features, with the sign of their weight."""

THRESHOLD: float = learnt("support")["threshold"]
"""The probability from which a sentence holds: with the hard rules, that of the best balanced accuracy."""

ENTAILED = 0.5
"""The probability of a model of entailment from which a sentence holds."""

_UNMATCHED = 0.55
"""Cosine below which a word has no match."""

_WORDS_AROUND, _PLACES_AROUND = 2, 6
"""A word's context: so many content words on either side, looked for so many words around its match."""

_SPEAKER = re.compile(r"\b(?:i|me|my|mine|you|your|yours|we|us|our|ours)\b(?!\.)", re.I)
_VALUES_COUNTED = 3

Entails = Callable[[str, str], float]
"""The probability that a premise, given first, entails a sentence."""


@dataclass(frozen=True, slots=True)
class Support:
    """What the evidence makes of a sentence.

    `probability` is that the evidence says what the sentence says; it holds from `least` on, and only
    when nothing is `missing` (numbers, dates, names, quotations that no citation has) or `opposed`
    (words that the evidence denies or only expects, roles turned round, values of something else, reasons).
    """

    probability: float
    missing: tuple[str, ...] = ()
    opposed: tuple[str, ...] = ()
    least: float = THRESHOLD

    @property
    def holds(self) -> bool:
        """Whether the sentence may be shown."""
        return not self.missing and not self.opposed and self.probability >= self.least


def support(
    sentence: str,
    premises: Sequence[Premise],
    embedder: Embedder,
    entails: Entails | None = None,
    tokens: TokenVectors | None = None,
) -> Support:
    """How far the cited `premises` together support `sentence`.

    A sentence that is copied from a quote, whole, is supported by it. Without premises nothing is.
    `tokens` are the sentence's word pieces; without them they are encoded here, as a premise's are.
    """
    if not premises or not sentence.strip():
        return Support(0.0)
    if is_copy(sentence, premises):
        return Support(1.0)
    alignment = _aligned(sentence, premises, embedder, tokens)
    missing, opposed = missing_values(sentence, premises), _opposed(alignment)
    if entails is not None:
        premise = " ".join(f"{one.title}: {one.quote}" if one.title else one.quote for one in premises)
        return Support(entails(premise, sentence), missing, opposed, ENTAILED)
    features = _features(alignment, missing)
    weights = learnt("support")
    row, by = zip(*((features[name], weights[name]) for name in SIGNS), strict=True)
    return Support(logistic((1.0, *row), (weights["intercept"], *by)), missing, opposed)


def support_features(
    sentence: str, premises: Sequence[Premise], embedder: Embedder
) -> tuple[dict[str, float], bool]:
    """The features named in SIGNS, and whether the hard rules let the sentence pass; for learning."""
    alignment = _aligned(sentence, premises, embedder)
    missing = missing_values(sentence, premises)
    return _features(alignment, missing), not missing and not _opposed(alignment)


def is_copy(sentence: str, premises: Sequence[Premise]) -> bool:
    """Whether the sentence is a quote, or one of a quote's sentences, white space aside."""
    own = sentence.split()
    return any(
        own == text.split()
        for one in premises
        for text in (one.quote, *(one.quote[a:b] for a, b in sentence_spans(one.quote)))
    )


def _aligned(
    sentence: str, premises: Sequence[Premise], embedder: Embedder, tokens: TokenVectors | None = None
) -> Alignment:
    tokens = tokens or embedder.encode([sentence])[0].tokens
    passages = dict.fromkeys(one.passage for one in premises if one.tokens is None)
    new = {text: embedder.encode([text])[0].tokens for text in passages}
    encoded = [one.tokens or new[one.passage] for one in premises]
    return align(sentence, tokens, premises, encoded, vocabulary_prior(embedder.vocabulary))


def _opposed(alignment: Alignment) -> tuple[str, ...]:
    told, cited = alignment.sentence, alignment.statements
    return (
        *contrary(alignment),
        *swapped(told, cited),
        *exchanged(told, cited),
        *misplaced(told, cited),
        *reversed_words(told, cited),
        *unfounded(told, cited),
    )


def _features(alignment: Alignment, missing: Sequence[str]) -> dict[str, float]:
    sentence = alignment.sentence
    if not alignment.said or not alignment.cited:
        found = dict.fromkeys(("maxsim", "weakest", "in_context"), 0.0) | {"unmatched": 1.0}
    else:
        rows = alignment.content
        information = alignment.information
        best = alignment.likeness.max(axis=1)
        soft = np.where(alignment.covered, 1.0, best).clip(0, 1)[rows]
        contextual = _in_context(alignment)
        found = {
            "maxsim": float(information @ best / information.sum()),
            "weakest": float(np.sort(soft)[:3].mean()),
            "in_context": float(np.sort(contextual)[:3].mean()),
            "unmatched": float(information[rows] @ (soft < _UNMATCHED) / information[rows].sum()),
        }
    return found | {
        "missing": float(min(len(missing), _VALUES_COUNTED)),
        "speaker": float(_speakers(alignment)),
        "question": float("?" in sentence),
    }


def _in_context(alignment: Alignment) -> NDArray[np.float32]:
    """(content,) The best match of each content word, times how well the words around it match around it."""
    matches = alignment.matches
    statement = np.array([word.statement for word in alignment.cited])
    # Statements are laid out with a gap, so that no context reaches into the next one.
    places = np.arange(len(statement)) + _PLACES_AROUND * (statement - statement[0] + 1)
    laid_out = np.zeros((len(matches), places[-1] + 1 + _PLACES_AROUND), np.float32)
    laid_out[:, places] = matches
    windows = np.lib.stride_tricks.sliding_window_view(laid_out, 2 * _PLACES_AROUND + 1, axis=1)
    nearby = windows.max(axis=2)[:, places - _PLACES_AROUND]
    found = np.empty(len(matches), np.float32)
    for row, own in enumerate(matches):
        around = [*range(max(0, row - _WORDS_AROUND), row), *range(row + 1, row + 1 + _WORDS_AROUND)]
        around = [other for other in around if other < len(matches)]
        found[row] = (own * nearby[around].mean(axis=0) if around else own).max()
    return found


def _speakers(alignment: Alignment) -> int:
    """How many words of a speaker the sentence has that no quote and no title has."""
    lacking = {
        word.start for word, covered in zip(alignment.said, alignment.covered, strict=True) if not covered
    }
    return sum(match.start() in lacking for match in _SPEAKER.finditer(alignment.sentence))
