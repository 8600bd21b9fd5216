"""How sentences hang together: questions and headings, series that are announced, reasons told afterwards."""

from __future__ import annotations

import re
from collections.abc import Sequence

from qa.language.words import INTERROGATIVES
from qa.types import Evidence

_ORDINALS = ("first", "second", "third", "fourth", "fifth")
_ITEM = re.compile(rf"^[(\"“‘]*({'|'.join(_ORDINALS)})(?:ly)?(?: of all)?\s?[,:]", re.IGNORECASE)
"""How an item of a series begins: "First, ..."; the comma tells it from "First built in 1871 ..."."""

_INTERROGATIVE = re.compile(rf"^[(\"“‘]*(?:{'|'.join(INTERROGATIVES)})\b", re.IGNORECASE)
_NO_HEADING = re.compile(r"[,:\n]|[.!…;](?:['\"”’)\]]|\[\d+\])*$")
"""What a heading has not: parts, lines, a stop at its end, which the mark of a note may follow."""
_ASKS_WHY = re.compile(
    r"\bwhy\b|\b(?:what|which) (?:was |is |were |are )?(?:the )?(?:reasons?|causes?)\b", re.IGNORECASE
)
_CAUSE = r"because|due to|owing to|thanks to|in order to"
_REASON = re.compile(rf"\b(?:{_CAUSE}|on account of|so that|given (?:that|the)|reasons?)\b", re.IGNORECASE)
_REASON_AHEAD = re.compile(
    rf"^(?:{_CAUSE}|given|since|as|(?:this|that|it) (?:is|was) (?:because|why)"
    r"|(?:the|one|another) (?:main |chief |first )?reasons?)\b",
    re.IGNORECASE,
)
_BETWEEN = 3
"""Characters between a sentence and the next one: blanks and a line's end."""


def asks(text: str) -> bool:
    """Whether a sentence is a question, or a heading like one ("Why he left"): it states nothing."""
    return text.endswith("?") or (_INTERROGATIVE.match(text) is not None and _NO_HEADING.search(text) is None)


def announced(one: Evidence, evidence: Sequence[Evidence]) -> list[Evidence]:
    """The items "First, ...", "Second, ..." of the series that `one` announces: the first one follows it."""
    inside = sorted(
        (other for other in evidence if of_one_document(one, other) and other.start >= one.end),
        key=lambda other: other.start,
    )
    if not inside or _item(inside[0].quote) != 0 or not _follows(inside[0], one):
        return []
    items = [inside[0]]
    for other in inside[1:]:
        if _item(other.quote) == len(items):
            items.append(other)
    return items if len(items) > 1 else []


def reason(question: str, one: Evidence, evidence: Sequence[Evidence]) -> Evidence | None:
    """The sentence after `one` where the question asks why, `one` gives no reason, and that one does."""
    if _ASKS_WHY.search(question) is None or _REASON.search(one.quote) is not None:
        return None
    following = (other for other in evidence if of_one_document(one, other) and _follows(other, one))
    return next((other for other in following if _REASON_AHEAD.match(other.quote) is not None), None)


def _item(quote: str) -> int | None:
    """Which item of a series the sentence begins, from 0."""
    found = _ITEM.match(quote)
    return None if found is None else _ORDINALS.index(found[1].lower())


def of_one_document(one: Evidence, other: Evidence) -> bool:
    """Whether both sentences stand in the same document."""
    return one.passage.document_id == other.passage.document_id


def _follows(other: Evidence, one: Evidence) -> bool:
    return 0 <= other.start - one.end <= _BETWEEN
