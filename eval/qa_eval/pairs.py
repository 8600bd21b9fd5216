"""The public sets of claims, each with a text that supports it or does not: read by path, never copied."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qa.documents.split import split
from qa.support.grounding import Premise
from qa.types import Document
from qa_eval.public import in_tuning_half, read_rows, text_source

SETS = {"wice_dev": "supported", "begin_dev": "Fully attributable"}
"""The sets, each with the label of what is supported. What is supported in part is not."""

_NEITHER = "Generic"
"""BEGIN's label of claims that tell nothing, which are left out."""

CountTokens = Callable[[Sequence[str]], list[int]]


@dataclass(frozen=True, slots=True)
class Pair:
    """A claim, what it is held against, and whether that supports it.

    `source` is the article or text whose claims stay together when a set is cut into halves.
    """

    claim: str
    premises: tuple[Premise, ...]
    supported: bool
    source: str

    @property
    def tuned_on(self) -> bool:
        """Whether it is in the half that weights are learnt from; the other half is for measuring."""
        return in_tuning_half(self.source)


def missing_pairs(folder: Path) -> list[str]:
    """Which of SETS are not in `folder`."""
    return [name for name in SETS if not (folder / name / "pairs.jsonl").is_file()]


def read_pairs(folder: Path, count_tokens: CountTokens) -> tuple[Pair, ...]:
    """The pairs of the set in `folder`; the evidence is cut into passages as documents are."""
    rows = read_rows(folder / "pairs.jsonl")
    return tuple(_pair(row, SETS[folder.name], count_tokens) for row in rows if row["label"] != _NEITHER)


def _pair(row: Mapping[str, Any], supported: str, count_tokens: CountTokens) -> Pair:
    text = row["evidence"]
    premises = tuple(Premise(passage, 0, len(passage)) for passage in passages(text, count_tokens))
    source = row.get("title") or text_source(text)
    return Pair(row["claim"], premises, row["label"] == supported, source)


def passages(text: str, count_tokens: CountTokens) -> list[str]:
    """The passages of a text, cut as a document's are."""
    digest = hashlib.sha256(text.encode()).hexdigest()
    return [one.text for one in split(Document(digest[:12], "", "", text, digest), count_tokens)]
