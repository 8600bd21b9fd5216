"""How well disagreements are found, on public question sets, through the whole pipeline.

Every question is asked of `QA.ask` over its own documents. Beside ours stands a fixed baseline: each
document's sentence of the highest cosine, its likeliest value, and a disagreement wherever any two of
those differ.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from qa.finding.rank import RankedSentence
from qa.language.short_answer import rank_values
from qa.language.values import Value, compare
from qa.pipeline import QA
from qa_eval.metrics import Interval, Pair, bootstrap_ci, contains, precision_row, recall_row
from qa_eval.public import PublicQuestion, read_public
from qa_eval.rows import Row
from qa_eval.run import temporary_qa

SETS = ("ramdocs_dev", "qacc_dev")
OURS, BASELINE = "QA.ask", "top cosine"


@dataclass(frozen=True, slots=True)
class Outcome:
    """Whether a disagreement was reported, and the quotes of its positions."""

    found: bool
    quotes: tuple[str, ...] = ()


def measure_disagreements(folder: Path) -> Iterator[Row]:
    """The figures of both systems on the half of a set that nothing was learnt from."""
    public = read_public(folder)
    asked = [one for one in public.questions if not one.tuned_on]
    outcomes: dict[str, list[Outcome]] = {OURS: [], BASELINE: []}
    with temporary_qa(public.documents, lambda done, total: None) as qa:
        known = {one.id for one in qa.documents()}  # one of the texts is none, and was not ingested
        for question in asked:
            documents = [one for one in question.row["context_doc_ids"] if one in known]
            outcomes[OURS].append(_ask(qa, question.question, documents))
            ranking = qa.ranking(question.question, documents)
            outcomes[BASELINE].append(top_cosine(question.question, ranking.sentences))
    for system, found in outcomes.items():
        for figure, interval in figures(asked, found).items():
            yield Row(folder.name, f"disagreement, {system}: {figure}", interval)


def _ask(qa: QA, question: str, documents: Sequence[str]) -> Outcome:
    """A disagreement of either kind counts: the sets tell no dates, so none can be a matter of time."""
    answer = qa.ask(question, documents=documents)
    if answer.disagreement is None:
        return Outcome(False)
    quotes = {one.number: one.quote for one in answer.citations}
    numbers = (number for position in answer.disagreement.positions for number in position.citations)
    return Outcome(True, tuple(quotes[number] for number in numbers))


def top_cosine(question: str, sentences: Sequence[RankedSentence]) -> Outcome:
    """The baseline on all ranked sentences of a question."""
    best: dict[str, RankedSentence] = {}
    for one in sentences:
        held = best.get(one.passage.document_id)
        if held is None or one.feature("pooled") > held.feature("pooled"):
            best[one.passage.document_id] = one
    values: list[Value] = []
    quotes = []
    for one in best.values():
        quote = one.passage.text[one.start : one.end]
        for value, _ in rank_values(question, quote)[:1]:
            values.append(value)
            quotes.append(quote)
    differ = any(compare(a, b) == "different" for i, a in enumerate(values) for b in values[i + 1 :])
    return Outcome(differ, tuple(quotes) if differ else ())


def figures(asked: Sequence[PublicQuestion], found: Sequence[Outcome]) -> dict[str, Interval]:
    """Precision, recall and F1 of "the sources disagree", and two shares with their 95 % intervals.

    `false_alarms` is the share of the questions without a conflict that got one; `all_cited` the share
    of those with one whose gold positions are all in the quotes (nothing reported: none is).
    """
    pairs = [(one.found, bool(q.row["conflict"])) for q, one in zip(asked, found, strict=True)]
    cited = [
        float(all(any(contains(quote, answer) for quote in one.quotes) for answer in _answers(q)))
        for q, one in zip(asked, found, strict=True)
        if q.row["conflict"]
    ]
    return {
        "precision": _interval([precision_row(*pair) for pair in pairs]),
        "recall": _interval([recall_row(*pair) for pair in pairs]),
        "f1": _interval([(2.0 * (said and true), float(said) + true) for said, true in pairs]),
        "false_alarms": _interval([(float(said), 1.0) for said, true in pairs if not true]),
        "all_cited": _interval([(one, 1.0) for one in cited]),
    }


def _answers(question: PublicQuestion) -> list[str]:
    return [position["answer"] for position in question.row["positions"]]


def _interval(rows: Sequence[Pair]) -> Interval:
    return bootstrap_ci(np.array(rows, dtype=float).reshape(-1, 2))
