"""is_planted(text): does a sentence or a title sound planted, to tell a language model what to say?

`qa.documents.instructions` takes what is surely an instruction from all evidence. Attackers find other words
for one, so that no list of patterns is complete; but most of their words are those of other attackers. A
logistic regression over words and pairs of words, learnt by `python -m qa_eval.fit_planted`, finds more than
half of what passes the patterns. It takes honest orders along, so that it only decides what a model
reads beside the quotes; what it finds may still be quoted.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import Any

from qa.language.words import stem

_TOKEN = re.compile(r"\w+|[^\w\s]")


def is_planted(text: str) -> bool:
    """Whether the text sounds planted."""
    stored = _learnt()
    weights: Mapping[str, float] = stored["weights"]
    return float(stored["intercept"]) + sum(weights.get(term, 0.0) for term in terms(text)) > 0


def terms(text: str) -> set[str]:
    """The stems and the marks of a text, and the pairs of those that stand side by side."""
    tokens = [stem(token) if token.isalnum() else token for token in _TOKEN.findall(text)]
    return {*tokens, *map(" ".join, pairwise(tokens))}


@cache
def _learnt() -> Mapping[str, Any]:
    stored: Mapping[str, Any] = json.loads(files("qa.speaking").joinpath("planted.json").read_text("utf-8"))
    return stored
