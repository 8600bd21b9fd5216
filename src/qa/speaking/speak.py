"""speak(offer) → the answer in a language model's words: those of its sentences that what they cite says."""

from __future__ import annotations

import logging
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, replace

from qa.errors import GeneratorError
from qa.interfaces import Embedder
from qa.interfaces import Generator as LanguageModel
from qa.speaking.offer import Offer
from qa.speaking.standing import is_borne_out, marked, on_the_quoted, standing, supported
from qa.speaking.write import write
from qa.support.support import Entails
from qa.types import Citation, Claim, Shown, Waiting, rendered

_log = logging.getLogger(__name__)

_UNSUPPORTED = "The language model said nothing that the documents support; they are quoted instead."


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


def speak(
    offer: Offer, model: LanguageModel, embedder: Embedder, entails: Entails | None = None
) -> Generator[Waiting | Shown, None, Spoken]:
    """Each sentence of the model once it is verified; one that does not hold is left out.

    In its place stand the quotes that have the answer, or the one that it cites, if this answers the
    question. The first one rests on what is quoted without a model, or comes after that; where the quotes
    are not sure enough without a model, each has to give an answer that they bear out, and ends what is shown
    if it does not. What was shown stays when the model breaks off, and the quotes that it did not come to
    follow; otherwise those do that a part of the question needs.
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
            claim = supported(written, offer, embedder, entails)
            if not (offer.sure or is_borne_out(claim, written, offer)):
                break
            shown = standing(claim, written, offer)
            for one in shown if claims else on_the_quoted(shown, written, offer):
                if one.text not in {said.text for said in claims}:
                    claims.append(_numbered(one, offer, cited, written.answer))
                    yield _shown(claims, cited)
    except GeneratorError as error:
        degraded = noted(error)
    owed = offer.quoted if degraded else offer.needed
    for number in owed if claims and offer.sure else ():
        if number not in cited:
            claims.append(_numbered(offer.quote(number), offer, cited))
            yield _shown(claims, cited)
    if not claims and degraded is None and offer.sure:
        degraded = _UNSUPPORTED
    return Spoken(tuple(claims), tuple(cited.values()), degraded)


def noted(error: GeneratorError) -> str:
    """What those who ask are told; what those who run the service need to know goes into the log."""
    _log.warning("%s", error)
    return error.told


def _numbered(claim: Claim, offer: Offer, cited: dict[int, Citation], answer: str = "") -> Claim:
    """The claim with citation numbers, from 1 as they appear, and the answer marked in what it cites."""
    for number in claim.evidence_numbers:
        if number not in cited:
            cited[number] = replace(marked(offer, number, answer), number=len(cited) + 1)
    return Claim(claim.text, tuple(cited[number].number for number in claim.evidence_numbers))


def _shown(claims: Sequence[Claim], cited: Mapping[int, Citation]) -> Shown:
    claim = claims[-1]
    citations = tuple(one for one in cited.values() if one.number in claim.evidence_numbers)
    return Shown(claim, citations, rendered(claims, cited.values(), None)[-1])
