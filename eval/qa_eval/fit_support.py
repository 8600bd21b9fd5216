"""Learn how surely a text supports a sentence, and print what the weights reach on the half held out.

    python -m qa_eval.fit_support EVALDATA [--write src/qa/weights.json]

Learnt from one half of the sources of each set; the other one is for measuring (`qa eval public`).
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qa.build import build_embedder
from qa.interfaces import Embedder
from qa.support import SIGNS, support_features
from qa.weights import logistic
from qa_eval.logit import fit_logistic
from qa_eval.metrics import auroc, balanced_accuracy, ece
from qa_eval.pairs import SETS, Pair, missing_pairs, read_pairs

Array = NDArray[np.float64]

RIDGE, PER_SET = 20.0, 500.0
"""The penalty was chosen by cross-validation within the tuning half; each set counts as so many pairs."""


def learn(folder: Path, say: Callable[[str], object]) -> dict[str, Any] | None:
    """The learnt parts of weights.json; None, with a message through `say`, where sets are missing."""
    absent = missing_pairs(folder)
    if absent:
        say(f"skipped: {', '.join(absent)} not in {folder}")
        return None
    embedder = build_embedder()
    sets = {name: read_pairs(folder / name, embedder.count_tokens) for name in SETS}
    tables = {name: _table(pairs, embedder) for name, pairs in sets.items()}
    tuned = {name: np.array([pair.tuned_on for pair in pairs]) for name, pairs in sets.items()}
    labels = {name: np.array([float(pair.supported) for pair in pairs]) for name, pairs in sets.items()}
    weights = fit_logistic(
        np.concatenate([tables[name][tuned[name]] for name in SETS]),
        np.concatenate([labels[name][tuned[name]] for name in SETS]),
        np.concatenate([np.full(tuned[name].sum(), PER_SET / tuned[name].sum()) for name in SETS]),
        SIGNS,
        RIDGE,
    )
    sure = {name: probabilities(table, weights) for name, table in tables.items()}
    mine = [(sure[name][tuned[name]], tables[name][tuned[name]], labels[name][tuned[name]]) for name in SETS]
    threshold = best_threshold(mine)
    for name in SETS:
        for half in (True, False):
            chosen = tuned[name] == half
            rows = np.c_[sure[name], labels[name]][chosen]
            held = np.c_[holds(sure[name], tables[name], threshold), labels[name]][chosen]
            figures = f"AUROC {auroc(rows):.3f}, ECE {ece(rows):.3f}, balanced {balanced_accuracy(held):.3f}"
            say(f"{name}, {'learnt from' if half else 'held out'}: {figures}")
    return {"support": weights, "support_threshold": {"learnt": threshold}}


def probabilities(table: Array, weights: dict[str, float]) -> Array:
    """The probability of each row of features."""
    by = [weights["intercept"], *(weights[name] for name in SIGNS)]
    return np.array([logistic((1.0, *row), by) for row in table])


def holds(sure: Array, table: Array, threshold: float) -> Array:
    """Which rows hold: 1.0 or 0.0."""
    names = list(SIGNS)
    hard = (table[:, names.index("missing")] == 0) & (table[:, names.index("opposed")] == 0)
    held: Array = (hard & (sure >= threshold)).astype(np.float64)
    return held


def best_threshold(sets: Sequence[tuple[Array, Array, Array]]) -> float:
    """The threshold of the best balanced accuracy, mean over sets of (probabilities, features, labels)."""
    tried = np.arange(0.05, 0.96, 0.01)
    reached = [
        np.mean([balanced_accuracy(np.c_[holds(sure, table, at), labels]) for sure, table, labels in sets])
        for at in tried
    ]
    return round(float(tried[int(np.argmax(reached))]), 2)


def _table(pairs: Sequence[Pair], embedder: Embedder) -> Array:
    rows = [support_features(pair.claim, pair.premises, embedder) for pair in pairs]
    return np.array([[row[name] for name in SIGNS] for row in rows])


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("evaldata", type=Path)
    parser.add_argument("--write", type=Path, help="the weights.json whose learnt parts to replace")
    options = parser.parse_args(arguments)
    learnt = learn(options.evaldata, lambda line: sys.stdout.write(line + "\n"))
    if learnt and options.write:
        whole = json.loads(options.write.read_text("utf-8"))
        command = "python -m qa_eval.fit_support EVALDATA --write src/qa/weights.json"
        commands = {**whole["commands"], **dict.fromkeys(learnt, command)}
        options.write.write_text(
            json.dumps({**whole, **learnt, "commands": commands}, indent=2) + "\n", "utf-8"
        )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
