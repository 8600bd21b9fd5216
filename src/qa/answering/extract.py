"""extract(found) → the answer in the sources' own words, verified: what there is without a language model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from qa.answering.annotate import annotate
from qa.answering.compose import compose
from qa.answering.disagreement import Statement, find_disagreement
from qa.answering.verify import ReadDocument, verify
from qa.finding.confidence import sentence_relevance
from qa.finding.rank import RankedSentence, Ranking
from qa.language.discourse import announced, reason
from qa.timing import timed
from qa.types import Citation, Claim, Disagreement, Evidence, Found, Shown, Status, rendered

_CONSIDERED, _OF_ONE = 12, 3
"""Sentences that are looked at for disagreement, and of one document at most: it takes one position."""


@dataclass(frozen=True, slots=True)
class Extract:
    """An answer in quotes; `lacking` tells that a part of the question has none.

    `numbers` are those of the evidence that it quotes; `needed` are those of them that are but together
    the answer: what answers each part of a question, the items of a series, a reason told afterwards.
    """

    claims: tuple[Claim, ...] = ()
    citations: tuple[Citation, ...] = ()
    disagreement: Disagreement | None = None
    lacking: bool = False
    numbers: tuple[int, ...] = ()
    needed: tuple[int, ...] = ()

    @property
    def status(self) -> Status:
        """Derived from the answer, so that it can't say anything else."""
        if not self.claims:
            return "not_found"
        if self.disagreement is not None and self.disagreement.kind == "value":
            return "conflict"
        return "partial" if self.lacking else "answered"

    @property
    def is_plain(self) -> bool:
        """Whether it answers, and the sources agree: what they disagree on stays in their own words."""
        return bool(self.claims) and self.disagreement is None

    def shown(self) -> Iterator[Shown]:
        """The claims as they are shown one after the other."""
        pieces = rendered(self.claims, self.citations, self.disagreement)
        for claim, text in zip(self.claims, pieces, strict=True):
            cited = tuple(one for one in self.citations if one.number in claim.evidence_numbers)
            yield Shown(claim, cited, text)


def extract(
    found: Found,
    ranking: Ranking,
    further: Sequence[Evidence],
    top_k: int,
    read: ReadDocument,
    timings: dict[str, float],
) -> Extract:
    """The answer of the best `top_k` sentences and of `further`, the best of the question's other parts."""
    with timed(timings, "compose"):
        disagreement = find_disagreement(found.question, _statements(found, ranking))
        # A position's sentence may come after the first ones, which may be of one document.
        evidence = found.evidence[:top_k] if disagreement is None else found.evidence
        draft = compose(found.question, evidence, further, disagreement)
    with timed(timings, "verify"):
        verified = verify(draft, found.evidence, revisions(found), read)
        citations = annotate(found.question, verified.citations)
    disagreement = _renumbered(disagreement, verified.numbers)
    numbers = tuple(verified.numbers)
    needed = _needed(numbers, found, further)
    return Extract(verified.claims, citations, disagreement, numbers=numbers, needed=needed)


def _needed(numbers: Sequence[int], found: Found, further: Sequence[Evidence]) -> tuple[int, ...]:
    """Of the quoted `numbers` those that are but together the answer; see `Extract`."""
    if not numbers:
        return ()
    best = found.evidence[0]
    told_after = reason(found.question, best, found.evidence)
    wanted = {one.number for one in announced(best, found.evidence)}
    wanted |= {told_after.number} if told_after else set()
    # A part's best sentence that isn't quoted says what the best of all does.
    wanted |= {one.number if one.number in numbers else best.number for one in further}
    return tuple(number for number in numbers if number in wanted)


def revisions(found: Found) -> dict[str, str]:
    """The SHA-256 of each document's text when its evidence was found, by id."""
    return {document_id: source.sha256 for document_id, source in found.sources.items()}


def considered(sentences: Sequence[RankedSentence]) -> list[tuple[int, RankedSentence]]:
    """The sentences, best first, that are looked at for disagreement, with their numbers as evidence."""
    of_one: Counter[str] = Counter()
    chosen = []
    for number, one in enumerate(sentences, start=1):
        of_one[one.passage.document_id] += 1
        if of_one[one.passage.document_id] <= _OF_ONE:
            chosen.append((number, one))
        if len(chosen) == _CONSIDERED:
            break
    return chosen


def _statements(found: Found, ranking: Ranking) -> list[Statement]:
    """What `find_disagreement` reads of the evidence."""
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
        for number, one in considered(ranking.sentences)
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
