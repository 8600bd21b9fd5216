"""Each metric against an example worked by hand."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest

from qa_eval.consistency import calibrated_ece
from qa_eval.metrics import (
    aurc,
    auroc,
    bootstrap_ci,
    brier,
    calibration_bins,
    citation_precision,
    citation_recall,
    contains,
    ece,
    exact_match,
    normalise,
    paired_test,
    percentile,
    precision_row,
    ratio,
    recall_row,
    retrieval_scores,
    risk_coverage,
    token_f1,
)


def rows(*pairs: tuple[float, float]) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    return np.array(pairs, dtype=float)


def test_retrieval_scores() -> None:
    found = retrieval_scores(
        {"q": ["x", "a", "y", "b"], "none": []}, {"q": {"a": 1, "b": 1, "c": 1}, "none": {"a": 1}}
    )
    assert found["q"]["recall@5"] == pytest.approx(2 / 3)
    assert found["q"]["mrr@10"] == pytest.approx(1 / 2)
    assert (found["q"]["success@1"], found["q"]["success@3"]) == (0, 1)
    ideal = 1 + 1 / math.log2(3) + 1 / math.log2(4)
    assert found["q"]["ndcg@10"] == pytest.approx((1 / math.log2(3) + 1 / math.log2(5)) / ideal)
    assert set(found["none"].values()) == {0.0}


def test_recall_looks_no_deeper_than_its_k() -> None:
    found = retrieval_scores({"q": ["x1", "x2", "x3", "x4", "x5", "a"]}, {"q": {"a": 1}})["q"]
    assert (found["recall@5"], found["recall@10"]) == (0, 1)


def test_graded_relevance_has_linear_gains() -> None:
    found = retrieval_scores({"q": ["a", "b"]}, {"q": {"a": 1, "b": 2}})["q"]
    assert found["ndcg@10"] == pytest.approx((1 + 2 / math.log2(3)) / (2 + 1 / math.log2(3)))


def test_words_of_an_answer() -> None:
    assert normalise("The “Cat”, a  dog!") == "cat dog"
    assert exact_match("the $185 million.", "185 Million") == 1
    assert exact_match("185 million", "185") == 0
    # Two of three predicted tokens are among the two of the answer: P = 2/3, R = 1, F1 = 0.8.
    assert token_f1("about 185 million", "185 million") == pytest.approx(0.8)
    assert token_f1("none", "185 million") == 0
    assert token_f1("a", "an") == 1  # both are empty once normalised


@pytest.mark.parametrize(
    ("text", "answer", "expected"),
    [
        ("Lukashenko’s rule began in 1994.", "Lukashenko", True),
        ("in 2012 it", "12", False),
        ("the two men swapped jobs", "Two men", True),
        ("men two", "two men", False),
        ("anything", "", False),
    ],
)
def test_contains_is_a_run_of_whole_words(text: str, answer: str, expected: bool) -> None:
    assert contains(text, answer) is expected


def test_citation_scores_are_alces() -> None:
    def supports(statement: str, cited: Sequence[int]) -> bool:
        # s: 1 does alone. t: 3 and 4 do only together. u: nothing does.
        return {"s": 1 in cited, "t": {3, 4} <= set(cited), "u": False}[statement]

    statements = [("s", (1, 2)), ("t", (3, 4)), ("u", (5,))]
    assert citation_recall(statements, supports) == pytest.approx(2 / 3)
    # 2 is irrelevant (1 does without it), 5 supports nothing; 3 and 4 need each other.
    assert citation_precision(statements, supports) == pytest.approx(3 / 5)
    assert citation_recall([("s", ())], supports) == 0
    assert citation_precision([], supports) == 0


def test_precision_and_recall_of_refusals() -> None:
    # Refused and unanswerable, refused, unanswerable, neither: P = R = 1/2.
    decisions = [(True, True), (True, False), (False, True), (False, False)]
    assert ratio(rows(*(precision_row(*one) for one in decisions))) == 0.5
    assert ratio(rows(*(recall_row(*one) for one in decisions))) == 0.5
    assert math.isnan(ratio(rows((0, 0))))


def test_auroc_is_the_share_of_pairs_in_order() -> None:
    # Positives 0.9 and 0.4, negatives 0.5 and 0.1: three of four pairs are in order.
    assert auroc(rows((0.9, 1), (0.4, 1), (0.5, 0), (0.1, 0))) == 0.75
    assert auroc(rows((0.5, 1), (0.5, 0))) == 0.5
    assert math.isnan(auroc(rows((0.5, 1))))


def test_brier() -> None:
    assert brier(rows((0.8, 1), (0.4, 0))) == pytest.approx((0.04 + 0.16) / 2)
    assert brier(rows((0.8, 1))) == pytest.approx(0.04)


def test_chance_alone_makes_a_calibration_error_that_falls_with_the_number_of_rows() -> None:
    random = np.random.default_rng(0)

    def drawn(n: int) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
        sure = random.random(n)
        return np.stack([sure, random.random(n) < sure], axis=1)

    few, many = drawn(100), drawn(10_000)
    expected, further = calibrated_ece(few), calibrated_ece(many, rounds=100)
    assert expected.low < ece(few) < expected.high
    assert expected.value > 5 * further.value > 0
    overconfident = np.stack([np.sqrt(few[:, 0]), few[:, 1]], axis=1)
    assert ece(overconfident) > calibrated_ece(overconfident).high


def test_ece_has_bins_of_equal_mass() -> None:
    # 20 rows make ten bins of two: in each the mean confidence is c and one of two is positive.
    paired = [(c / 10, label) for c in range(10) for label in (0, 1)]
    assert [count for _, _, count in calibration_bins(rows(*paired))] == [2] * 10
    assert ece(rows(*paired)) == pytest.approx(sum(abs(c / 10 - 0.5) for c in range(10)) / 10)
    assert ece(rows((0.7, 1), (0.2, 0))) == pytest.approx((0.3 + 0.2) / 2)


def test_risk_coverage() -> None:
    coverage, risk = risk_coverage(rows((0.2, 1), (0.9, 1), (0.5, 0)))
    assert coverage.tolist() == pytest.approx([1 / 3, 2 / 3, 1])
    assert risk.tolist() == pytest.approx([0, 1 / 2, 1 / 3])
    assert aurc(rows((0.2, 1), (0.9, 1), (0.5, 0))) == pytest.approx((0 + 1 / 2 + 1 / 3) / 3)


def test_equal_confidences_are_in_no_order() -> None:
    assert aurc(rows((0.5, 1), (0.5, 0))) == aurc(rows((0.5, 0), (0.5, 1))) == 0.5


def test_percentile() -> None:
    assert percentile(50)(rows((1, 1), (2, 1), (10, 1))) == 2


def test_bootstrap_interval_is_that_of_the_normal_approximation() -> None:
    values = rows(*((i % 2, 1.0) for i in range(400)))
    interval = bootstrap_ci(values)
    half = 1.96 * math.sqrt(0.25 / 400)
    assert interval.value == 0.5
    assert interval.low == pytest.approx(0.5 - half, abs=0.01)
    assert interval.high == pytest.approx(0.5 + half, abs=0.01)
    assert bootstrap_ci(values) == interval, "the seed is fixed"


def test_groups_are_resampled_whole() -> None:
    values = rows(*((float(i < 50), 1.0) for i in range(100)))
    alone = bootstrap_ci(values)
    together = bootstrap_ci(values, groups=[str(i // 25) for i in range(100)])
    assert together.high - together.low > 2 * (alone.high - alone.low)


def test_paired_test() -> None:
    before = rows(*((float(i % 2), 1.0) for i in range(60)))
    assert paired_test(before, before).p == 1
    after = before.copy()
    after[::2, 0][:15] = 1.0  # 15 gained, none lost: a sign test gives p = 2 ** -14
    better = paired_test(before, after)
    assert better.value == pytest.approx(0.25)
    assert better.low > 0
    assert better.p < 0.005
    grouped = paired_test(before, after, groups=["all"] * 60)
    assert grouped.p == 1, "one group alone can't tell chance from change"
