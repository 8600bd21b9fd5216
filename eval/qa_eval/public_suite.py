"""What the system reaches on the public sets, through `QA.ask`: the half that nothing was learnt from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from qa.build import build_embedder
from qa.confidence import THRESHOLD
from qa.pipeline import QA
from qa.types import Answer
from qa_eval import disagreements, followups
from qa_eval.metrics import auroc, bootstrap_ci, ece, percentile
from qa_eval.public import PublicQuestion, PublicSet, answers_in, missing, read_public
from qa_eval.rows import Row
from qa_eval.run import temporary_qa

EVIDENCE_SETS = ("xquad_dev", "squad2_dev", "clapnq_dev")
CONVERSATIONS = "mtrag_un_dev"

Say = Callable[[str], object]


def measure(folder: Path, say: Say) -> list[Row]:
    """Every figure that the sets in `folder` allow; what is missing is said and left out."""
    rows: list[Row] = []
    for name in missing(folder, (*EVIDENCE_SETS, CONVERSATIONS, *disagreements.SETS, *followups.SETS)):
        say(f"skipped: {name} is not in {folder}")
    for name in EVIDENCE_SETS:
        if not missing(folder, (name,)):
            say(f"asking {name}")
            data = _held_out(read_public(folder / name))
            with temporary_qa(data.documents, lambda done, total: None) as qa:
                rows += _evidence(data, qa)
    if not missing(folder, (CONVERSATIONS,)):
        say(f"asking {CONVERSATIONS}")
        data = _held_out(read_public(folder / CONVERSATIONS))
        with temporary_qa(data.documents, lambda done, total: None) as qa:
            rows += _conversations(data, qa)
    for name in disagreements.SETS:
        if not missing(folder, (name,)):
            say(f"asking {name}")
            rows += disagreements.measure_disagreements(folder / name)
    for name in followups.SETS:
        if not missing(folder, (name,)):
            rows += followups.closeness(folder / name, build_embedder())
    return rows


def _held_out(data: PublicSet) -> PublicSet:
    return PublicSet(data.name, data.documents, tuple(one for one in data.questions if not one.tuned_on))


def _evidence(data: PublicSet, qa: QA) -> Iterator[Row]:
    answerable = [one for one in data.questions if one.answerable and one.gold]
    asked = [(one, qa.ask(one.question)) for one in answerable]
    groups = [one.group for one in answerable]

    def row(figure: str, score: Callable[[PublicQuestion, Answer], float]) -> Row:
        values = np.array([(score(one, answer), 1.0) for one, answer in asked])
        return Row(data.name, figure, bootstrap_ci(values, groups=groups))

    for k in (1, 2, 3):
        yield row(f"answer in the first {k} evidence", partial(_within, k=k))
    yield row("gold document first", lambda one, answer: answer.trace.passages[0].document_id in one.gold)
    yield row("answer in the answer", _answered)
    yield row("sentences in the answer", lambda one, answer: len(answer.claims))
    yield row("answerable refused", lambda one, answer: answer.confidence < THRESHOLD)
    yield row("false conflict", lambda one, answer: answer.status == "conflict")
    yield _latency(data.name, [answer for _, answer in asked])
    removed = [(one, qa.ask(one.question, documents=_rest(data, one))) for one in answerable]
    unanswerable = [(one, qa.ask(one.question)) for one in data.questions if not one.answerable]
    yield from _answerability(data.name, "gold removed", asked, removed)
    if unanswerable:
        yield from _answerability(data.name, "unanswerable", asked, unanswerable)


Asked = Sequence[tuple[PublicQuestion, Answer]]


def _answerability(name: str, kind: str, positive: Asked, negative: Asked) -> Iterator[Row]:
    labelled = [(one, answer, 1.0) for one, answer in positive] + [(one, a, 0.0) for one, a in negative]
    rows = np.array([(answer.confidence, label) for _, answer, label in labelled])
    groups = [one.group for one, _, _ in labelled]
    for figure, statistic in (("AUROC", auroc), ("ECE", ece)):
        yield Row(name, f"{kind}: {figure}", bootstrap_ci(rows, statistic, groups=groups))
    refused = np.array([(answer.status == "not_found", 1.0) for _, answer in negative], float)
    yield Row(name, f"{kind}: refused", bootstrap_ci(refused, groups=[one.group for one, _ in negative]))


def _conversations(data: PublicSet, qa: QA) -> Iterator[Row]:
    turns = [one for one in data.questions if one.gold and one.history]
    groups = [one.group for one in turns]
    ways: dict[str, Callable[[PublicQuestion], Answer]] = {
        "last turn alone": lambda one: qa.ask(one.question),
        "last three turns pasted": lambda one: qa.ask(followups.pasted(one)),
        "history": lambda one: qa.ask(one.question, one.history),
    }
    for way, ask in ways.items():
        found = [(_recall(one, ask(one), 5), 1.0) for one in turns]
        yield Row(data.name, f"recall@5, {way}", bootstrap_ci(np.array(found), groups=groups))


def _within(one: PublicQuestion, answer: Answer, *, k: int) -> float:
    return any(answers_in(one, found.document_id, found.text) for found in answer.trace.evidence[:k])


def _answered(one: PublicQuestion, answer: Answer) -> float:
    return any(answers_in(one, cited.document_id, cited.quote) for cited in answer.citations)


def _rest(data: PublicSet, one: PublicQuestion) -> list[str]:
    return [document for document in data.document_ids if document not in one.gold]


def _recall(one: PublicQuestion, answer: Answer, k: int) -> float:
    """Share of the gold documents that are among the documents of the first `k` passages."""
    found = {passage.document_id for passage in answer.trace.passages[:k]}
    return len(found & set(one.gold)) / len(set(one.gold))


def _latency(name: str, answers: Sequence[Answer]) -> Row:
    rows = np.array([(answer.trace.timings_ms["total"], 1.0) for answer in answers])
    return Row(name, "latency p50, ms", bootstrap_ci(rows, percentile(50)))
