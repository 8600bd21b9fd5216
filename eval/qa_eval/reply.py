"""What `POST /v1/ask` answered, read for judging. In process and over HTTP it is the same JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from qa.support.grounding import Premise, missing_values


@dataclass(frozen=True, slots=True)
class Place:
    """A span of a document and, where they are known, its text and its document's title and date."""

    document_id: str
    start: int
    end: int
    text: str = ""
    title: str = ""
    published: str | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer of the wire contract, version 1, as far as it is judged."""

    status: str
    confidence: float
    statements: tuple[tuple[str, tuple[int, ...]], ...]
    citations: dict[int, Place]
    short_answer: str | None
    disagreement: str | None
    passages: tuple[Place, ...]
    evidence: tuple[Place, ...]

    @classmethod
    def read(cls, wire: dict[str, Any]) -> Reply:
        """Raises `KeyError` if the service does not keep to the contract."""
        trace = wire.get("trace") or {"passages": [], "evidence": []}
        return cls(
            status=wire["status"],
            confidence=float(wire["confidence"]),
            statements=tuple((one["text"], tuple(one["citations"])) for one in wire["claims"]),
            citations={one["number"]: _place(one) for one in wire["citations"]},
            short_answer=_short_answer(wire["citations"]),
            disagreement=(wire["disagreement"] or {}).get("kind"),
            passages=tuple(map(_place, trace["passages"])),
            evidence=tuple(map(_place, trace["evidence"])),
        )

    @property
    def refused(self) -> bool:
        """Whether it says that the documents do not say."""
        return self.status == "not_found"

    @property
    def text(self) -> str:
        """The statements without the marks of their citations."""
        return " ".join(text for text, _ in self.statements)

    @property
    def ungrounded(self) -> tuple[str, ...]:
        """The numbers, dates, names and quotations that a statement has and its citations lack."""
        return tuple(
            value
            for text, numbers in self.statements
            for value in missing_values(
                text, [_premise(self.citations[n]) for n in numbers if n in self.citations]
            )
        )

    @property
    def cited(self) -> tuple[Place, ...]:
        """The places that the answer points to."""
        return tuple(self.citations.values())


def _premise(place: Place) -> Premise:
    return Premise(place.text, 0, len(place.text), place.title, place.published)


def _place(one: dict[str, Any]) -> Place:
    return Place(
        one["document_id"],
        one["start"],
        one["end"],
        one.get("quote", ""),
        one.get("title", ""),
        one.get("published"),
    )


def _short_answer(citations: Sequence[dict[str, Any]]) -> str | None:
    """The marked words of the first citation that has any; an addition to the contract."""
    for one in citations:
        if one.get("highlight"):
            start, end = (offset - one["start"] for offset in one["highlight"])
            return str(one["quote"][start:end])
    return None
