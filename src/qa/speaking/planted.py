"""is_planted(text): does a sentence or a title sound planted, to tell a language model what to say?

`qa.documents.instructions` takes what is surely an instruction from all evidence. Attackers find other words
for one, so that no list of patterns is complete; but most of their words are those of other attackers. A
logistic regression over words and pairs of words, learnt by `python -m qa_eval.fit_planted`, finds almost
half of what passes the patterns. It takes honest orders along, so that it only decides what a model
reads beside the quotes; what it finds may still be quoted.
"""

from __future__ import annotations

import re
from itertools import pairwise

from qa.language.words import stem
from qa.weights import learnt

_WORD = re.compile(r"[^\W_]+")


def is_planted(text: str) -> bool:
    """Whether a text, as a model reads it, sounds planted. Knows English words only."""
    weights = learnt("planted")
    return sum(weights.get(gram, 0.0) for gram in grams(text)) > learnt("planted_bound")["threshold"]


def grams(text: str) -> set[str]:
    """The stems of a text, and the pairs of those that stand side by side."""
    stems = [stem(word) for word in _WORD.findall(text)]
    return {*stems, *map(" ".join, pairwise(stems))}
