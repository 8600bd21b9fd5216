"""locate(answer, quotes) → where the words stand that a language model takes for the answer."""

from __future__ import annotations

import re
from collections.abc import Mapping

from qa.language.words import term_set

Span = tuple[int, int]

_APART = re.compile(r"\s*[,;/]\s*|\s+and\s+")
_MONEY = "$£€¥₽₹"
_BETWEEN = r"\W{1,4}"
"""What may stand between two words: the quote has its own spaces, hyphens and quotation marks."""


def locate(answer: str, quotes: Mapping[int, str]) -> list[dict[int, Span]]:
    """Of each part of the answer the quotes, by number, that hold its words one after the other.

    It has several parts where no quote holds the whole of it: "Viber, World of Tanks". A part that no
    quote holds is left out.
    """
    whole = _places(answer, quotes)
    parts = [_places(part, quotes) for part in _APART.split(answer)] if not whole else [whole]
    return [places for places in parts if places]


def holds(text: str, answer: str) -> bool:
    """Whether the text has the words of the answer, or those of each of its parts."""
    return all(place(part, text) for part in _APART.split(answer) if re.search(r"\w", part)) or (
        place(answer, text) is not None
    )


def is_new(answer: str, question: str) -> bool:
    """Whether the answer tells anything that the question does not say itself."""
    return not term_set(answer) <= term_set(question)


def place(answer: str, text: str) -> Span | None:
    """Where the text has the words of the answer one after the other, first; not within a longer number."""
    words = [re.escape(word) for word in re.findall(r"\w+", answer)]
    if not words:
        return None
    money = re.match(rf"\W*([{_MONEY}])", answer)
    said = _BETWEEN.join(words)
    found = re.search(rf"(?<!\w)(?<!\d[.,]){said}(?!\w)(?![.,]\d)", text, re.IGNORECASE)
    if found and money and text[: found.start()].rstrip()[-1:] != money[1]:
        return None
    return found.span() if found else None


def _places(answer: str, quotes: Mapping[int, str]) -> dict[int, Span]:
    found = {number: place(answer, quote) for number, quote in quotes.items()}
    return {number: span for number, span in found.items() if span is not None}
