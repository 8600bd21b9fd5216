"""The wire contract, version 1: additions are free, changes are not."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from qa.types import Status

MAX_HISTORY = 10_000


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid")


class TurnIn(_Request):
    """One earlier message of the conversation."""

    role: Literal["user", "assistant"]
    content: str


class AskRequest(_Request):
    """A question, and what to answer it from."""

    question: str = Field(examples=["How much did China invest in Belarus, and in how many projects?"])
    history: list[TurnIn] = Field(default=[], max_length=MAX_HISTORY)
    top_k: int = Field(default=10, ge=1, le=100, description="evidence sentences to consider")
    documents: list[str] | None = Field(default=None, description="answer from these documents only")
    generator: Literal["none", "default"] = Field(
        default="default", description="'none' quotes; 'default' uses the language model, where one is set"
    )
    trace: bool = Field(default=False, description="also give the ranked passages and evidence")


class ClaimOut(BaseModel):
    """One sentence of the answer and the numbers of its citations."""

    text: str
    citations: list[int]


class DateNoteOut(BaseModel):
    """What a relative date in the quote means; offsets are into the quote."""

    start: int
    end: int
    phrase: str
    meaning: str


class CitationOut(BaseModel):
    """`start` and `end` are offsets in characters into the document's text of that revision."""

    number: int
    document_id: str
    title: str
    uri: str
    published: str | None
    revision: str
    start: int
    end: int
    quote: str
    verified: bool = True
    highlight: tuple[int, int] | None = Field(
        description="the short answer: offsets into the document's text"
    )
    notes: list[DateNoteOut]


class PositionOut(BaseModel):
    """One side of a disagreement."""

    value: str
    citations: list[int]


class DisagreementOut(BaseModel):
    """Different values ('value'), or values of different times ('as_of')."""

    kind: Literal["value", "as_of"]
    positions: list[PositionOut]


class PassageTrace(BaseModel):
    """A passage as it was ranked."""

    document_id: str
    start: int
    end: int
    score: float


class EvidenceTrace(PassageTrace):
    """A sentence as it was ranked."""

    quote: str


class TraceOut(BaseModel):
    """What was found, best first."""

    passages: list[PassageTrace]
    evidence: list[EvidenceTrace]


class AskResponse(BaseModel):
    """The answer. With status `not_found` there may be no citation; none is ever made up to fill the list."""

    question: str
    standalone_question: str
    status: Status
    answer: str
    confidence: float
    claims: list[ClaimOut]
    citations: list[CitationOut]
    disagreement: DisagreementOut | None
    timings_ms: dict[str, float]
    trace: TraceOut | None = None


class SearchRequest(_Request):
    """A query for passages."""

    query: str = Field(examples=["union state treaty"])
    k: int = Field(default=10, ge=1, le=100)


class PassageOut(BaseModel):
    """A passage with its place in its document."""

    model_config = ConfigDict(from_attributes=True)

    document_id: str
    start: int
    end: int
    text: str
    score: float


class SearchResponse(BaseModel):
    """Passages, best first."""

    passages: list[PassageOut]


class DocumentOut(BaseModel):
    """A document without its text; `revision` is the SHA-256 of the text."""

    model_config = ConfigDict(from_attributes=True, populate_by_name=True)

    id: str
    title: str
    uri: str
    published: str | None
    revision: str = Field(validation_alias="sha256")


class DocumentWithText(DocumentOut):
    """A document with the text that citations point into."""

    text: str


class Problem(BaseModel):
    """An error, as RFC 9457 (problem+json) shapes it."""

    type: str
    title: str
    status: int
    detail: str


class Health(BaseModel):
    """Whether the service can answer."""

    status: Literal["ok", "ready"]
    documents: int | None = None
    passages: int | None = None
