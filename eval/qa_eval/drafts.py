"""draft_rows(folder) → gold rows of a user's own documents, for a person to finish.

The question is left blank on purpose: one made from the sentence would repeat its words, and a
system that only matches words would pass.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from qa.documents.formats import is_loadable
from qa.documents.load import documents_of
from qa.documents.sources import scan
from qa.language.text import sentence_spans
from qa.language.values import Kind, Value, values
from qa.types import Document

_ASKS: dict[Kind, str] = {
    "date": "when",
    "money": "how_much",
    "percent": "how_much",
    "count": "how_many",
    "duration": "how_long",
    "name": "who",
}


def draft_rows(path: Path, corpus: Path, each: int) -> list[dict[str, Any]]:
    """At most `each` rows of every document under `path`, spread over its length.

    Ids are those that the documents have in an index of `corpus`. Raises a `LoadError`.
    """
    rows: list[dict[str, Any]] = []
    for source in scan(path, corpus).sources:
        if is_loadable(source.path):
            for document in documents_of(source.path, source.document_id, source.uri):
                rows += _spread(list(_candidates(document)), each)
    return [{"id": f"draft-{number:03d}", "draft": True, **row} for number, row in enumerate(rows, start=1)]


def _spread(rows: list[dict[str, Any]], count: int) -> list[dict[str, Any]]:
    step = max(len(rows) / count, 1.0)
    return [rows[int(i * step)] for i in range(min(count, len(rows)))]


def _candidates(document: Document) -> Iterator[dict[str, Any]]:
    """A row for each sentence that tells a value worth asking for."""
    for start, end in sentence_spans(document.text):
        quote = document.text[start:end]
        # A name that opens a sentence may be any word with a capital.
        told = [value for value in values(quote) if value.kind != "name" or value.start > 0]
        if told and quote[-1:] in ".!?”\"'’":
            yield _row(document, start, quote, min(told, key=_rarity))


def _rarity(value: Value) -> bool:
    """Dates and numbers before names, of which there are many more."""
    return value.kind == "name"


def _row(document: Document, start: int, quote: str, value: Value) -> dict[str, Any]:
    return {
        "question": "",
        "answerable": True,
        "type": "single_fact",
        "asks": _ASKS[value.kind],
        "answers": [value.text],
        "evidence": [
            {
                "document_id": document.id,
                "start": start,
                "end": start + len(quote),
                "quote": quote,
                "sufficient": True,
            }
        ],
        "conflict": None,
        "split": "dev",
    }
