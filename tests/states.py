"""Which states a document can have had while a question was answered, and whether an answer quotes such."""

from __future__ import annotations

import hashlib
import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

_MOST_WRONG = 20
_WAITING = {"urn:qa:problem:overloaded", "urn:qa:problem:index-busy", "overloaded", "index_busy"}
"""Problems, and OpenAI's codes of them, of a full queue and of somebody who keeps others waiting."""


@dataclass(frozen=True)
class Change:
    """A document had another text, or none, from some moment between `began` and `ended` on."""

    text: str | None
    began: float
    ended: float


@dataclass
class Seen:
    """What is known of the documents, and what was seen of the service."""

    history: dict[str, list[Change]] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    told_to_wait: Counter[str] = field(default_factory=Counter)
    milliseconds: dict[str, list[float]] = field(default_factory=dict)
    cited: int = 0

    def complain(self, of: str) -> None:
        if len(self.wrong) < _MOST_WRONG:
            self.wrong.append(of)

    def possible(self, document: str, began: float, ended: float) -> dict[str, str]:
        """Texts by their SHA-256 that `document` can have had at some moment of this time."""
        texts = [text for text in self._states(document, began, ended) if text is not None]
        return {hashlib.sha256(text.encode()).hexdigest(): text for text in texts}

    def _states(self, document: str, began: float, ended: float) -> list[str | None]:
        changes = [Change(None, -math.inf, -math.inf), *self.history.get(document, [])]
        until = [one.ended for one in changes[1:]] + [math.inf]
        return [
            one.text for one, gone in zip(changes, until, strict=True) if one.began <= ended and gone >= began
        ]

    def check_end(self, held: Mapping[str, str], now: float) -> None:
        """Whether the documents are what the last change that ended made of each, or one that did not."""
        for document in sorted(held.keys() | self.history.keys()):
            if held.get(document) not in self._states(document, now, now):
                what = "ends with another text than it was given last" if document in held else "is lost"
                self.complain(f"{document} {what}")

    def check(self, citations: Sequence[dict[str, Any]], began: float, ended: float) -> None:
        """Whether each quote is what a state of its document says, and all of a document of the same."""
        revisions: dict[str, str] = {}
        for one in citations:
            document, revision = one["document_id"], one["revision"]
            text = self.possible(document, began, ended).get(revision)
            if text is None:
                self.complain(f"{document} is cited at a revision that it did not have")
            elif text[one["start"] : one["end"]] != one["quote"]:
                self.complain(f"{document} is quoted with what it does not say: {one['quote']}")
            if revisions.setdefault(document, revision) != revision:
                self.complain(f"{document} is cited at two revisions in one answer")
            self.cited += 1


def told_to_wait(status: int, retry_after: str | None, body: str) -> bool:
    """Whether a response says that there is too much to do; what is broken or away is no such thing."""
    if status != 503 or not retry_after:
        return False
    try:
        problem = json.loads(body)
    except ValueError:
        return False
    return problem.get("type") in _WAITING or problem.get("error", {}).get("code") in _WAITING
