from __future__ import annotations

import pytest

from qa.finding.confidence import (
    RELEVANCE,
    SIGNS,
    THRESHOLD,
    confidence,
    confidence_features,
    sentence_relevance,
)
from qa.finding.rank import FEATURES, RankedSentence, Ranking
from qa.types import Passage
from qa.weights import learnt

PASSAGE = Passage("a", "d", 0, 2, "A.")
GOOD = {"maxsim": 0.8, "pooled": 0.8, "passage_maxsim": 0.85, "same_words": 0.85, "worst_match": 0.5}
BAD = {"maxsim": 0.25, "pooled": 0.2, "passage_maxsim": 0.25, "missing_near": 0.7, "worst_match": 0.1}


def ranking(**values: float) -> Ranking:
    row = tuple(values.get(name, 0.0) for name in FEATURES)
    return Ranking((), (RankedSentence(PASSAGE, 0, 2, 1.0, row),))


def test_no_evidence_is_no_confidence() -> None:
    assert confidence("Why?", Ranking()) == 0.0


def test_good_evidence_passes_the_threshold_and_poor_evidence_does_not() -> None:
    assert confidence("Why?", ranking(**BAD)) < THRESHOLD < confidence("Why?", ranking(**GOOD)) < 1


@pytest.mark.parametrize("name", [name for name in SIGNS if name != "value_doubt"])
def test_a_better_match_never_lowers_it_and_a_missing_term_never_raises_it(name: str) -> None:
    low, high = (
        confidence("Why?", ranking(**{**GOOD, name: 0.1})),
        confidence("Why?", ranking(**{**GOOD, name: 0.9})),
    )
    assert (high - low) * SIGNS[name] >= 0


@pytest.mark.parametrize(
    ("question", "lacking", "holding"),
    [
        ("When was the mill built?", "The mill was built of stone.", "The mill was built in 1871."),
        ("How many people built the mill?", "Masons built the mill.", "Twenty people built the mill."),
        ("How much did the mill cost?", "The mill cost a lot.", "The mill cost $5,000."),
    ],
)
def test_a_value_that_is_asked_for_and_missing_lowers_it(question: str, lacking: str, holding: str) -> None:
    row = tuple(GOOD.get(name, 0.0) for name in FEATURES)

    def sure(text: str) -> float:
        passage = Passage("a", "d", 0, len(text), text)
        return confidence(question, Ranking((), (RankedSentence(passage, 0, len(text), 1.0, row),)))

    assert sure(lacking) < sure(holding)


def test_a_reason_that_is_asked_for_need_be_no_value() -> None:
    assert confidence_features("Why was it built?", ranking(**GOOD).sentences[0])["value_doubt"] == 0.0


def test_what_a_sentence_lacks_of_the_fact_leaves_it_relevant() -> None:
    whole, lacking = (ranking(**{**GOOD, "missing_number": one}) for one in (0.0, 1.0))
    assert confidence("Why?", lacking) < confidence("Why?", whole)
    assert sentence_relevance(lacking.sentences[0]) == sentence_relevance(whole.sentences[0]) > 0.5
    assert sentence_relevance(ranking(**BAD).sentences[0]) < 0.1


def test_extreme_evidence_stays_a_probability() -> None:
    assert 0.0 <= confidence("Why?", ranking(missing_names=1e9)) <= 1.0


def test_the_learnt_weights_name_known_features_only() -> None:
    assert set(learnt("rank")) <= set(FEATURES)
    assert set(learnt("confidence")) == {*SIGNS, "intercept"}
    assert set(learnt("relevance")) == {*RELEVANCE, "intercept"}


def test_good_evidence_on_another_is_refused() -> None:
    row = tuple(GOOD.get(name, 0.0) for name in FEATURES)
    text = "Norway invested $40 million in Iceland."
    passage = Passage("a", "d", 0, len(text), text)
    found = Ranking((), (RankedSentence(passage, 0, len(text), 1.0, row),))
    assert confidence("How much did Sweden invest in Iceland?", found) < THRESHOLD
    assert confidence("How much did Norway invest in Iceland?", found) > THRESHOLD
