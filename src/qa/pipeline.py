"""QA.ask: standalone → retrieve → rank → compose → verify. Every surface goes through it."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from qa.annotate import annotate
from qa.compose import compose
from qa.confidence import THRESHOLD, confidence, sentence_relevance
from qa.disagreement import Statement, find_disagreement
from qa.errors import DocumentNotFound, QuestionInvalid
from qa.index import Index
from qa.interfaces import Embedder
from qa.parts import parts
from qa.question import standalone
from qa.rank import Ranking, rank, vocabulary_prior
from qa.retrieve import retrieve
from qa.spell import Lexicon, correct
from qa.text import readable
from qa.types import (
    Answer,
    Citation,
    Claim,
    Disagreement,
    Evidence,
    Found,
    Passage,
    Scored,
    Shown,
    Status,
    Step,
    Trace,
    Turn,
    rendered,
)
from qa.verify import verify

MAX_QUESTION_CHARS = 2_000
TOP_K = 10
_STAGES = ("retrieve", "rank", "compose", "verify")
_CANDIDATES = 12
"""Passages that late interaction reads; more hold the answer too rarely to pay for (eval/LOG.md)."""


@dataclass(frozen=True, slots=True)
class _Extract:
    """An answer in quotes; `lacking` tells that a part of the question has none."""

    claims: tuple[Claim, ...] = ()
    citations: tuple[Citation, ...] = ()
    disagreement: Disagreement | None = None
    lacking: bool = False


class QA:
    """Answers questions from an opened index; safe to call from several threads."""

    def __init__(self, index: Index, embedder: Embedder) -> None:
        self.index = index
        self.embedder = embedder
        self._lexicon = Lexicon(embedder.vocabulary, index.terms, index.occurrences)
        self._information = vocabulary_prior(embedder.vocabulary)
        self.documents = index.documents
        self.document = index.document
        self.counts = index.counts
        self.close = index.close

    def ask(
        self,
        question: str,
        history: Sequence[Turn] = (),
        *,
        top_k: int = TOP_K,
        documents: Sequence[str] | None = None,
    ) -> Answer:
        """Answer `question`, which may refer to the earlier turns in `history`.

        `top_k` is the number of evidence sentences to consider; `documents` limits the answer to
        documents of these ids. Raises `QuestionInvalid`, or `DocumentNotFound` for an id that isn't
        there. That nothing answers is an `Answer` too.
        """
        *_, answer = self.steps(question, history, top_k=top_k, documents=documents)
        assert isinstance(answer, Answer)
        return answer

    def steps(
        self,
        question: str,
        history: Sequence[Turn] = (),
        *,
        top_k: int = TOP_K,
        documents: Sequence[str] | None = None,
    ) -> Generator[Step, None, None]:
        """What `ask` does, as it comes: `Found`, each claim `Shown` once verified, last the `Answer`.

        Different threads may take the steps.
        """
        began = time.perf_counter()
        question = _checked(question)
        if top_k < 1:
            raise QuestionInvalid(f"top_k is {top_k}; ask for at least one evidence sentence.")
        complete = standalone(question, [Turn(turn.role, readable(turn.content)) for turn in history])
        timings = dict.fromkeys(_STAGES, 0.0)
        with self.index.snapshot():
            self._require(documents)
            complete = correct(complete, self._lexicon)
            ranking = self._ranking(complete, documents, timings)
            found = self._found(complete, ranking)
            extract = self._extract(found, ranking, max(top_k, TOP_K), documents, timings)
        yield found
        pieces = rendered(extract.claims, extract.citations, extract.disagreement)
        for claim, text in zip(extract.claims, pieces, strict=True):
            cited = tuple(one for one in extract.citations if one.number in claim.evidence_numbers)
            yield Shown(claim, cited, text)
        timings["total"] = _milliseconds(began)
        yield Answer(
            question=question,
            standalone_question=complete,
            status=_status(extract),
            claims=extract.claims,
            citations=extract.citations,
            confidence=found.confidence,
            disagreement=extract.disagreement,
            trace=_trace(ranking, found.evidence, timings),
        )

    def ranking(self, question: str, documents: Sequence[str] | None = None) -> Ranking:
        """The ranked evidence that `ask` composes an answer from, with the features that ranked it."""
        with self.index.snapshot():
            return self._ranking(_checked(question), documents, {})

    def _require(self, documents: Sequence[str] | None) -> None:
        """Refuse ids that stand for nothing: a slip in one would look like "the documents do not say"."""
        wanted = [readable(one) for one in documents or ()]
        found = self.index.sources(wanted)
        for one in wanted:
            if one not in found:
                raise DocumentNotFound(f"There is no document '{one}'; list the documents for their ids.")

    def _ranking(self, question: str, documents: Sequence[str] | None, timings: dict[str, float]) -> Ranking:
        with _timed(timings, "retrieve"):
            encoding = self.embedder.encode([question])[0]
            candidates = retrieve(question, encoding, self.index, _CANDIDATES, documents)
        with _timed(timings, "rank"):
            return rank(question, encoding.tokens, candidates, self._information)

    def _found(self, question: str, ranking: Ranking) -> Found:
        evidence = _evidence(ranking)
        sources = self.index.sources({one.passage.document_id for one in evidence})
        return Found(question, evidence, sources, confidence(question, ranking))

    def _extract(
        self,
        found: Found,
        ranking: Ranking,
        top_k: int,
        documents: Sequence[str] | None,
        timings: dict[str, float],
    ) -> _Extract:
        """The answer in the sources' own words; nothing where they are too unlikely to answer."""
        if found.confidence < THRESHOLD:
            return _Extract()
        further, lacking = self._further(found, documents, timings)
        with _timed(timings, "compose"):
            disagreement = find_disagreement(found.question, _statements(found, ranking))
            draft = compose(found.question, found.evidence[:top_k], further, disagreement)
        with _timed(timings, "verify"):
            revisions = {document_id: source.sha256 for document_id, source in found.sources.items()}
            verified = verify(draft, found.evidence, revisions, self.index.document)
            citations = annotate(found.question, verified.citations)
        return _Extract(verified.claims, citations, _renumbered(disagreement, verified.numbers), lacking)

    def _further(
        self,
        found: Found,
        documents: Sequence[str] | None,
        timings: dict[str, float],
    ) -> tuple[list[Evidence], bool]:
        """The best evidence of each part of a question that joins several; whether one has none."""
        joined = parts(found.question)
        places = {(one.passage.id, one.start): one for one in found.evidence}
        further: list[Evidence] = []
        lacking = False
        for part in joined if len(joined) > 1 else ():
            ranking = self._ranking(part, documents, timings)
            if confidence(part, ranking) < THRESHOLD:
                lacking = True
                continue
            best = ranking.sentences[0]
            place = (best.passage.id, best.passage.start + best.start)
            if place in places:
                further.append(places[place])
        return further, lacking

    def search(self, query: str, k: int = TOP_K) -> tuple[Scored, ...]:
        """The `k` passages that fit `query` best. Raises `QuestionInvalid`."""
        query = _checked(query)
        with self.index.snapshot():
            encoding = self.embedder.encode([query])[0]
            found = retrieve(query, encoding, self.index, k)
            return tuple(_scored(one.passage, one.fused) for one in found)


def _evidence(ranking: Ranking) -> tuple[Evidence, ...]:
    """All ranked sentences, best first, numbered from 1."""
    return tuple(
        Evidence(
            number=number,
            passage=one.passage,
            start=one.passage.start + one.start,
            end=one.passage.start + one.end,
            quote=one.passage.text[one.start : one.end],
            score=one.score,
        )
        for number, one in enumerate(ranking.sentences, start=1)
    )


def _statements(found: Found, ranking: Ranking) -> list[Statement]:
    """What `find_disagreement` reads of the evidence, as deep as the answer usually looks."""
    return [
        Statement(
            number=number,
            document_id=one.passage.document_id,
            title=found.sources[one.passage.document_id].title,
            published=found.sources[one.passage.document_id].published,
            sentence=one.passage.text[one.start : one.end],
            passage=one.passage.text,
            relevance=sentence_relevance(one),
        )
        for number, one in enumerate(ranking.sentences[:TOP_K], start=1)
    ]


def _renumbered(disagreement: Disagreement | None, numbers: Mapping[int, int]) -> Disagreement | None:
    """The disagreement with citation numbers; with fewer than two positions left there is none."""
    if disagreement is None:
        return None
    positions = []
    for position in disagreement.positions:
        cited = tuple(numbers[number] for number in position.citations if number in numbers)
        if cited:
            positions.append(replace(position, citations=cited))
    return replace(disagreement, positions=tuple(positions)) if len(positions) > 1 else None


def _status(extract: _Extract) -> Status:
    """Derived from the answer, so that it can't say anything else."""
    if not extract.claims:
        return "not_found"
    if extract.disagreement is not None and extract.disagreement.kind == "value":
        return "conflict"
    return "partial" if extract.lacking else "answered"


def _trace(ranking: Ranking, evidence: Sequence[Evidence], timings: Mapping[str, float]) -> Trace:
    passages = tuple(_scored(one.passage, one.score) for one in ranking.passages)
    sentences = tuple(
        Scored(one.passage.document_id, one.start, one.end, one.quote, one.score) for one in evidence
    )
    return Trace(passages, sentences, timings)


def _scored(passage: Passage, score: float) -> Scored:
    return Scored(passage.document_id, passage.start, passage.end, passage.text, score)


def _checked(question: str) -> str:
    question = readable(question).strip()
    if not question:
        raise QuestionInvalid("The question is empty; write one.")
    if len(question) > MAX_QUESTION_CHARS:
        raise QuestionInvalid(
            f"The question has {len(question)} characters; shorten it to at most {MAX_QUESTION_CHARS}."
        )
    return question


@contextmanager
def _timed(timings: dict[str, float], stage: str) -> Iterator[None]:
    start = time.perf_counter()
    yield
    timings[stage] = round(timings.get(stage, 0.0) + _milliseconds(start), 2)


def _milliseconds(start: float) -> float:
    return round((time.perf_counter() - start) * 1000, 2)
