"""Logistic regression whose weights stay on the side of zero that reason gives them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

Array = NDArray[np.float64]


def fit_logistic(
    rows: Array, labels: Array, mass: Array, signs: Mapping[str, int], ridge: float
) -> dict[str, float]:
    """The weight of each feature of `signs`, and "intercept".

    `rows` is (n, len(signs)), `labels` and `mass`, how much a row counts, are (n,). `ridge` is the
    penalty on weights of features scaled to deviation 1.
    """
    mean, scale = rows.mean(axis=0), rows.std(axis=0) + 1e-6
    scaled = np.c_[(rows - mean) / scale, np.ones(len(rows))]
    penalty = np.array([ridge] * len(signs) + [0.0])

    def loss(weights: Array) -> tuple[float, Array]:
        log_odds = scaled @ weights
        lost = mass @ (np.logaddexp(0, log_odds) - labels * log_odds) + penalty @ weights**2 / 2
        return float(lost), scaled.T @ (mass * (expit(log_odds) - labels)) + penalty * weights

    sides = [(0.0, None) if sign > 0 else (None, 0.0) for sign in signs.values()]
    start = np.zeros(scaled.shape[1])
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=[*sides, (None, None)]).x
    slopes = found[:-1] / scale
    weights = {name: round(float(slope), 5) for name, slope in zip(signs, slopes, strict=True)}
    return {**weights, "intercept": round(float(found[-1] - slopes @ mean), 5)}
