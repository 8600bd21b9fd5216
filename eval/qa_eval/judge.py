"""judge(example, reply) → right or wrong, and which stage lost a wrong one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from qa_eval.examples import Example, GoldSpan, Located
from qa_eval.metrics import contains
from qa_eval.reply import Place, Reply

Loss = Literal[
    "not retrieved",
    "not ranked",
    "not selected",
    "refused",
    "wrongly answered",
    "conflict missed",
    "false conflict",
]
"""What lost a question, in the order of the stages; the first that applies.

not retrieved: needed evidence is in no passage found. not ranked: it is, but not among the CONSIDERED best
sentences. refused: it was considered, and the answer was "the documents do not say". not selected: other
sentences were cited. conflict missed: the disagreement, its kind or a position is not shown. false
conflict: a disagreement is shown where there is none. wrongly answered: the documents do not say.
"""

CONSIDERED = 10
"""Evidence sentences that an answer may draw on: the contract's least length of the trace."""


class Judge(Protocol):
    """Decides whether citations support a statement; a model of entailment may stand in for gold spans."""

    def supports(self, example: Example, statement: str, citations: Sequence[Place]) -> bool:
        """Whether the citations, taken together, support the statement as an answer to the question."""
        ...


class SpanJudge:
    """A citation supports if it holds at least half of a gold evidence sentence.

    Right for answers that quote. Without gold spans, one supports if it contains an answer.
    """

    def supports(self, example: Example, statement: str, citations: Sequence[Place]) -> bool:
        """See `Judge`."""
        if example.evidence:
            return any(span.is_held_by(one) for one in citations for span in example.evidence)
        return any(contains(one.text, answer) for one in citations for answer in example.answers)


@dataclass(frozen=True, slots=True)
class Judgement:
    """`best_right` is whether the best evidence would have answered, had it not been refused.

    `rank` is where in the ranked evidence all that was needed had been seen, from 1; None if nowhere.
    """

    loss: Loss | None
    best_right: bool
    rank: int | None

    @property
    def right(self) -> bool:
        """Whether the question was answered rightly, or rightly refused."""
        return self.loss is None


def judge(example: Example, reply: Reply) -> Judgement:
    """An answer is right if it cites what is needed; a conflict, if each position is cited too.

    Where a set has no evidence, the answer must contain one of the acceptable ones.
    """
    if not example.answerable:
        return Judgement(None if reply.refused else "wrongly answered", best_right=False, rank=None)
    loss = _loss(example, reply)
    best = reply.evidence[: max(len(example.needs()), 1)]
    best_right = _met(example, best) if reply.refused else loss is None
    return Judgement(loss, best_right, _rank(example, reply.evidence))


def _loss(example: Example, reply: Reply) -> Loss | None:
    cited = _met(example, reply.cited)
    if cited and reply.disagreement == example.conflict:
        return None
    if cited and example.conflict is None:
        return "false conflict"
    if reply.passages and not _met(example, reply.passages):
        return "not retrieved"
    if reply.evidence and not _met(example, reply.evidence[:CONSIDERED]):
        return "not ranked"
    if reply.refused:
        return "refused"
    if example.conflict is not None:
        return "conflict missed"
    return "false conflict" if reply.disagreement else "not selected"


def _met(example: Example, places: Sequence[Place]) -> bool:
    needs = example.needs()
    if needs:
        return all(_held(alternatives, places) for alternatives in needs)
    if not any(one.text for one in places):
        return bool(places)  # passages are traced without their text: no ground to blame them
    return any(contains(one.text, answer) for one in places for answer in example.answers)


def _held(alternatives: Sequence[GoldSpan], places: Sequence[Located]) -> bool:
    return any(span.is_held_by(place) for place in places for span in alternatives)


def _rank(example: Example, evidence: Sequence[Place]) -> int | None:
    return next((n for n in range(1, len(evidence) + 1) if _met(example, evidence[:n])), None)


def units(example: Example, places: Sequence[Located]) -> tuple[list[str], dict[str, int]]:
    """A ranking of places and its relevance judgements, as ids of the units that retrieval is scored on.

    A unit is a judged document, or a gold span; gold spans within one place are one unit.
    """
    if any(span.end == 0 for span in example.evidence):
        return [place.document_id for place in places], dict(example.grades)
    left = {f"gold-{i}": span for i, span in enumerate(example.evidence)}
    relevant = dict.fromkeys(left, 1)
    ranking = []
    for number, place in enumerate(places):
        held = [unit for unit, span in left.items() if span.is_held_by(place)]
        ranking.append(held[0] if held else f"other-{number}")
        for unit in held:
            del left[unit]
        for unit in held[1:]:
            del relevant[unit]
    return ranking, relevant
