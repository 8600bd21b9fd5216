"""Whether what the index keeps of a document is what splitting and encoding it gives."""

from __future__ import annotations

import random

import numpy as np

from qa.documents.split import split
from qa.interfaces import Embedder, Encoding, TokenVectors
from qa.storage.store import Store
from qa.sync.writing import read_of

_SAMPLED_PASSAGES = 5
"""Of a document: so many are encoded anew."""

_SAME_TEXT = 0.99
_SAME_TOKEN = 0.98
"""Cosines from which vectors are of one text, or of one word piece in it: the two forms of the encoder agree
to 0.996 in texts and to 0.994 in word pieces, packed (250 texts of prose and code)."""


def differences(store: Store, embedder: Embedder, document_id: str) -> tuple[int, str]:
    """How many passages of a document were encoded, and what is wrong with it; empty if nothing is."""
    document = store.document(document_id)
    expected = split(document, embedder.count_tokens)
    if store.vectors.ids_of(document_id) != {one.id for one in expected}:
        return 0, "its passages are not those that splitting gives"
    some = random.sample(expected, min(_SAMPLED_PASSAGES, len(expected)))
    ids = [one.id for one in some]
    stored, tokens = store.vectors.of(ids), store.tokens(ids)
    vectors = dict(zip(stored.ids, stored.vectors, strict=True))
    for one, encoding in zip(ids, embedder.encode(read_of(document, some)), strict=True):
        if one in vectors and not float(vectors[one] @ encoding.vector) >= _SAME_TEXT:
            return len(some), "a vector is not the one that the encoder gives"
        if not _are_same(tokens[one], encoding):
            return len(some), "token vectors are not those that the encoder gives"
    return len(some), ""


def _are_same(stored: TokenVectors, encoding: Encoding) -> bool:
    """Whether these are the token vectors of an encoding, but for rounding."""
    given = encoding.tokens
    if not np.array_equal(stored.spans, given.spans):
        return False
    return not len(given.spans) or bool(((stored.vectors * given.vectors).sum(axis=1) >= _SAME_TOKEN).all())
