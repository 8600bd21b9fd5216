"""compose(evidence) → Draft: the one to three sentences that answer, word for word."""

from __future__ import annotations

from collections.abc import Sequence

from qa.types import Claim, Disagreement, Draft, Evidence


def compose(question: str, evidence: Sequence[Evidence], disagreement: Disagreement | None) -> Draft:
    """The best sentence; where the sources disagree, the best one of each position."""
    if disagreement is not None:
        chosen = [position.citations[0] for position in disagreement.positions]
    else:
        chosen = [one.number for one in evidence[:1]]
    quotes = {one.number: one.quote for one in evidence}
    return Draft(tuple(Claim(quotes[number], (number,)) for number in chosen))
