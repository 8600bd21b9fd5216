"""Learn the weights of short answers and disagreements, and print what they reach on the other half.

    python -m qa_eval.fit_values EVALDATA [--write src/qa/weights.json]

Short answers are learnt from the gold sentences of `xquad_dev` and `squad2_dev`, the rest from
`ramdocs_dev` and `qacc_dev`, on the half of the questions that `PublicQuestion.tuned_on` names. Three
steps, each a logistic regression that reads the result of the one before: is a value the answer, given
its sentence; is a document's value a position on the question; do two positions exclude each other.
The least probabilities ("least") are not fitted: they say how many false conflicts are put up with.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qa.answering.disagreement import FEATURES as PAIR_FEATURES
from qa.answering.disagreement import find_disagreement, pair_features, positions
from qa.answering.extract import considered
from qa.answering.stands import FEATURES as STAND_FEATURES
from qa.answering.stands import Stand, Statement, all_stands, group_of
from qa.finding.confidence import sentence_relevance
from qa.finding.rank import RankedSentence
from qa.language.short_answer import FEATURES as VALUE_FEATURES
from qa.language.short_answer import answer_type, features, short_answer
from qa.language.short_answer import options as possible_values
from qa.language.text import sentence_spans
from qa.language.values import Value
from qa.weights import use_weights
from qa_eval.learning import store
from qa_eval.metrics import contains
from qa_eval.public import PublicQuestion, missing, read_public
from qa_eval.run import temporary_qa

READING = ("xquad_dev", "squad2_dev")
CONFLICTS = ("ramdocs_dev", "qacc_dev")
DISTRACTING = 4
"""Sentences of other questions' documents put beside a question's own, so that weak ones are seen too."""

STAND_SIGNS = (0, 1, 1, 1, 1, 1, 1, -1, 1)
PAIR_SIGNS = (0, 1, 1, 1, 0, 0, 0)

Floats = NDArray[np.float64]
Learnt = dict[str, dict[str, float]]


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, the statements of its own documents, and some of others'."""

    question: PublicQuestion
    statements: tuple[Statement, ...]
    others: tuple[Statement, ...]


def read_rankings(folder: Path) -> list[Asked]:
    """Ask `QA.ranking` every question of the set in `folder`."""
    public = read_public(folder)
    titles = {one.id: one.title for one in public.documents}
    known = set(public.document_ids)
    asked = []
    with temporary_qa(public.documents, lambda done, total: None) as qa:
        for question in public.questions:
            own = [one for one in question.row["context_doc_ids"] if one in known]
            first = [one for _, one in considered(qa.ranking(question.question, own).sentences)]
            rest = (s for s in qa.ranking(question.question).sentences if s.passage.document_id not in own)
            others = [one for one, _ in zip(rest, range(DISTRACTING), strict=False)]
            own_ones, other_ones = (statements(some, titles) for some in (first, others))
            asked.append(Asked(question, own_ones, other_ones))
    return asked


def statements(sentences: Sequence[RankedSentence], titles: Mapping[str, str]) -> tuple[Statement, ...]:
    """Ranked sentences as `find_disagreement` reads them in `QA.ask`; the sets tell no dates."""
    return tuple(
        Statement(
            number=number,
            document_id=one.passage.document_id,
            title=titles[one.passage.document_id],
            published=None,
            sentence=one.passage.text[one.start : one.end],
            passage=one.passage.text,
            relevance=sentence_relevance(one),
        )
        for number, one in enumerate(sentences, start=1)
    )


def fit_short_answers(folder: Path) -> dict[str, float]:
    """Is a value of the gold sentence in a gold answer, or the other way round?"""
    rows: list[Sequence[float]] = []
    right: list[bool] = []
    for name in READING:
        public = read_public(folder / name)
        texts = {one.id: one.text for one in public.documents}
        for question in public.questions:
            if question.span is None or not question.answerable or not question.tuned_on:
                continue
            text = texts[question.gold[0]]
            a, b = _sentence(text, question.span[0])
            kind, found = answer_type(question.question), possible_values(question.question, text[a:b])
            rows += features(kind, question.question, text[a:b], found)
            right += [
                _matches(v, question.answers) and _overlaps((v.start + a, v.end + a), question.span)
                for v in found
            ]
    return _named(VALUE_FEATURES, _logistic(rows, right))


def _overlaps(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def _matches(value: Value, answers: Iterable[str]) -> bool:
    return any(contains(value.text, one) or contains(one, value.text) for one in answers)


def fit_stands(asked: Sequence[Asked]) -> Learnt:
    """Is a document's value one of the positions?"""
    rows: dict[str, list[Sequence[float]]] = defaultdict(list)
    right: dict[str, list[bool]] = defaultdict(list)
    for one in asked:
        kind, answers = answer_type(one.question.question), _answers(one.question)
        if kind == "yes_no" or not answers:
            continue
        for stand in all_stands(one.question.question, kind, (*one.statements, *one.others)):
            rows[group_of(stand.value)].append(stand.features)
            right[group_of(stand.value)].append(_matches(stand.value, answers))
    return {key: _named(STAND_FEATURES, _logistic(rows[key], right[key], signs=STAND_SIGNS)) for key in rows}


def _answers(question: PublicQuestion) -> list[str]:
    return [one["answer"] for one in question.row["positions"]]


def fit_conflicts(asked: Sequence[Asked]) -> dict[str, float]:
    """Do the two best supported positions make a conflict? Each set and each answer counts the same."""
    rows: list[Sequence[float]] = []
    right: list[bool] = []
    sets: list[str] = []
    for one in asked:
        found = _two(one)
        if found:
            rows.append(found)
            right.append(bool(one.question.row["conflict"]))
            sets.append(one.question.id[:3])
    counts: Counter[tuple[str, bool]] = Counter()
    counts.update(zip(sets, right, strict=True))
    weight = [len(rows) / 4 / counts[key] for key in zip(sets, right, strict=True)]
    return _named(PAIR_FEATURES, _logistic(rows, right, weight, PAIR_SIGNS))


def _two(one: Asked) -> tuple[float, ...] | None:
    kind = answer_type(one.question.question)
    groups: list[list[Stand]] = positions(one.question.question, kind, one.statements)
    return pair_features(groups[0], groups[1], groups) if len(groups) > 1 else None


def _logistic(
    rows: Sequence[Sequence[float]],
    right: Sequence[bool],
    weight: Sequence[float] | None = None,
    signs: Sequence[int] | None = None,
) -> list[float]:
    """Logistic regression with a ridge of 1; `signs`: weights that must not be negative (1), positive (-1).

    As in `qa.finding.confidence`, a sign that reason asks for keeps a weight from learning what is
    peculiar to a set.
    """
    from scipy.optimize import minimize

    table, labels = np.array(rows, dtype=float), np.array(right, dtype=float)
    shares = np.ones(len(labels)) if weight is None else np.array(weight)

    def loss(by: Floats) -> tuple[float, Floats]:
        odds = table @ by
        wrong = shares * (1 / (1 + np.exp(-odds)) - labels)
        cost = shares @ (np.logaddexp(0, odds) - labels * odds) + 0.5 * by @ by
        return float(cost), table.T @ wrong + by

    bounds = [(0 if s > 0 else None, 0 if s < 0 else None) for s in signs or [0] * table.shape[1]]
    learnt: list[float] = minimize(loss, np.zeros(table.shape[1]), jac=True, bounds=bounds).x.tolist()
    return learnt


def _named(names: Sequence[str], learnt: Sequence[float]) -> dict[str, float]:
    return {name: round(one, 3) for name, one in zip(names, learnt, strict=True)}


def short_answer_figures(folder: Path) -> str:
    """How often an answer is marked in the gold sentences of the other half, and how often it is right."""
    shown = right = total = 0
    for name in READING:
        public = read_public(folder / name)
        texts = {one.id: one.text for one in public.documents}
        for question in public.questions:
            if question.span is None or not question.answerable or question.tuned_on:
                continue
            text = texts[question.gold[0]]
            a, b = _sentence(text, question.span[0])
            span = short_answer(question.question, text[a:b])
            total += 1
            if span:
                shown += 1
                marked = text[a + span[0] : a + span[1]]
                right += any(contains(marked, one) or contains(one, marked) for one in question.answers)
    return f"short answers: marked {shown / total:.3f}, right {right / max(shown, 1):.3f}, n={total}"


def _sentence(text: str, at: int) -> tuple[int, int]:
    return next(((a, b) for a, b in sentence_spans(text) if a <= at < b), (0, 0))


def conflict_figures(name: str, asked: Sequence[Asked]) -> str:
    """Precision, recall, F1 and false alarms of conflicts, before the refusal of questions."""
    said = [find_disagreement(one.question.question, one.statements) is not None for one in asked]
    true = [bool(one.question.row["conflict"]) for one in asked]
    both = sum(s and t for s, t in zip(said, true, strict=True))
    precision, recall = both / max(sum(said), 1), both / max(sum(true), 1)
    alarms = (sum(said) - both) / max(len(true) - sum(true), 1)
    f1 = 2 * both / max(sum(said) + sum(true), 1)
    return (
        f"{name}: precision {precision:.3f}, recall {recall:.3f}, F1 {f1:.3f}, false alarms {alarms:.3f}, "
        f"conflicts {sum(true)} of {len(true)}"
    )


def main() -> None:
    """Fit on one half, print the figures of the other one, and write the weights if asked to."""
    parser = argparse.ArgumentParser(description="Learn the weights of short answers and disagreements.")
    parser.add_argument("evaldata", type=Path)
    parser.add_argument("--write", type=Path, help="the weights.json to put them in")
    options = parser.parse_args()
    absent = missing(options.evaldata, READING + CONFLICTS)
    if absent:
        sys.exit(f"Not in {options.evaldata}: {', '.join(absent)}.")
    held: dict[str, Any] = json.loads(files("qa").joinpath("weights.json").read_text("utf-8"))
    held["short_answer"] = fit_short_answers(options.evaldata)
    use_weights(held)
    sys.stdout.write(short_answer_figures(options.evaldata) + "\n")
    asked = {name: read_rankings(options.evaldata / name) for name in CONFLICTS}
    tuned = [one for rows in asked.values() for one in rows if one.question.tuned_on]
    held["disagreement"] = {**held["disagreement"], **fit_stands(tuned)}
    use_weights(held)
    held["disagreement"]["conflict"] = fit_conflicts(tuned)
    use_weights(held)
    for name, rows in asked.items():
        figures = conflict_figures(name, [one for one in rows if not one.question.tuned_on])
        sys.stdout.write(figures + "\n")
    if options.write:
        store(
            {key: held[key] for key in ("short_answer", "disagreement")}, options.write, "qa_eval.fit_values"
        )


if __name__ == "__main__":
    main()
