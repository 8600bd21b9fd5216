"""supported(written), standing(claim): what is shown of a sentence that a language model wrote.

Itself, where its evidence says it and it has the words that answer; else the quotes that have them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from qa.answering.compose import same
from qa.finding.confidence import is_of_the_kind
from qa.finding.premise import is_of_another
from qa.interfaces import Embedder
from qa.language.short_answer import answer_type
from qa.speaking.locate import Span, holds, is_new, locate, place
from qa.speaking.offer import Offer
from qa.speaking.write import Written
from qa.support.assent import assented, without_assent
from qa.support.grounding import missing_values
from qa.support.support import Entails, support
from qa.types import Citation, Claim

_ENDS = re.compile(r"[.!?…][\"”’)\]]*$")
"""How a sentence ends that does not break off."""

_SHORT = 12
"""Words of an answer that is looked for in the quotes; one of more is no short one."""


def supported(written: Written, offer: Offer, embedder: Embedder, entails: Entails | None) -> Claim | None:
    """The claim with the fewest citations that say it; None where none do."""
    claim, said = written.claim, assented(offer.question, written.claim.text)
    if not _ENDS.search(said):
        return None
    alone = [(number,) for number in claim.evidence_numbers]
    others = [(number,) for number in offer.premises if number not in claim.evidence_numbers]
    together = [claim.evidence_numbers] if len(alone) > 1 else []
    statement = without_assent(said)
    tokens = embedder.encode([statement])[0].tokens
    for numbers in (*alone, *together, *others):
        premises = [offer.premises[number] for number in numbers]
        if support(statement, premises, embedder, entails, tokens).holds:
            return _verbatim(Claim(said, numbers), offer)
    return None


def is_borne_out(claim: Claim | None, written: Written, offer: Offer) -> bool:
    """Whether what the claim cites has its answer, and nothing speaks against this being what is asked for.

    The answer is of the kind that is asked for; the quote has the question's numbers, dates and names, is not
    of something else and not too unlikely to answer; and nothing that says nearly the same has another
    answer.
    """
    if claim is None or not holds(claim.text, written.answer):
        return False
    numbers = set(claim.evidence_numbers)
    if offer.unlikely & numbers or missing_values(offer.question, [offer.premises[n] for n in numbers]):
        return False
    spans = [(n, span) for places in _located(written, offer) for n, span in places.items() if n in numbers]
    quotes = [offer.citations[number].quote for number, _ in spans]
    others = [other for other in offer.untold if any(same(quote, other) for quote in quotes)]
    if any(is_of_another(offer.question, quote) for quote in quotes):
        return False
    return all(holds(other, written.answer) for other in others) and any(
        is_of_the_kind(offer.question, offer.citations[number].quote, *span) for number, span in spans
    )


def standing(claim: Claim | None, written: Written, offer: Offer) -> tuple[Claim, ...]:
    """The claim, where it is supported, or the quotes that it should have been, or nothing.

    It has to have the words that the model takes for the answer, and these have to tell more than the
    question: a small model finds them more often than it says them.
    """
    answer = written.answer
    if not answer or answer_type(offer.question) == "yes_no":
        return (claim,) if claim is not None else _cited(written, offer)
    if claim is not None and is_new(answer, offer.question) and holds(claim.text, answer):
        return (claim,)
    return tuple(map(offer.quote, _holding(written, offer))) or _cited(written, offer)


def on_the_quoted(found: tuple[Claim, ...], written: Written, offer: Offer) -> tuple[Claim, ...]:
    """The first claims; in place of those that rest on nothing that is quoted without a model, these quotes.

    The ranking finds what answers more often than a small model does (eval/LOG.md). The quote that has the
    model's answer follows them.
    """
    if not (found and offer.sure) or any(set(one.evidence_numbers) & set(offer.quoted) for one in found):
        return found
    return tuple(map(offer.quote, dict.fromkeys((*offer.quoted, *_holding(written, offer)))))


def marked(offer: Offer, number: int, answer: str) -> Citation:
    """The citation of this number, with the answer marked where its quote has it."""
    citation = offer.citations[number]
    span = place(answer, citation.quote) if _is_short(answer, offer) else None
    if span is None or not is_of_the_kind(offer.question, citation.quote, *span):
        return citation
    return replace(citation, highlight=(citation.start + span[0], citation.start + span[1]))


def _cited(written: Written, offer: Offer) -> tuple[Claim, ...]:
    """The quote that the sentence cites, if it is one that answers."""
    numbers = [number for number in written.claim.evidence_numbers if number in offer.quoted]
    return tuple(offer.quote(number) for number in numbers[:1])


def _holding(written: Written, offer: Offer) -> tuple[int, ...]:
    """The numbers of the quotes that have the answer, one for each of its parts."""
    parts = _located(written, offer)
    return tuple(dict.fromkeys(_preferred(places, written, offer) for places in parts))


def _preferred(places: Mapping[int, Span], written: Written, offer: Offer) -> int:
    """Of the quotes that have the answer one that answers without a model, or that the sentence cites."""
    first = [number for number in offer.quoted if number in places]
    cited = [number for number in written.claim.evidence_numbers if number in places]
    return (first + cited + list(places))[0]


def _located(written: Written, offer: Offer) -> list[dict[int, Span]]:
    """Of each part of a short answer, where the quotes have it."""
    if not _is_short(written.answer, offer):
        return []
    return locate(written.answer, {number: one.quote for number, one in offer.citations.items()})


def _is_short(answer: str, offer: Offer) -> bool:
    """Whether an answer is short, and tells more than the question."""
    return len(answer.split()) <= _SHORT and is_new(answer, offer.question)


def _verbatim(claim: Claim, offer: Offer) -> Claim:
    """The claim; where it is a quote but for its white space, the quote."""
    quotes = [offer.citations[number].quote for number in claim.evidence_numbers]
    text = next((quote for quote in quotes if quote.split() == claim.text.split()), claim.text)
    return replace(claim, text=text)
