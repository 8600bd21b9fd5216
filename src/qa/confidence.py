"""How probable it is that the documents answer the question.

A logistic regression (Platt 1999 fits the same form) over features of the best evidence sentence.
None depends on how many documents there are, so that the probability means the same over 3
documents and over 20,000 passages. Each weight has the sign that reason asks for: a better match
never lowers the confidence, a missing term never raises it. Learnt by `python -m qa_eval.fit`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from qa.rank import Ranking, learnt

SIGNS = {
    "maxsim": 1,
    "pooled": 1,
    "passage_maxsim": 1,
    "missing_share": -1,
    "missing_near": -1,
    "missing_names": -1,
}
"""The features of the best sentence that count, with the sign of their weight."""

THRESHOLD: float = learnt("abstention")["threshold"]
"""Below this confidence the answer is "the documents do not say".

Chosen so that 5 % of the answerable questions that it was fitted on are refused, each set counting
the same.
"""


def confidence(ranking: Ranking, weights: Mapping[str, float] | None = None) -> float:
    """Probability in [0, 1] that `ranking` holds an answer; 0.0 if it is empty.

    `weights` maps the names in SIGNS and "intercept" to numbers (default: the learnt ones).
    """
    if not ranking.sentences:
        return 0.0
    weights = learnt("confidence") if weights is None else weights
    best = ranking.sentences[0]
    log_odds = weights["intercept"] + sum(weights[name] * best.feature(name) for name in SIGNS)
    return 1 / (1 + math.exp(-max(-50.0, min(50.0, log_odds))))
