"""speak(offer) → the answer in a language model's words: those of its sentences that what they cite says."""

from __future__ import annotations

import logging
import re
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, replace

from qa.answering.annotate import annotate
from qa.answering.compose import offered
from qa.answering.extract import Extract, revisions
from qa.answering.verify import ReadDocument, verify
from qa.errors import GeneratorError
from qa.interfaces import Embedder, TokenVectors
from qa.interfaces import Generator as LanguageModel
from qa.speaking.write import write
from qa.support.assent import assented
from qa.support.grounding import Premise
from qa.support.support import Entails, support
from qa.types import Citation, Claim, Document, Draft, Evidence, Found, Shown, Waiting, rendered

_log = logging.getLogger(__name__)
_ENDS = re.compile(r"[.!?…][\"”’')\]]*$")
"""How a sentence ends that does not break off."""

_UNSUPPORTED = "The language model said nothing that the documents support; they are quoted instead."


@dataclass(frozen=True, slots=True)
class Offer:
    """What the model may answer from: evidence, with what stands for it by number, citations and premises.

    `quoted` are the numbers of those that answer in their own words, `needed` those of them that no
    answer may lack.
    """

    question: str
    evidence: tuple[Evidence, ...]
    sources: Mapping[str, Document]
    citations: Mapping[int, Citation]
    premises: Mapping[int, Premise]
    quoted: tuple[int, ...]
    needed: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Spoken:
    """Claims with their citations; none, and why, where the quotes have to do."""

    claims: tuple[Claim, ...] = ()
    citations: tuple[Citation, ...] = ()
    degraded: str | None = None

    @property
    def is_worded(self) -> bool:
        """Whether one of the claims is no quote."""
        quotes = {one.number: one.quote for one in self.citations}
        return any(
            claim.text not in (quotes[number] for number in claim.evidence_numbers) for claim in self.claims
        )


def make_offer(
    found: Found, quotes: Extract, tokens: Mapping[str, TokenVectors], read: ReadDocument
) -> Offer:
    """What the quotes are of and the best of the other evidence, as far as it is verified.

    `tokens` are those of the evidence's passages, by their ids.
    """
    quoted = [one for one in found.evidence if one.number in quotes.numbers]
    evidence = offered(quoted, found.evidence)
    draft = Draft(tuple(Claim(one.quote, (one.number,)) for one in evidence))
    verified = verify(draft, evidence, revisions(found), read)
    citations = {one.number: one for one in annotate(found.question, verified.citations)}
    standing = {number: citations[given] for number, given in verified.numbers.items()}
    evidence = [one for one in evidence if one.number in standing]
    return Offer(
        question=found.question,
        evidence=tuple(evidence),
        sources=found.sources,
        citations=standing,
        premises={one.number: _premise(one, found.sources, tokens) for one in evidence},
        quoted=quotes.numbers,
        needed=quotes.needed,
    )


def speak(
    offer: Offer, model: LanguageModel, embedder: Embedder, entails: Entails | None = None
) -> Generator[Waiting | Shown, None, Spoken]:
    """Each sentence of the model once it is verified; one that does not hold is left out.

    In its place stands the quote that it cites, if this answers the question. The first one rests on what is
    quoted without a model, or gives way to it. What was shown stays when the model breaks off, and the
    quotes that it did not come to follow; otherwise those do that a part of the question needs.
    """
    claims: list[Claim] = []
    cited: dict[int, Citation] = {}
    degraded = None
    try:
        most = len(offer.quoted)
        for written in write(offer.question, offer.evidence, offer.sources, model, most):
            if written is None:
                yield Waiting()
                continue
            claim = _standing(written, offer, embedder, entails)
            if claim is not None and not claims:
                claim = _on_the_quoted(claim, offer)
            if claim is not None and claim.text not in {one.text for one in claims}:
                claims.append(_numbered(claim, offer, cited))
                yield _shown(claims, cited)
    except GeneratorError as error:
        degraded = noted(error)
    for number in () if not claims else offer.quoted if degraded else offer.needed:
        if number not in cited:
            claims.append(_numbered(_quote(number, offer), offer, cited))
            yield _shown(claims, cited)
    if not claims and degraded is None:
        degraded = _UNSUPPORTED
    return Spoken(tuple(claims), tuple(cited.values()), degraded)


def noted(error: GeneratorError) -> str:
    """What those who ask are told; what those who run the service need to know goes into the log."""
    _log.warning("%s", error)
    return error.told


def _standing(written: Claim, offer: Offer, embedder: Embedder, entails: Entails | None) -> Claim | None:
    """The claim with the fewest citations that say it, or the quote that it should have been, or None."""
    written = replace(written, text=assented(offer.question, written.text))
    alone = [(number,) for number in written.evidence_numbers]
    others = [(number,) for number in offer.premises if number not in written.evidence_numbers]
    together = [written.evidence_numbers] if len(alone) > 1 else []
    whole = _ENDS.search(written.text) is not None
    tokens = embedder.encode([written.text])[0].tokens if whole else None
    for numbers in (*alone, *together, *others) if whole else ():
        premises = [offer.premises[number] for number in numbers]
        if support(written.text, premises, embedder, entails, tokens).holds:
            return _verbatim(Claim(written.text, numbers), offer)
    quote = next((number for number in written.evidence_numbers if number in offer.quoted), None)
    return None if quote is None else _quote(quote, offer)


def _verbatim(claim: Claim, offer: Offer) -> Claim:
    """The claim; where it is a quote but for its white space, the quote."""
    quotes = [offer.citations[number].quote for number in claim.evidence_numbers]
    text = next((quote for quote in quotes if quote.split() == claim.text.split()), claim.text)
    return replace(claim, text=text)


def _on_the_quoted(claim: Claim, offer: Offer) -> Claim:
    """The claim, or the best quote where it rests on none: the ranking finds what answers more often than a
    small model does (eval/LOG.md)."""
    if set(claim.evidence_numbers) & set(offer.quoted):
        return claim
    return _quote(offer.quoted[0], offer)


def _quote(number: int, offer: Offer) -> Claim:
    return Claim(offer.citations[number].quote, (number,))


def _premise(one: Evidence, sources: Mapping[str, Document], tokens: Mapping[str, TokenVectors]) -> Premise:
    source = sources[one.passage.document_id]
    start = one.start - one.passage.start
    end = start + len(one.quote)
    return Premise(one.passage.text, start, end, source.title, source.published, tokens[one.passage.id])


def _numbered(claim: Claim, offer: Offer, cited: dict[int, Citation]) -> Claim:
    """The claim with citation numbers, from 1 as they appear."""
    for number in claim.evidence_numbers:
        cited.setdefault(number, replace(offer.citations[number], number=len(cited) + 1))
    return Claim(claim.text, tuple(cited[number].number for number in claim.evidence_numbers))


def _shown(claims: Sequence[Claim], cited: Mapping[int, Citation]) -> Shown:
    claim = claims[-1]
    citations = tuple(one for one in cited.values() if one.number in claim.evidence_numbers)
    return Shown(claim, citations, rendered(claims, cited.values(), None)[-1])
