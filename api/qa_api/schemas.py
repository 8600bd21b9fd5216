"""The wire contract, version 1: additions are free, changes are not."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from qa.pipeline import MAX_QUESTION_CHARS
from qa.types import Document, Status

MAX_HISTORY = 10_000
MAX_CHOSEN = 10_000
_MAX_CITED = 100
_QUESTION: dict[str, Any] = {"pattern": r"[^\s\x1c-\x1f\x85]", "maxLength": MAX_QUESTION_CHARS}
"""Described here, white space as Python's `strip` takes it, and checked by the library for all who ask."""


def _whole(value: Any) -> Any:
    """JSON has one kind of number: 5.0 is a whole one."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


Whole = Annotated[int, BeforeValidator(_whole)]


class _Request(BaseModel):
    # Strict: a number that is written as a string is no number, here as in the description.
    model_config = ConfigDict(extra="forbid", strict=True)


class Lenient(BaseModel):
    """A request of which the fields that mean nothing here are passed over."""

    model_config = ConfigDict(extra="ignore", strict=True)


class TurnIn(_Request):
    """One earlier message of the conversation."""

    role: Literal["user", "assistant"]
    content: str


class AskRequest(_Request):
    """A question, and what to answer it from."""

    question: str = Field(
        examples=["How much did China invest in Belarus, and in how many projects?"],
        json_schema_extra=_QUESTION,
    )
    history: list[TurnIn] = Field(default=[], max_length=MAX_HISTORY)
    top_k: Whole = Field(default=10, ge=1, le=100, description="evidence sentences to consider")
    documents: list[str] | None = Field(
        default=None, max_length=MAX_CHOSEN, examples=[None], description="answer from these documents only"
    )
    generator: Literal["none", "default"] = Field(default="default", description="'none' quotes only")
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
    page: int | None = Field(default=None, description="the page that the quote begins on, of what has pages")


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
    generator: str = Field(description="the language model that worded claims; 'none': all are quotes")
    degraded: str | None = Field(description="why a model that was to word them did not")
    timings_ms: dict[str, float]
    trace: TraceOut | None = None


class SearchRequest(_Request):
    """A query for passages."""

    query: str = Field(examples=["union state treaty"], json_schema_extra=_QUESTION)
    k: Whole = Field(default=10, ge=1, le=100)


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

    id: str
    title: str
    uri: str
    published: str | None
    revision: str

    @classmethod
    def of(cls, document: Document, **more: str) -> Self:
        """`document` as it is sent; `more` are the fields that a subclass adds."""
        return cls(
            id=document.id,
            title=document.title,
            uri=document.uri,
            published=document.published,
            revision=document.sha256,
            **more,
        )


class DocumentWithText(DocumentOut):
    """A document with the text that citations point into."""

    text: str


class DocumentListed(DocumentOut):
    """A document of the list; only one of origin `upload` can be deleted here."""

    origin: str = Field(description="'upload', 'corpus', or the folder that it was read from")


class DocumentList(BaseModel):
    """Documents by id, for protocols whose results are objects."""

    documents: list[DocumentListed]


class Problem(BaseModel):
    """An error, as RFC 9457 (problem+json) shapes it."""

    type: str
    title: str
    status: int
    detail: str


class UploadResult(BaseModel):
    """What became of an uploaded file, or of a line of one: the document that it is now, or the problem."""

    file: str
    outcome: Literal["created", "replaced", "unchanged", "error"]
    document: DocumentListed | None = None
    problem: Problem | None = None


class UploadResponse(BaseModel):
    """One result a document, in the order of the files, and one for each that was refused.

    JSON Lines have several documents a file; metadata files are not listed by themselves.
    """

    results: list[UploadResult]


class EvidenceOut(EvidenceTrace):
    """A sentence that the answer may be made of."""

    title: str
    published: str | None


class EvidenceEvent(BaseModel):
    """The first event of a stream: what was found, best first."""

    standalone_question: str
    evidence: list[EvidenceOut]


class ClaimEvent(BaseModel):
    """A sentence of the answer, verified, with its citations."""

    text: str
    citations: list[CitationOut]


class FeedbackSpan(Lenient):
    """What was cited; of a citation only this is kept, and only if the document says so at this place."""

    number: Whole | None = None
    document_id: str
    start: Whole = Field(ge=0)
    end: Whole = Field(ge=0)
    quote: str


class FeedbackClaim(Lenient):
    """A sentence of the answer and the numbers of its citations."""

    text: str
    citations: list[Whole]


class Feedback(Lenient):
    """A verdict on an answer: the JSON of the answer with `verdict`; other fields are passed over."""

    question: str = Field(min_length=1, max_length=2_000)
    answer: str = Field(max_length=100_000)
    verdict: Literal["up", "down"]
    comment: str | None = Field(default=None, max_length=2_000)
    history: list[TurnIn] = Field(default=[], max_length=MAX_HISTORY)
    standalone_question: str | None = None
    status: Status | None = None
    confidence: float | None = None
    claims: list[FeedbackClaim] = Field(default=[], max_length=_MAX_CITED)
    citations: list[FeedbackSpan] = Field(default=[], max_length=_MAX_CITED)


class Health(BaseModel):
    """Whether the service can answer."""

    status: Literal["ok", "ready"]
    documents: int | None = None
    passages: int | None = None
