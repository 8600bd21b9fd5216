"""QA.ask: standalone → retrieve → rank → compose → verify. Every surface goes through it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace

from qa.answering.extract import Extract, extract
from qa.answering.parts import parts
from qa.errors import DocumentNotFound, GeneratorError, IndexBusy, QuestionInvalid
from qa.finding.confidence import SECOND_LOOK, THRESHOLD, confidence
from qa.finding.question import standalone
from qa.finding.rank import Ranking, rank, vocabulary_prior
from qa.finding.retrieve import read_candidates, retrieve
from qa.finding.spell import Lexicon, correct
from qa.interfaces import Embedder, Encoding
from qa.interfaces import Generator as LanguageModel
from qa.language.text import readable
from qa.processors import processors
from qa.speaking.offer import make_offer
from qa.speaking.rewrite import rewrite
from qa.speaking.speak import Spoken, noted, speak
from qa.storage.index import Index
from qa.support.support import Entails
from qa.timing import milliseconds, timed
from qa.types import (
    Answer,
    Evidence,
    Found,
    Passage,
    Scored,
    Step,
    Trace,
    Turn,
    Waiting,
)

MAX_QUESTION_CHARS = 2_000
TOP_K = 10
_STAGES = ("retrieve", "rank", "compose", "verify")
_CANDIDATES = 12
"""Passages that late interaction reads; more hold the answer too rarely to pay for (eval/LOG.md)."""
_PATIENCE = 10.0
"""Seconds to wait for other questions, which may wait for another process, or for a Chroma server."""


class QA:
    """Answers questions from an opened index; safe to call from several threads."""

    def __init__(
        self,
        index: Index,
        embedder: Embedder,
        generator: LanguageModel | None = None,
        entails: Entails | None = None,
    ) -> None:
        self.index = index
        self.embedder = embedder
        self.generator = generator
        self.entails = entails
        self._threads = ThreadPoolExecutor(thread_name_prefix="encode")
        # More would keep each other from the interpreter's lock.
        self._at_once = threading.Semaphore(processors() + 1)
        self._lexicon = Lexicon(embedder.vocabulary, index.terms, index.occurrences)
        self._information = vocabulary_prior(embedder.vocabulary)
        self.documents = index.documents
        self.document = index.document
        self.counts = index.counts

    def close(self) -> None:
        """Let go of the index and of the language model."""
        self._threads.shutdown()
        self.index.close()
        if self.generator is not None:
            self.generator.close()

    def ask(
        self,
        question: str,
        history: Sequence[Turn] = (),
        *,
        top_k: int = TOP_K,
        documents: Sequence[str] | None = None,
        generate: bool = True,
    ) -> Answer:
        """Answer `question`, which may refer to the earlier turns in `history`.

        `top_k` is the number of evidence sentences to consider; `documents` limits the answer to
        documents of these ids; `generate` lets the language model, where there is one, word it.
        Raises `QuestionInvalid`, `DocumentNotFound` for an id that isn't there, or an `IndexError_`. That
        nothing answers is an `Answer` too, and so is one in quotes where the model fails.
        """
        *_, answer = self.steps(question, history, top_k=top_k, documents=documents, generate=generate)
        assert isinstance(answer, Answer)
        return answer

    def steps(
        self,
        question: str,
        history: Sequence[Turn] = (),
        *,
        top_k: int = TOP_K,
        documents: Sequence[str] | None = None,
        generate: bool = True,
    ) -> Generator[Step, None, None]:
        """What `ask` does, as it comes: `Found`, each claim `Shown` once verified, last the `Answer`.

        `Waiting` is in between where a model takes its time. Different threads may take the steps;
        who closes them stops the model.
        """
        began = time.perf_counter()
        question = _checked(question)
        if top_k < 1:
            raise QuestionInvalid(f"top_k is {top_k}; ask for at least one evidence sentence.")
        turns = [Turn(turn.role, readable(turn.content)) for turn in history]
        timings = dict.fromkeys(_STAGES, 0.0)
        model = self.generator if generate else None
        complete, degraded = yield from _standalone(question, turns, model)
        with self._snapshot():
            self._require(documents)
            complete = correct(complete, self._lexicon)
            ranking = self._ranking(complete, documents, timings)
            found = self._found(complete, ranking)
            heard = model is not None and degraded is None
            least = SECOND_LOOK if heard else THRESHOLD
            quotes = self._extract(found, ranking, max(top_k, TOP_K), documents, timings, least)
            speaks = heard and quotes.is_plain
            offer = make_offer(found, quotes, ranking, self.index.document) if speaks else None
        yield found
        spoken = Spoken(degraded=degraded)
        if offer is not None and model is not None:
            with timed(timings, "generate"):
                spoken = yield from speak(offer, model, self.embedder, self.entails)
        if not spoken.claims:
            quotes = quotes if found.confidence >= THRESHOLD else Extract()
            yield from quotes.shown()
        timings["total"] = milliseconds(began)
        yield Answer(
            question=question,
            standalone_question=complete,
            status=quotes.status,
            claims=spoken.claims or quotes.claims,
            citations=spoken.citations or quotes.citations,
            confidence=max(found.confidence, THRESHOLD) if quotes.claims else found.confidence,
            disagreement=quotes.disagreement,
            trace=_trace(ranking, found.evidence, timings),
            generator=model.name if model is not None and spoken.is_worded else "none",
            degraded=spoken.degraded,
        )

    def ranking(self, question: str, documents: Sequence[str] | None = None) -> Ranking:
        """The ranked evidence that `ask` composes an answer from, with the features that ranked it."""
        with self._snapshot():
            return self._ranking(_checked(question), documents, {})

    @contextmanager
    def _snapshot(self) -> Iterator[None]:
        """One state of the index, for one of the few questions looked up at once. Raises `IndexBusy`."""
        if not self._at_once.acquire(timeout=_PATIENCE):
            raise IndexBusy("Other questions are still being looked up; try again soon.")
        try:
            with self.index.snapshot():
                yield
        finally:
            self._at_once.release()

    def _require(self, documents: Sequence[str] | None) -> None:
        """Refuse ids that stand for nothing: a slip in one would look like "the documents do not say"."""
        if documents is None:
            return
        wanted = [readable(one) for one in documents]
        found = self.index.sources(wanted)
        for one in wanted:
            if one not in found:
                raise DocumentNotFound(f"There is no document '{one}'; list the documents for their ids.")

    def _ranking(self, question: str, documents: Sequence[str] | None, timings: dict[str, float]) -> Ranking:
        with timed(timings, "retrieve"):
            encoding = self._encoding(question)
            hits = retrieve(question, encoding, self.index, _CANDIDATES, documents)
            candidates = read_candidates(hits, self.index)
        with timed(timings, "rank"):
            return rank(question, encoding().tokens, candidates, self._information)

    def _encoding(self, question: str) -> Callable[[], Encoding]:
        """Gives the encoding of the question, which another thread computes while this one goes on."""
        encodings = self._threads.submit(self.embedder.encode, [question])
        return lambda: encodings.result()[0]

    def _found(self, question: str, ranking: Ranking) -> Found:
        evidence = _evidence(ranking)
        sources = self.index.sources_of(one.passage for one in evidence)
        return Found(question, evidence, sources, confidence(question, ranking))

    def _extract(
        self,
        found: Found,
        ranking: Ranking,
        top_k: int,
        documents: Sequence[str] | None,
        timings: dict[str, float],
        least: float,
    ) -> Extract:
        """The answer in quotes; nothing where the documents answer less probably than `least`."""
        if found.confidence < least:
            return Extract()
        further, lacking = self._further(found, documents, timings)
        quotes = extract(found, ranking, further, top_k, self.index.document, timings)
        return replace(quotes, lacking=lacking)

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
        with self._snapshot():
            hits = retrieve(query, self._encoding(query), self.index, k)
            return tuple(_scored(one.passage, one.fused) for one in hits)


def _standalone(
    question: str, history: Sequence[Turn], model: LanguageModel | None
) -> Generator[Waiting, None, tuple[str, str | None]]:
    """The question that stands alone, and what the model that was to word it failed with."""
    if model is None or not history:
        return standalone(question, history), None
    try:
        return (yield from rewrite(question, history, model)), None
    except GeneratorError as error:
        return standalone(question, history), noted(error)


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
