"""Whom a pronoun in a quote stands for: the sentence before it that is to be cited too."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from qa.grounding import Premise, missing_values
from qa.names import missing_names
from qa.text import sentence_spans

_PRONOUN = re.compile(
    r"\b(?:he|she|it|they|him|her|them|his|hers|its|their|theirs|this|these|both|the two)\b",
    re.IGNORECASE,
)


def antecedents(sentence: str, premises: Sequence[Premise]) -> tuple[Premise, ...]:
    """What to cite besides `premises` for the names that `sentence` puts in the place of their pronouns.

    Only sentences before a quote with a pronoun, in its passage, count, the nearest first. None unless
    with them no value is missing any more: a number or a date has no pronoun. Whether the sentence then
    holds is for `qa.support` to say.
    """
    added: list[Premise] = []
    for premise in premises:
        if not _PRONOUN.search(premise.quote):
            continue
        before = [span for span in sentence_spans(premise.passage) if span[1] <= premise.start]
        for start, end in reversed(before):
            lacking = _lacking(sentence, [*premises, *added])
            further = replace(premise, start=start, end=end)
            if len(_lacking(sentence, [*premises, *added, further])) < len(lacking):
                added.append(further)
    return () if missing_values(sentence, [*premises, *added]) else tuple(added)


def _lacking(sentence: str, premises: Sequence[Premise]) -> list[str]:
    """The names that the premises lack."""
    texts = [text for one in premises for text in (one.quote, one.title) if text]
    return missing_names(sentence, texts, [one.passage for one in premises])
