"""Learn how surely a text supports a sentence, and print what the weights reach on the half held out.

    python -m qa_eval.fit_support EVALDATA [--write src/qa/weights.json]

Learnt from one half of the sources of each set; the other one is for measuring (`qa eval public`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qa.build import build_embedder
from qa.interfaces import Embedder
from qa.support.support import SIGNS, support_features
from qa.weights import logistic
from qa_eval.learning import run
from qa_eval.logit import fit_logistic
from qa_eval.metrics import auroc, balanced_accuracy, ece
from qa_eval.pairs import SETS, Pair, missing_pairs, read_pairs

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

RIDGE, PER_SET = 20.0, 500.0
"""The penalty was chosen by cross-validation within the tuning half; each set counts as so many pairs."""


def learn(folder: Path, say: Callable[[str], object]) -> dict[str, Any] | None:
    """The learnt parts of weights.json; None, with a message through `say`, where sets are missing."""
    absent = missing_pairs(folder)
    if absent:
        say(f"skipped: {', '.join(absent)} not in {folder}")
        return None
    embedder = build_embedder()
    sets = {name: _cases(read_pairs(folder / name, embedder.count_tokens), embedder) for name in SETS}
    tuned = [cases.half(tuned=True) for cases in sets.values()]
    weights = fit_logistic(
        np.concatenate([one.features for one in tuned]),
        np.concatenate([one.labels for one in tuned]),
        np.concatenate([np.full(len(one.labels), PER_SET / len(one.labels)) for one in tuned]),
        SIGNS,
        RIDGE,
    )
    threshold = best_threshold(tuned, weights)
    for name, cases in sets.items():
        for half in (True, False):
            one = cases.half(tuned=half)
            rows = np.c_[one.probabilities(weights), one.labels]
            balanced = balanced_accuracy(np.c_[one.holds(weights, threshold), one.labels])
            figures = f"AUROC {auroc(rows):.3f}, ECE {ece(rows):.3f}, balanced accuracy {balanced:.3f}"
            say(f"{name}, {'learnt from' if half else 'held out'}: {figures}")
    return {"support": {**weights, "threshold": threshold}}


@dataclass(frozen=True, slots=True)
class Cases:
    """Pairs as numbers, one row a pair."""

    features: Array  # (n, len(SIGNS))
    passes: Mask  # the hard rules let the claim pass
    labels: Array  # 1.0 where it is supported
    tuned: Mask

    def half(self, *, tuned: bool) -> Cases:
        """The pairs that are learnt from, or those held out."""
        mine = self.tuned == tuned
        return Cases(self.features[mine], self.passes[mine], self.labels[mine], self.tuned[mine])

    def probabilities(self, weights: Mapping[str, float]) -> Array:
        """The probability that each claim is supported."""
        by = [weights["intercept"], *(weights[name] for name in SIGNS)]
        return np.array([logistic((1.0, *row), by) for row in self.features])

    def holds(self, weights: Mapping[str, float], threshold: float) -> Mask:
        """Which claims would be shown."""
        shown: Mask = self.passes & (self.probabilities(weights) >= threshold)
        return shown


def best_threshold(sets: Sequence[Cases], weights: Mapping[str, float]) -> float:
    """The threshold of the best balanced accuracy, mean over the sets."""
    tried = np.arange(0.05, 0.96, 0.01)
    reached = [
        np.mean([balanced_accuracy(np.c_[one.holds(weights, at), one.labels]) for one in sets])
        for at in tried
    ]
    return round(float(tried[int(np.argmax(reached))]), 2)


def _cases(pairs: Sequence[Pair], embedder: Embedder) -> Cases:
    found = [support_features(pair.claim, pair.premises, embedder) for pair in pairs]
    return Cases(
        features=np.array([[features[name] for name in SIGNS] for features, _ in found]),
        passes=np.array([passes for _, passes in found]),
        labels=np.array([float(pair.supported) for pair in pairs]),
        tuned=np.array([pair.tuned_on for pair in pairs]),
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    return run(__doc__, "qa_eval.fit_support", learn, arguments)


if __name__ == "__main__":
    raise SystemExit(main())
