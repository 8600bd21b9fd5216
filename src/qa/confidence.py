"""How probable it is that the documents answer the question.

A logistic regression (Platt 1999 fits the same form) over features of the best evidence sentence.
None depends on how many documents there are, so that the probability means the same over 3
documents and over 20,000 passages. Each weight has the sign that reason asks for: a better match
never lowers the confidence, a missing term never raises it. Learnt by `python -m qa_eval.fit`.
"""

from __future__ import annotations

from qa.rank import RankedSentence, Ranking
from qa.short_answer import answer_type, rank_values
from qa.weights import learnt, logistic

SIGNS = {
    "maxsim": 1,
    "pooled": 1,
    "passage_maxsim": 1,
    "missing_share": -1,
    "missing_near": -1,
    "missing_names": -1,
    "value_missing": -1,  # a date, a number or a name is asked for, and the sentence has none that fits
}
"""The features of a sentence that count, with the sign of their weight."""

THRESHOLD: float = learnt("abstention")["threshold"]
"""Below this confidence the answer is "the documents do not say".

Chosen so that 5 % of the answerable questions that it was fitted on are refused, each set counting
the same.
"""


def confidence(question: str, ranking: Ranking) -> float:
    """Probability in [0, 1] that `ranking` holds an answer; 0.0 if it is empty."""
    return sentence_confidence(question, ranking.sentences[0]) if ranking.sentences else 0.0


def sentence_confidence(question: str, sentence: RankedSentence) -> float:
    """Probability in [0, 1] that the sentence, taken as the best evidence, answers the question."""
    weights = learnt("confidence")
    features = confidence_features(question, sentence)
    row, by = zip(*((features[name], weights[name]) for name in SIGNS), strict=True)
    return logistic((1.0, *row), (weights["intercept"], *by))


def confidence_features(question: str, sentence: RankedSentence) -> dict[str, float]:
    """The features named in SIGNS."""
    text = sentence.passage.text[sentence.start : sentence.end]
    asked_for_value = answer_type(question) not in ("other", "yes_no")
    missing = asked_for_value and not rank_values(question, text)
    ranked = {name: sentence.feature(name) for name in SIGNS if name != "value_missing"}
    return {**ranked, "value_missing": float(missing)}
