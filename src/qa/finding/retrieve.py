"""retrieve(question) → passages by dense and BM25 search, fused; read_candidates adds what ranking needs."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from qa.finding.lexical import FUNCTION_WORDS
from qa.finding.rank import Candidate
from qa.interfaces import Encoding
from qa.storage.index import Index
from qa.types import Passage

DENSE_WEIGHT = 0.7
"""Share of the cosine in the fused score; best of the grid on XQuAD (see eval/LOG.md)."""

_DEPTH = 50
"""Passages asked for of each search."""

_MOST_SCORED = 8_000
"""Passages that BM25 scores for one question, about: at 1.5 µs each, what a question has time for."""

_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that was found: its cosine and BM25 score, 0 where that search did not find it, and both
    `fused`, at most 1."""

    passage: Passage
    fused: float
    cosine: float
    bm25: float


def retrieve(
    question: str,
    encoding: Callable[[], Encoding],
    index: Index,
    k: int,
    documents: Sequence[str] | None = None,
) -> tuple[Hit, ...]:
    """The `k` passages that fit best, best first; `documents` limits them to those ids.

    `encoding` gives that of the question. It is called once the words are looked up, so that another
    thread may compute it meanwhile.

    The score is the convex sum of the cosine as it is and the BM25 score over the best one (Bruch et al.
    2023, "An Analysis of Fusion Functions for Hybrid Retrieval": theoretical minima). Among
    near-duplicates the cosines differ little, and a normalisation by the least of them would make those
    differences decide.
    """
    depth = max(_DEPTH, k)
    words = search_words(question)
    if documents is None:
        words = _rarest(words, index.frequencies(words, _MOST_SCORED))
    bm25 = dict(index.search_text(fts_query(words), depth, documents))
    cosines = dict(index.search_vectors(encoding().vector, depth, documents))
    farthest, highest = min(cosines.values(), default=0.0), max(bm25.values(), default=1.0)
    fused = {
        one: DENSE_WEIGHT * cosines.get(one, farthest) + (1 - DENSE_WEIGHT) * bm25.get(one, 0.0) / highest
        for one in cosines.keys() | bm25.keys()
    }
    best = sorted(fused, key=lambda one: (-fused[one], one))[:k]
    passages = index.passages(best)
    return tuple(
        Hit(passages[one], fused[one], cosines.get(one, 0.0), bm25.get(one, 0.0))
        for one in best
        if one in passages  # a vector that belongs to nothing never answers
    )


def read_candidates(hits: Sequence[Hit], index: Index) -> tuple[Candidate, ...]:
    """The hits with their token vectors and titles, which take longer to read than the passages."""
    tokens = index.tokens([hit.passage.id for hit in hits])
    sources = index.sources_of(hit.passage for hit in hits)
    return tuple(
        Candidate(hit.passage, hit.fused, tokens[hit.passage.id], sources[hit.passage.document_id].title)
        for hit in hits
    )


def search_words(question: str) -> list[str]:
    """The words of the question that BM25 looks for, in lower case.

    Function words are left out, unless there is nothing else: they stand in nearly every passage, and
    scoring all of those took nine tenths of the time at 20,000 passages.
    """
    words = dict.fromkeys(_WORD.findall(question.lower()))
    return [word for word in words if word not in FUNCTION_WORDS] or list(words)


def fts_query(words: Sequence[str]) -> str:
    """An FTS5 query for any of the words, each quoted so that none is an operator."""
    return " OR ".join(f'"{word}"' for word in words)


def _rarest(words: Sequence[str], frequencies: Sequence[int]) -> list[str]:
    """The rarest words, as many as stand in `_MOST_SCORED` passages together, and one at least.

    What a word adds to a score falls with the number of passages that have it, and what it costs rises
    with it: in a large index the commonest words decide nothing and take nearly all the time.
    """
    counted = sorted(zip(frequencies, words, strict=True))
    totals = itertools.accumulate(count for count, _ in counted)
    return [
        word
        for n, ((_, word), total) in enumerate(zip(counted, totals, strict=True))
        if n == 0 or total <= _MOST_SCORED
    ]
