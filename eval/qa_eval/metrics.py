"""Every figure's definition, once. All are checked against examples worked by hand in the tests.

A figure is a statistic of rows, an (n, 2) array with one row a question, so that one bootstrap and
one paired test serve all of them: (value, 1) for a mean, (numerator, denominator) for a ratio,
(confidence, label) for calibration. Rows that do not apply are (0, 0) or left out.
"""

from __future__ import annotations

import re
import string
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.float64]
Statistic = Callable[[Rows], float]
Pair = tuple[float, float]

ROUNDS = 1000


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure and its 95 % confidence interval, over `n` rows."""

    value: float
    low: float
    high: float
    n: int

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


@dataclass(frozen=True, slots=True)
class Difference:
    """A figure's change from one run to another, its 95 % interval, and the p value of no change."""

    value: float
    low: float
    high: float
    p: float


# Statistics


def ratio(rows: Rows) -> float:
    """Sum of the first column over sum of the second: a mean, a precision, a recall."""
    total = float(rows[:, 1].sum())
    return float(rows[:, 0].sum()) / total if total else float("nan")


def auroc(rows: Rows) -> float:
    """Area under the ROC curve of (confidence, label), by scikit-learn (Fawcett 2006)."""
    from sklearn.metrics import roc_auc_score  # type: ignore[import-untyped]

    labels = rows[:, 1]
    return float(roc_auc_score(labels, rows[:, 0])) if 0 < labels.sum() < len(labels) else float("nan")


def brier(rows: Rows) -> float:
    """Mean squared difference of confidence and label, by scikit-learn (Brier 1950)."""
    from sklearn.metrics import brier_score_loss

    return float(brier_score_loss(rows[:, 1], rows[:, 0], labels=[0, 1]))


def ece(rows: Rows) -> float:
    """Expected calibration error (Naeini et al. 2015) ten bins of equal mass (Nguyen and O'Connor 2015)."""
    if not _both_labels(rows):
        return float("nan")
    bins = calibration_bins(rows)
    return sum(count * abs(stated - found) for stated, found, count in bins) / len(rows)


def _both_labels(rows: Rows) -> bool:
    return 0 < float(rows[:, 1].sum()) < len(rows)


def calibration_bins(rows: Rows, bins: int = 10) -> list[tuple[float, float, int]]:
    """Mean confidence, share of positive labels and size of each bin of nearly equal size."""
    ordered = rows[np.argsort(rows[:, 0], kind="stable")]
    parts = np.array_split(ordered, min(bins, len(ordered)))
    return [(float(part[:, 0].mean()), float(part[:, 1].mean()), len(part)) for part in parts]


def risk_coverage(rows: Rows) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Coverage i/n and selective risk of the i most confident of (confidence, correct) rows.

    El-Yaniv and Wiener 2010; Geifman and El-Yaniv 2017. Equal confidences share their mean error, so
    that the order of the rows does not matter.
    """
    ordered = rows[np.argsort(-rows[:, 0], kind="stable")]
    _, tied = np.unique(-ordered[:, 0], return_inverse=True)
    errors = (np.bincount(tied, weights=1 - ordered[:, 1]) / np.bincount(tied))[tied]
    count = np.arange(1, len(rows) + 1)
    return count / len(rows), np.cumsum(errors) / count


def balanced_accuracy(rows: Rows) -> float:
    """Mean of the shares of (decision, label) rows decided rightly, of label 1 and of label 0."""
    decided, labels = rows[:, 0] > 0, rows[:, 1] > 0
    both = float(decided[labels].mean() + (~decided[~labels]).mean()) if _both_labels(rows) else float("nan")
    return both / 2


def f1(rows: Rows) -> float:
    """F1 of (decision, label) rows: harmonic mean of precision and recall (van Rijsbergen 1979)."""
    total = float((rows[:, 0] > 0).sum() + (rows[:, 1] > 0).sum())
    return 2 * float(((rows[:, 0] > 0) & (rows[:, 1] > 0)).sum()) / total if total else float("nan")


def aurc(rows: Rows) -> float:
    """Area under the risk-coverage curve: mean selective risk over all coverages (Geifman et al. 2019)."""
    return float(risk_coverage(rows)[1].mean())


def percentile(q: float) -> Statistic:
    """The statistic "q-th percentile of the first column", linearly interpolated."""
    return lambda rows: float(np.percentile(rows[:, 0], q))


# Uncertainty


def bootstrap_ci(
    rows: Rows,
    statistic: Statistic = ratio,
    *,
    seed: int = 0,
    groups: Sequence[str] | None = None,
    rounds: int = ROUNDS,
) -> Interval:
    """95 % percentile bootstrap interval (Efron 1979) of a statistic of rows.

    With `groups`, one name a row, whole groups are resampled (Field and Welsh 2007): questions
    about one paragraph are not independent.
    """
    members = _members(groups, len(rows))
    random = np.random.default_rng(seed)
    spread = []
    for _ in range(rounds):
        drawn = random.integers(0, len(members), len(members))
        spread.append(statistic(rows[np.concatenate([members[i] for i in drawn])]))
    known = [value for value in spread if not np.isnan(value)] or [float("nan")]
    low, high = np.percentile(known, [2.5, 97.5])
    return Interval(statistic(rows), float(low), float(high), len(rows))


def paired_test(
    before: Rows,
    after: Rows,
    statistic: Statistic = ratio,
    *,
    seed: int = 0,
    groups: Sequence[str] | None = None,
    rounds: int = ROUNDS,
) -> Difference:
    """Does a statistic differ between two runs over the same questions, in the same order?

    Two-sided paired randomisation test (Fisher 1935; Noreen 1989; for retrieval Smucker et al. 2007):
    the runs' rows are swapped at random, whole groups at once. The interval is a paired bootstrap's.
    """
    both = np.hstack([before, after])

    def change(rows: Rows) -> float:
        return statistic(rows[:, 2:]) - statistic(rows[:, :2])

    interval = bootstrap_ci(both, change, seed=seed, groups=groups, rounds=rounds)
    members = _members(groups, len(both))
    random = np.random.default_rng(seed)
    as_large = 0
    for _ in range(rounds):
        swapped = both.copy()
        for i in np.flatnonzero(random.integers(0, 2, len(members))):
            swapped[members[i]] = both[members[i]][:, [2, 3, 0, 1]]
        as_large += not abs(change(swapped)) < abs(interval.value) - 1e-12
    return Difference(interval.value, interval.low, interval.high, (as_large + 1) / (rounds + 1))


def _members(groups: Sequence[str] | None, size: int) -> list[NDArray[np.intp]]:
    if groups is None:
        return [np.array([i]) for i in range(size)]
    _, inverse = np.unique(np.array(groups), return_inverse=True)
    order = np.argsort(inverse, kind="stable")
    return np.split(order, np.cumsum(np.bincount(inverse))[:-1])


# Retrieval

RETRIEVAL = ("recall@5", "recall@10", "mrr@10", "ndcg@10", "success@1", "success@3")


def retrieval_scores(
    rankings: Mapping[str, Sequence[str]], relevant: Mapping[str, Mapping[str, int]]
) -> dict[str, dict[str, float]]:
    """The measures of RETRIEVAL for each question, by ir-measures (trec_eval's definitions).

    `rankings` has unit ids, best first; `relevant` their grades. nDCG has linear gains (Järvelin and
    Kekäläinen 2002), MRR is the mean of the reciprocal rank of the first relevant unit.
    """
    import ir_measures
    from ir_measures import RR, R, Success, nDCG

    measures = [R @ 5, R @ 10, RR @ 10, nDCG @ 10, Success @ 1, Success @ 3]
    names = dict(zip(map(str, measures), RETRIEVAL, strict=True))
    run = {
        question: {unit: float(-rank) for rank, unit in enumerate(dict.fromkeys(ranking))}
        for question, ranking in rankings.items()
        if ranking
    }
    qrels = {question: dict(grades) for question, grades in relevant.items()}
    scores = {question: dict.fromkeys(RETRIEVAL, 0.0) for question in relevant}
    for one in ir_measures.iter_calc(measures, qrels, run) if run else ():
        scores[one.query_id][names[str(one.measure)]] = float(one.value)
    return scores


# The words of an answer

_ARTICLES = re.compile(r"\b(a|an|the)\b")


def normalise(text: str) -> str:
    """SQuAD's normalisation (Rajpurkar et al. 2016): lower case, no punctuation, articles or extra space.

    The original strips ASCII punctuation; typographic quotes and dashes are punctuation here too.
    """
    kept = (c for c in text.lower() if c not in string.punctuation and unicodedata.category(c)[0] != "P")
    return " ".join(_ARTICLES.sub(" ", "".join(kept)).split())


def exact_match(predicted: str, answer: str) -> float:
    """SQuAD's exact match: 1 if equal after normalisation."""
    return float(normalise(predicted) == normalise(answer))


def token_f1(predicted: str, answer: str) -> float:
    """SQuAD's F1 over the bags of normalised tokens."""
    ours, gold = normalise(predicted).split(), normalise(answer).split()
    if not ours or not gold:
        return float(ours == gold)
    shared = (Counter(ours) & Counter(gold)).total()
    return 2 * shared / (len(ours) + len(gold))


def contains(text: str, answer: str) -> bool:
    """Whether the answer's words occur in the text as a run (DrQA's has_answer, Chen et al. 2017)."""
    inner = _words(answer)
    return bool(inner) and f" {inner} " in f" {_words(text)} "


def _words(text: str) -> str:
    return " ".join(re.findall(r"\w+", _ARTICLES.sub(" ", text.casefold())))


# Citations

Supports = Callable[[str, Sequence[int]], bool]
"""Whether the citations of these numbers, together, support a statement."""


def citation_recall(statements: Sequence[tuple[str, Sequence[int]]], supports: Supports) -> float:
    """ALCE's citation recall (Gao et al. 2023, section 4.2): share of statements their citations support."""
    held = [bool(cited) and supports(statement, cited) for statement, cited in statements]
    return sum(held) / len(held) if held else 0.0


def citation_precision(statements: Sequence[tuple[str, Sequence[int]]], supports: Supports) -> float:
    """ALCE's citation precision (section 4.2): share of citations that are not irrelevant.

    A citation is irrelevant if its statement is not supported, or if it does not support the
    statement alone and the others do so without it. 0 without citations.
    """
    relevant = [
        supports(statement, cited)
        and (supports(statement, [number]) or not supports(statement, [n for n in cited if n != number]))
        for statement, cited in statements
        for number in cited
    ]
    return sum(relevant) / len(relevant) if relevant else 0.0


# Decisions: precision and recall are `ratio` of these rows


def precision_row(predicted: bool, actual: bool) -> Pair:
    """What one question adds to a precision."""
    return float(predicted and actual), float(predicted)


def recall_row(predicted: bool, actual: bool) -> Pair:
    """What one question adds to a recall."""
    return float(predicted and actual), float(actual)
