"""The records that travel along the two lines of data.

All are frozen; sequences are tuples. Offsets count characters (Unicode code points) and point
into `Document.text`: for every span, `document.text[start:end]` is the text it stands for.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

Status = Literal["answered", "partial", "conflict", "not_found"]
Role = Literal["user", "assistant"]


@dataclass(frozen=True, slots=True)
class Turn:
    """One earlier message of a conversation."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class Document:
    """A source text as it is stored.

    `sha256` is the hex digest of `text` in UTF-8 and names the revision. `published` is an ISO
    8601 date at the precision that is known ("2019", "2019-12", "2019-12-20") or None. `pages` has
    the offset at which each page begins, for what has pages.
    """

    id: str
    uri: str
    title: str
    text: str
    sha256: str
    published: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    pages: tuple[int, ...] = ()

    def page(self, offset: int) -> int | None:
        """The number, from 1, of the page that holds the character at `offset`; None without pages."""
        return bisect_right(self.pages, offset) or None


@dataclass(frozen=True, slots=True)
class Passage:
    """A run of whole sentences of one document: `document.text[start:end] == text`."""

    id: str
    document_id: str
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """An exact span of a passage, usually a sentence; `number` is the [n] an answer may cite."""

    number: int
    passage: Passage
    start: int
    end: int
    quote: str
    score: float


@dataclass(frozen=True, slots=True)
class Claim:
    """One sentence of an answer and the numbers of the evidence that it rests on."""

    text: str
    evidence_numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Draft:
    """What a composer proposes; nothing in it is believed before `verify`."""

    claims: tuple[Claim, ...]


@dataclass(frozen=True, slots=True)
class Citation:
    """A checked pointer into a source: `document.text[start:end] == quote` at `revision`.

    `highlight` is the span of the short answer inside the quote, where there is a sure one; `page`
    the page that the quote begins on, where the document has pages.
    """

    number: int
    document_id: str
    title: str
    uri: str
    published: str | None
    revision: str
    start: int
    end: int
    quote: str
    highlight: tuple[int, int] | None = None
    notes: tuple[DateNote, ...] = ()
    page: int | None = None


@dataclass(frozen=True, slots=True)
class DateNote:
    """What a relative date in a quote means, given when the document was published.

    `quote[start:end] == phrase`; `meaning` is no more precise than what is known.
    """

    start: int
    end: int
    phrase: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Position:
    """One side of a disagreement and the numbers of the citations that hold it."""

    value: str
    citations: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Sources that give different values, or (`as_of`) values of different times."""

    kind: Literal["value", "as_of"]
    positions: tuple[Position, ...]


@dataclass(frozen=True, slots=True)
class Scored:
    """A span of a document with the score that ranked it."""

    document_id: str
    start: int
    end: int
    text: str
    score: float


@dataclass(frozen=True, slots=True)
class Trace:
    """How an answer came about: what was found, best first, and milliseconds by stage."""

    passages: tuple[Scored, ...]
    evidence: tuple[Scored, ...]
    timings_ms: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Answer:
    """What `QA.ask` gives, on every surface. "The documents do not say" is an Answer too.

    `generator` names the language model whose words some of the claims are; "none": all are quotes.
    `degraded` says why they are, or why no more are in its words, where a model failed to word them.
    """

    question: str
    standalone_question: str
    status: Status
    claims: tuple[Claim, ...]
    citations: tuple[Citation, ...]
    confidence: float
    disagreement: Disagreement | None
    trace: Trace
    generator: str = "none"
    degraded: str | None = None

    @property
    def text(self) -> str:
        """The claims, each followed by the numbers of its citations, or that there is no answer."""
        if self.status == "not_found":
            return NOT_FOUND_TEXT
        return "".join(rendered(self.claims, self.citations, self.disagreement))


NOT_FOUND_TEXT = "The documents do not say."


@dataclass(frozen=True, slots=True)
class Found:
    """What an answer will be made of: the stand-alone question, and evidence, best first.

    `sources` holds the evidence's documents by id, their texts left empty.
    """

    question: str
    evidence: tuple[Evidence, ...]
    sources: Mapping[str, Document]
    confidence: float


@dataclass(frozen=True, slots=True)
class Shown:
    """A verified claim of an answer under way, and the `text` that it adds to `Answer.text`."""

    claim: Claim
    citations: tuple[Citation, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """Nothing to tell yet, but whoever asks can stop here."""


Step = Found | Waiting | Shown | Answer


def rendered(
    claims: Iterable[Claim], citations: Iterable[Citation], disagreement: Disagreement | None
) -> list[str]:
    """What each claim adds to the text of an answer: its words and the numbers of its citations.

    Where the sources disagree the first one says so; where they speak of different times, each says
    as of when it does.
    """
    kind = disagreement.kind if disagreement else None
    dates = {one.number: one.published for one in citations}
    opening = "The sources disagree: " if kind == "value" else ""
    pieces: list[str] = []
    for claim in claims:
        as_of = _as_of(claim, dates) if kind == "as_of" else ""
        pieces.append(f"{' ' if pieces else opening}{as_of}{_cited(claim)}")
    return pieces


def _as_of(claim: Claim, dates: Mapping[int, str | None]) -> str:
    published = next((dates.get(number) for number in claim.evidence_numbers), None)
    return f"As of {published}: " if published else "Undated: "


def _cited(claim: Claim) -> str:
    marks = "".join(f"[{number}]" for number in claim.evidence_numbers)
    return f"{claim.text} {marks}".rstrip()
