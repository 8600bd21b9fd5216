"""compose(evidence) → Draft: the one to three sentences that answer, word for word."""

from __future__ import annotations

from collections.abc import Sequence

from qa.language.discourse import announced, of_one_document, reason
from qa.language.short_answer import short_answer
from qa.language.words import term_set
from qa.types import Claim, Disagreement, Draft, Evidence

_MOST = 3
_CLOSE = 1.5
"""How far, in log odds, a further sentence may score below the best one (eval/LOG.md has the figures)."""

_SAME = 0.6
"""Share of the shorter sentence's terms from which two sentences say the same."""


def compose(
    question: str,
    evidence: Sequence[Evidence],
    further: Sequence[Evidence] = (),
    disagreement: Disagreement | None = None,
) -> Draft:
    """The sentences that answer, at most three, none saying what another one says.

    Where the sources disagree these are the first ones of each position, citing all that hold it.
    Otherwise the best one, `further`, which are the best ones of the question's other parts, and, unless
    it holds a sure short answer, the series that it announces or the reason told after it, and those of
    its document that score nearly as well.
    """
    if disagreement is not None:
        quotes = {one.number: one.quote for one in evidence}
        sides = [position.citations for position in disagreement.positions]
        return Draft(tuple(Claim(quotes[side[0]], side) for side in sides))
    chosen: list[Evidence] = list(evidence[:1])
    for one in further:
        _add(one, chosen)
    if chosen and (further or short_answer(question, chosen[0].quote) is None):
        best = chosen[0]
        items = announced(best, evidence)
        if len(items) >= _MOST and not further:
            chosen = []  # they say it without what announces them
        told_after = reason(question, best, evidence)
        close = [
            one for one in evidence[1:] if one.score >= best.score - _CLOSE and of_one_document(one, best)
        ]
        for one in (*items, *([told_after] if told_after else close)):
            _add(one, chosen)
    return _draft(_in_reading_order(chosen))


def _add(one: Evidence, chosen: list[Evidence]) -> None:
    if len(chosen) < _MOST and not any(same(one.quote, other.quote) for other in chosen):
        chosen.append(one)


def same(quote: str, other: str) -> bool:
    """Whether two sentences share most of their terms."""
    ours, theirs = (term_set(text) for text in (quote, other))
    return len(ours & theirs) >= _SAME * min(len(ours), len(theirs))


def _in_reading_order(chosen: Sequence[Evidence]) -> list[Evidence]:
    """Sentences of one document as they stand there; documents as they were chosen."""
    documents = list(dict.fromkeys(one.passage.document_id for one in chosen))
    return sorted(chosen, key=lambda one: (documents.index(one.passage.document_id), one.start))


def _draft(chosen: Sequence[Evidence]) -> Draft:
    return Draft(tuple(Claim(one.quote, (one.number,)) for one in chosen))
