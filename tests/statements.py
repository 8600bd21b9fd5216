"""Ranked sentences as disagreements need them, and what was found in them."""

from __future__ import annotations

from qa.answering.disagreement import Statement
from qa.types import Disagreement


def said(*rows: tuple[str, str, str | None, float]) -> tuple[Statement, ...]:
    """Statements from (document, sentence, published, relevance)."""
    return tuple(
        Statement(number, document, "", published, sentence, sentence, relevance)
        for number, (document, sentence, published, relevance) in enumerate(rows, 1)
    )


def sides(found: Disagreement | None) -> tuple[str, dict[str, tuple[int, ...]]] | None:
    return None if found is None else (found.kind, {p.value: p.citations for p in found.positions})
