"""verify(draft) → citations that stand: what can't be pointed to is not shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from qa.errors import DocumentNotFound
from qa.types import Citation, Claim, Document, Draft, Evidence

Failure = Literal["fabricated", "misattributed", "stitched", "stale"]
"""Why a citation does not stand.

fabricated: its words are nowhere in the documents at hand. misattributed: they are, but not where it
points. stitched: they are put together from pieces that stand apart. stale: the document has changed
since, or is gone.
"""

ReadDocument = Callable[[str], Document]
"""Gives a stored document by id, or raises `DocumentNotFound`."""


@dataclass(frozen=True, slots=True)
class Verified:
    """What stands of a draft; `numbers` gives the citation number of an evidence number."""

    claims: tuple[Claim, ...]
    citations: tuple[Citation, ...]
    numbers: Mapping[int, int]


def verify(
    draft: Draft, evidence: Sequence[Evidence], revisions: Mapping[str, str], read: ReadDocument
) -> Verified:
    """The claims whose every citation stands, and those citations, numbered from 1 as they appear.

    `revisions` has the SHA-256 of each document's text when its evidence was found.
    """
    numbered = {one.number: one for one in evidence}
    standing: dict[int, Citation] = {}
    claims: list[Claim] = []
    for claim in draft.claims:
        cited = [numbered[number] for number in claim.evidence_numbers if number in numbered]
        citations = [_cite(one, revisions, read) for one in cited]
        sound = [one for one in citations if one is not None]
        if not cited or len(sound) < len(claim.evidence_numbers) or not _says(claim, sound):
            continue
        for one, citation in zip(cited, sound, strict=True):
            standing.setdefault(one.number, replace(citation, number=len(standing) + 1))
        claims.append(Claim(claim.text, tuple(standing[one.number].number for one in cited)))
    numbers = {number: citation.number for number, citation in standing.items()}
    return Verified(tuple(claims), tuple(standing.values()), numbers)


def check(citation: Citation, document: Document | None, others: Sequence[Document] = ()) -> Failure | None:
    """What is wrong with a citation, given its document as it is stored now and others at hand."""
    if document is None or document.sha256 != citation.revision:
        return "stale"
    if citation.quote and document.text[citation.start : citation.end] == citation.quote:
        return None
    if any(citation.quote and citation.quote in one.text for one in (document, *others)):
        return "misattributed"
    return "stitched" if _is_stitched(citation.quote, document.text) else "fabricated"


def _cite(one: Evidence, revisions: Mapping[str, str], read: ReadDocument) -> Citation | None:
    try:
        document = read(one.passage.document_id)
    except DocumentNotFound:
        return None
    citation = Citation(
        number=one.number,
        document_id=document.id,
        title=document.title,
        uri=document.uri,
        published=document.published,
        revision=revisions.get(document.id, ""),
        start=one.start,
        end=one.end,
        quote=one.quote,
        page=document.page(one.start),
    )
    return citation if check(citation, document) is None else None


def _says(claim: Claim, citations: Sequence[Citation]) -> bool:
    """Whether the claim is, word for word, what it cites."""
    return any(claim.text == citation.quote for citation in citations)


def _is_stitched(quote: str, text: str) -> bool:
    """Whether the quote is made of runs of at least three words that all stand in the text."""
    words = quote.split()
    text = " ".join(text.split())
    while words:
        for length in range(len(words), 2, -1):
            if " ".join(words[:length]) in text:
                words = words[length:]
                break
        else:
            return False
    return bool(quote.split())
