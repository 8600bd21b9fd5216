"""figures(results) → every figure with its interval, by split, by type, and against an earlier run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from qa_eval.metrics import (
    ROUNDS,
    Difference,
    Interval,
    Pair,
    Rows,
    Statistic,
    aurc,
    auroc,
    bootstrap_ci,
    brier,
    contains,
    ece,
    exact_match,
    paired_test,
    percentile,
    precision_row,
    ratio,
    recall_row,
    token_f1,
)
from qa_eval.run import Result, Results


@dataclass(frozen=True, slots=True)
class Metric:
    """A figure: the row of one result (None where it does not apply) and the statistic of all rows."""

    name: str
    row: Callable[[Result], Pair | None]
    statistic: Statistic = ratio
    higher_is_better: bool = True


def _mean(value: float) -> Pair:
    return float(value), 1.0


def _passages(name: str) -> Callable[[Result], Pair | None]:
    return lambda r: _mean(r.passages[name]) if r.passages else None


def _sentences(name: str) -> Callable[[Result], Pair | None]:
    # A set that judges whole documents has no gold sentences.
    return lambda r: _mean(r.sentences[name]) if r.sentences and not r.example.grades else None


def _worded(score: Callable[[Result], float]) -> Callable[[Result], Pair | None]:
    """Scores of an answer's words, 0 where it was refused."""
    return lambda r: _mean(score(r)) if r.example.worded else None


def _within(k: int) -> Callable[[Result], Pair | None]:
    """Whether an acceptable answer stands in one of the first `k` evidence sentences."""

    def row(r: Result) -> Pair | None:
        if not r.example.worded or r.example.together:
            return None
        first = r.reply.evidence[:k]
        return _mean(any(contains(one.text, answer) for one in first for answer in r.example.answers))

    return row


def _gold_first(r: Result) -> Pair | None:
    """Whether the first passage is of a document that answers."""
    gold = {span.document_id for span in r.example.evidence}
    return _mean(bool(r.reply.passages) and r.reply.passages[0].document_id in gold) if gold else None


def _contains(r: Result) -> float:
    found = [contains(r.reply.text, answer) for answer in r.example.answers]
    return sum(found) / len(found) if r.example.together else float(any(found))


def _short(score: Callable[[str, str], float]) -> Callable[[Result], float]:
    """SQuAD's scores of the words marked as the short answer, of the whole answer where none are."""

    def best(r: Result) -> float:
        if r.reply.refused:
            return 0.0
        golds = (", ".join(r.example.answers),) if r.example.together else r.example.answers
        return max(score(r.reply.short_answer or r.reply.text, gold) for gold in golds)

    return best


def _cited(value: Callable[[Result], float]) -> Callable[[Result], Pair | None]:
    """ALCE's scores are averaged over the answers given to questions that have one."""

    def row(r: Result) -> Pair | None:
        if not r.example.answerable:
            return None
        return (0.0, 0.0) if r.reply.refused else _mean(value(r))

    return row


def _is_conflict(r: Result) -> bool:
    return r.example.conflict is not None


def _shows_conflict(r: Result) -> bool:
    return r.reply.disagreement is not None


METRICS = (
    Metric("accuracy", lambda r: _mean(r.judgement.right)),
    Metric("answer_accuracy", lambda r: _mean(r.judgement.right) if r.example.answerable else None),
    Metric("recall@5", _passages("recall@5")),
    Metric("recall@10", _passages("recall@10")),
    Metric("mrr@10", _passages("mrr@10")),
    Metric("ndcg@10", _passages("ndcg@10")),
    Metric("sentence_success@1", _sentences("success@1")),
    Metric("sentence_success@3", _sentences("success@3")),
    Metric("sentence_mrr@10", _sentences("mrr@10")),
    Metric("gold_document_first", _gold_first),
    *(Metric(f"answer_in_evidence@{k}", _within(k)) for k in (1, 2, 3)),
    Metric("answer_contains", _worded(_contains)),
    Metric("exact_match", _worded(_short(exact_match))),
    Metric("token_f1", _worded(_short(token_f1))),
    Metric("citation_precision", _cited(lambda r: r.citation_precision)),
    Metric("citation_recall", _cited(lambda r: r.citation_recall)),
    Metric("quote_exactness", lambda r: (float(r.quotes[0]), float(r.quotes[1]))),
    Metric("values_without_citation", lambda r: _mean(len(r.reply.ungrounded)), higher_is_better=False),
    Metric("refusal_precision", lambda r: precision_row(r.reply.refused, not r.example.answerable)),
    Metric("refusal_recall", lambda r: recall_row(r.reply.refused, not r.example.answerable)),
    Metric(
        "false_refusal_rate",
        lambda r: recall_row(r.reply.refused, r.example.answerable),
        higher_is_better=False,
    ),
    Metric("auroc", lambda r: (r.reply.confidence, float(r.example.answerable)), auroc),
    Metric("ece", lambda r: (r.reply.confidence, float(r.example.answerable)), ece, False),
    Metric("brier", lambda r: (r.reply.confidence, float(r.example.answerable)), brier, False),
    Metric("aurc", lambda r: (r.reply.confidence, float(r.judgement.best_right)), aurc, False),
    Metric("conflict_precision", lambda r: precision_row(_shows_conflict(r), _is_conflict(r))),
    Metric("conflict_recall", lambda r: recall_row(_shows_conflict(r), _is_conflict(r))),
    Metric("latency_p50_ms", lambda r: (r.latency_ms, 1.0), percentile(50), False),
    Metric("latency_p95_ms", lambda r: (r.latency_ms, 1.0), percentile(95), False),
)
BY_NAME = {one.name: one for one in METRICS}
# Figures of the verifier (faults.py) are not of single questions; for all of them higher is better.


def lower_is_better(name: str) -> bool:
    """Whether less of this figure is better."""
    return name in BY_NAME and not BY_NAME[name].higher_is_better


Figures = dict[str, Interval]
_PARTNER = {"refusal_precision": "refusal_recall", "conflict_precision": "conflict_recall"}


def figures(
    results: Sequence[Result], metrics: Iterable[Metric] = METRICS, *, rounds: int = ROUNDS
) -> Figures:
    """Each metric that applies to any of the results; one that is undefined for them is left out."""
    found = {}
    for metric in metrics:
        rows, groups = _rows(results, metric)
        if len(rows):
            interval = bootstrap_ci(rows, metric.statistic, groups=groups, rounds=rounds)
            if not np.isnan(interval.value):
                found[metric.name] = interval
    # Where there is nothing to find, a precision of 0 says nothing.
    return {name: one for name, one in found.items() if _PARTNER.get(name, name) in found}


def _rows(results: Sequence[Result], metric: Metric) -> tuple[Rows, list[str]]:
    pairs = [(metric.row(one), one.example.group or one.example.id) for one in results]
    kept = [(row, group) for row, group in pairs if row is not None]
    return np.array([row for row, _ in kept], dtype=float).reshape(-1, 2), [group for _, group in kept]


def splits(results: Results) -> dict[str, list[Result]]:
    """The results by split, dev before test."""
    found: dict[str, list[Result]] = {}
    for one in sorted(results.results, key=lambda r: r.example.split):
        found.setdefault(one.example.split, []).append(one)
    return found


def by_type(results: Sequence[Result], *, rounds: int = ROUNDS) -> Figures:
    """Accuracy of each type of question."""
    types: dict[str, list[Result]] = {}
    for one in results:
        types.setdefault(one.example.type, []).append(one)
    return {name: figures(types[name], METRICS[:1], rounds=rounds)["accuracy"] for name in sorted(types)}


def losses(results: Sequence[Result]) -> dict[str, int]:
    """How many questions each stage lost, the most first."""
    return dict(Counter(str(one.judgement.loss) for one in results if one.judgement.loss).most_common())


def question_rows(result: Result) -> dict[str, Pair]:
    """One question's row of every metric that applies: what a later run is compared with."""
    rows = {metric.name: metric.row(result) for metric in METRICS}
    return {name: row for name, row in rows.items() if row is not None}


def compare(results: Sequence[Result], before: Mapping[str, Mapping[str, Pair]]) -> dict[str, Difference]:
    """The change of each metric since an earlier run, over the questions that both have.

    `before` gives the earlier rows by question id and metric. Latency is left out: it is the machine's.
    """
    found = {}
    for metric in METRICS:
        pairs = [
            (before[one.example.id][metric.name], row, one.example.group or one.example.id)
            for one in results
            if metric.name in before.get(one.example.id, {}) and (row := metric.row(one)) is not None
        ]
        if not pairs or metric.name.startswith("latency"):
            continue
        earlier, later = (np.array([pair[i] for pair in pairs], dtype=float) for i in (0, 1))
        difference = paired_test(earlier, later, metric.statistic, groups=[pair[2] for pair in pairs])
        if not np.isnan(difference.value):
            found[metric.name] = difference
    return found
