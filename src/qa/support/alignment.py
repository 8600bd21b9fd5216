"""The words of a sentence beside the words of what it cites: which says the same, and how surely.

Late interaction as in `qa.finding.rank` (ColBERT, Khattab and Zaharia 2020), word by word: a word's pieces
look for their best match among the pieces of a quoted word. Quoted words were encoded inside their passage,
so that a pronoun carries its antecedent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qa.finding.lexical import FUNCTION_WORDS
from qa.interfaces import TokenVectors
from qa.language.names import words
from qa.language.text import sentence_spans
from qa.language.words import stem
from qa.support.grounding import Premise

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Term:
    """`text[start:end]`, where the text is the sentence's, or that of the cited statement of this number."""

    start: int
    end: int
    key: str
    stem: str
    content: bool
    capital: bool
    statement: int


@dataclass(frozen=True, slots=True)
class Alignment:
    """`likeness[i, j]`, (said, cited): the cosine of a word of the sentence and one of what it cites.

    `statements` are the sentences of the quotes. Words beyond the encoder's longest input are left out.
    """

    sentence: str
    statements: tuple[str, ...]
    said: tuple[Term, ...]
    cited: tuple[Term, ...]
    likeness: Floats
    information: NDArray[np.float64]  # (said,) nats
    covered: NDArray[np.bool_]  # (said,) the word stands in a quote or a title
    same: NDArray[np.bool_]  # (said, cited) the two are one word, inflection aside

    @property
    def content(self) -> NDArray[np.intp]:
        """Which words of the sentence tell something; all where none does."""
        found = [i for i, word in enumerate(self.said) if word.content]
        return np.array(found or range(len(self.said)), np.intp)

    @property
    def matches(self) -> Floats:
        """`likeness` of the content words, 1 where two are the same word, (content, cited)."""
        rows = self.content
        matches: Floats = np.maximum(self.likeness[rows], self.same[rows].astype(np.float32))
        return matches

    def best_statements(self, tolerance: float) -> list[int]:
        """The statements that hold most of the sentence's information, and those nearly as good."""
        if not self.cited or not self.said:
            return []
        numbers, firsts = np.unique([word.statement for word in self.cited], return_index=True)
        best = np.maximum.reduceat(self.matches, firsts, axis=1)
        weights = self.information[self.content]
        held = weights @ best / weights.sum()
        return [int(number) for number in numbers[held >= held.max() - tolerance]]


def align(
    sentence: str,
    tokens: TokenVectors,
    premises: Sequence[Premise],
    encoded: Sequence[TokenVectors],
    information: Callable[[str], float],
) -> Alignment:
    """Lay the words of `sentence` beside those of the quotes.

    `tokens` are the sentence's, `encoded` those of each premise's passage; `information(word)` is in nats.
    """
    said, pieces, sizes = _terms(sentence, [(0, len(sentence))], tokens, 0)
    statements: list[str] = []
    cited: list[Term] = []
    columns: list[Floats] = []
    for premise, vectors in zip(premises, encoded, strict=True):
        spans = [(premise.start + a, premise.start + b) for a, b in sentence_spans(premise.quote)]
        terms, found, lengths = _terms(premise.passage, spans, vectors, len(statements))
        statements += [premise.passage[a:b] for a, b in spans]
        cited += terms
        if terms:
            columns.append(np.maximum.reduceat(pieces @ found.T, _firsts(lengths), axis=1))
    rows = np.concatenate(columns, axis=1) if columns else np.zeros((len(pieces), 0), np.float32)
    likeness = np.zeros((len(said), len(cited)), np.float32)
    if said:
        likeness[:] = np.add.reduceat(rows, _firsts(sizes), axis=0) / sizes[:, None]
    known = {word.stem for word in cited} | {stem(w.key) for p in premises for w in words(p.title)}
    return Alignment(
        sentence=sentence,
        statements=tuple(statements),
        said=tuple(said),
        cited=tuple(cited),
        likeness=likeness,
        information=np.array([information(w.key) for w in said]),
        covered=np.array([w.stem in known for w in said], bool),
        same=np.array([[w.stem == c.stem for c in cited] for w in said], bool).reshape(likeness.shape),
    )


def _terms(
    text: str, spans: Iterable[tuple[int, int]], tokens: TokenVectors, first: int
) -> tuple[list[Term], Floats, NDArray[np.intp]]:
    """The encoded words of `text[a:b]` for each span, their pieces' vectors, and how many each has."""
    begins, ends = tokens.spans[:, 0], tokens.spans[:, 1]
    found: list[Term] = []
    rows: list[NDArray[np.intp]] = []
    for number, (a, b) in enumerate(spans, first):
        for word in words(text[a:b]):
            start, end = np.searchsorted(begins, (a + word.start, a + word.end))
            pieces = np.arange(start, end)
            pieces = pieces[ends[pieces] > begins[pieces]]
            if len(pieces):
                content = word.key not in FUNCTION_WORDS
                found.append(
                    Term(word.start, word.end, word.key, stem(word.key), content, word.capital, number)
                )
                rows.append(pieces)
    vectors = tokens.vectors[np.concatenate(rows)] if rows else tokens.vectors[:0]
    return found, vectors.astype(np.float32, copy=False), np.array([len(p) for p in rows], np.intp)


def _firsts(sizes: NDArray[np.intp]) -> NDArray[np.intp]:
    return np.cumsum(sizes) - sizes
