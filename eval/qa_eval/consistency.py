"""How large a calibration error chance alone makes: with few questions the figure is never 0."""

from __future__ import annotations

import numpy as np

from qa_eval.metrics import ROUNDS, Interval, Rows, ece


def calibrated_ece(rows: Rows, *, seed: int = 0, rounds: int = ROUNDS) -> Interval:
    """The mean and the 95 % range of the calibration error if the confidences of `rows` were exactly right.

    Labels are drawn with the probabilities that the confidences state (consistency resampling: Bröcker and
    Smith 2007, "Increasing the Reliability of Reliability Diagrams"). An error within the range is none
    that these rows can show.
    """
    random = np.random.default_rng(seed)
    sure = rows[:, 0]
    drawn = [ece(np.stack([sure, random.random(len(sure)) < sure], axis=1)) for _ in range(rounds)]
    known = [error for error in drawn if not np.isnan(error)] or [float("nan")]
    low, high = np.percentile(known, [2.5, 97.5])
    return Interval(float(np.mean(known)), float(low), float(high), len(rows))
