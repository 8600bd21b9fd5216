"""Learnt weights, by name, from weights.json, which says by what command they were learnt."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

_stored: dict[str, Any] = json.loads(files("qa").joinpath("weights.json").read_text("utf-8"))


def learnt(part: str) -> Mapping[str, float]:
    """The numbers of a part ("rank", "confidence", "abstention"), by name."""
    numbers: Mapping[str, float] = _stored[part]
    return numbers


def use_weights(stored: Mapping[str, Any]) -> None:
    """Use these numbers from now on instead of the file's; for learning them only."""
    _stored.clear()
    _stored.update(stored)
    weights.cache_clear()


@cache
def weights(part: str, names: tuple[str, ...]) -> tuple[float, ...]:
    """The numbers called `names` of a part ("short_answer", or "disagreement.name" for a part of a part)."""
    numbers: Any = _stored
    for key in part.split("."):
        numbers = numbers[key]
    return tuple(float(numbers[name]) for name in names)


def logistic(row: Sequence[float], by: Sequence[float]) -> float:
    """The probability a logistic regression gives: 1 / (1 + exp(-row·by)). Both of one length."""
    odds = sum(w * x for w, x in zip(by, row, strict=True))
    return 1 / (1 + math.exp(-max(-50.0, min(50.0, odds))))
