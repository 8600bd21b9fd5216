"""annotate(citations): the short answer marked, and relative dates explained, beside the quote."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from qa.language.dates import explain
from qa.language.short_answer import short_answer
from qa.types import Citation


def annotate(question: str, citations: Iterable[Citation]) -> tuple[Citation, ...]:
    """The citations with `highlight` (offsets into the document) and `notes` (offsets into the quote)."""
    return tuple(_annotated(question, citation) for citation in citations)


def _annotated(question: str, citation: Citation) -> Citation:
    span = short_answer(question, citation.quote)
    highlight = (citation.start + span[0], citation.start + span[1]) if span else None
    return replace(citation, highlight=highlight, notes=explain(citation.quote, citation.published))
