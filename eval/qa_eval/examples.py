"""The records of a question set, whatever format it came in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol

from qa.types import Turn

SUPPORTING_SHARE = 0.5
"""Share of a gold sentence that a span must hold to count as that sentence: splitters differ a little."""


class Located(Protocol):
    """Anything with a place in a document."""

    @property
    def document_id(self) -> str:
        """The document's id in the index."""
        ...

    @property
    def start(self) -> int:
        """Offset of the first character."""
        ...

    @property
    def end(self) -> int:
        """Offset after the last character."""
        ...


@dataclass(frozen=True, slots=True)
class GoldSpan:
    """Where an answer stands. `end` 0 means the whole document, for sets that judge no finer."""

    document_id: str
    start: int = 0
    end: int = 0
    quote: str = ""
    sufficient: bool = True

    def is_held_by(self, place: Located) -> bool:
        """Whether the place holds at least half of this span."""
        if place.document_id != self.document_id:
            return False
        overlap = min(place.end, self.end) - max(place.start, self.start)
        return self.end == 0 or overlap >= SUPPORTING_SHARE * (self.end - self.start)


@dataclass(frozen=True, slots=True)
class GoldPosition:
    """One side of a disagreement: its value and, as indices, the evidence that holds it."""

    value: str
    evidence: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Example:
    """One question with what is known of its answer.

    `documents` limits the question to documents of these ids (None: all). `grades` are the judged
    relevance of whole documents, where the set has them. `group` names what makes questions depend
    on each other (a paragraph, a conversation); intervals resample groups.
    """

    id: str
    question: str
    answerable: bool
    answers: tuple[str, ...] = ()
    evidence: tuple[GoldSpan, ...] = ()
    conflict: Literal["value", "as_of"] | None = None
    positions: tuple[GoldPosition, ...] = ()
    type: str = "question"
    asks: str = ""
    split: str = "all"
    history: tuple[Turn, ...] = ()
    documents: tuple[str, ...] | None = None
    grades: tuple[tuple[str, int], ...] = ()
    group: str = ""

    @property
    def together(self) -> bool:
        """Whether the answers are parts of one answer, each with a sentence that is needed."""
        return len(self.evidence) > 1 and not any(span.sufficient for span in self.evidence)

    @property
    def worded(self) -> bool:
        """Whether the answer's words can be looked for; "yes" and "no" are not said by a quotation."""
        return self.answerable and bool(self.answers) and self.asks != "yes_no" and not self.conflict

    def needs(self) -> tuple[tuple[GoldSpan, ...], ...]:
        """What must be cited: one span of each inner tuple. Empty when the set does not say."""
        if self.positions:
            return tuple(tuple(self.evidence[i] for i in one.evidence) for one in self.positions)
        if self.together:
            return tuple((span,) for span in self.evidence)
        sufficient = tuple(span for span in self.evidence if span.sufficient)
        return (sufficient,) if sufficient else ()


@dataclass(frozen=True, slots=True)
class SourceText:
    """A document that a set brings along."""

    id: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one row: the file, its line (where the format has lines) and the field."""

    file: str
    line: int | None
    field: str
    reason: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.field}: {self.reason}" if self.field else f"{place}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Dataset:
    """A question set. Without `documents` its questions are about what the index already holds."""

    name: str
    examples: tuple[Example, ...]
    documents: tuple[SourceText, ...] = ()
    problems: tuple[Problem, ...] = ()
    drafts: int = 0


def without_gold(example: Example, document_ids: Sequence[str]) -> Example:
    """The same question over all documents but those that answer it: then nothing does.

    A source of unanswerable questions for sets that have none.
    """
    gold = {span.document_id for span in example.evidence}
    rest = tuple(one for one in document_ids if one not in gold)
    return replace(
        example,
        id=f"{example.id}-without-gold",
        answerable=False,
        answers=(),
        evidence=(),
        conflict=None,
        positions=(),
        grades=(),
        type="gold removed",
        documents=rest,
    )
