"""is_planted(text): does a sentence or a title sound planted, to tell a language model what to say?

`instructions` takes what is surely an instruction from all evidence. Attackers find other words for one, so
that no list of patterns is complete; but most of their words are those of other attackers. A logistic
regression over words and pairs of words, learnt by `python -m qa_eval.fit_planted`, finds almost half of what
passes the patterns. It takes honest orders along, so that it only decides what a model reads beside the
quotes, and what stands above a headline; what it finds may still be quoted.
"""

from __future__ import annotations

import re
from itertools import pairwise

from qa.documents.instructions import statements
from qa.documents.orders import folded
from qa.language.text import sentence_spans, visible
from qa.language.words import stem
from qa.weights import learnt

_WORD = re.compile(r"[^\W_]+")


def is_planted(text: str) -> bool:
    """Whether a sentence, a title or a paragraph sounds planted. Knows English words only."""
    weights = learnt("planted")
    return sum(weights.get(gram, 0.0) for gram in grams(text)) > learnt("planted_bound")["threshold"]


def seems_planted(paragraph: str) -> bool:
    """Whether half of a paragraph's sentences can't be evidence or sound planted, or what can be evidence
    sounds planted as a whole: whoever wrote an order wrote what stands beside it, too. Most honest paragraphs
    that an order was put into stay honest ones."""
    left = [paragraph[slice(*span)] for span in statements(paragraph)]
    honest = sum(not is_planted(sentence) for sentence in left)
    return 2 * honest <= len(sentence_spans(paragraph)) or is_planted(" ".join(left))


def grams(text: str) -> set[str]:
    """The stems of a text, as it looks, and the pairs of those that stand side by side."""
    stems = [stem(word) for word in _WORD.findall(folded(visible(text)))]
    return {*stems, *map(" ".join, pairwise(stems))}
