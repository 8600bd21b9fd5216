"""A large index without the hours that encoding it would take: sentences encoded once, put together anew.

The passages are made of three sentences of the public texts. A passage's token vectors are those of
its sentences, read each on its own, and its vector is their mean: not what the encoder would say of the
passage, but of the same size and from the same region. The index is the real one, made by the same calls
as any other. XQuAD's paragraphs among them are read as usual.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from qa.build import build_embedder, open_to_write, run_ingest
from qa.documents.sources import UPLOAD_ORIGIN
from qa.interfaces import Embedder, Encoding, TokenVectors
from qa.language.text import sentence_spans
from qa.settings import Settings
from qa.storage.index import manifest_of
from qa.storage.packing import pack
from qa.storage.store import Entry
from qa.types import Document, Passage
from qa_eval.bench_texts import SET
from qa_eval.examples import SourceText
from qa_eval.public import read_public
from qa_eval.run import write_corpus

SENTENCES = 3
_BANK = 4_000
"""Sentences that are encoded."""

_BATCH = 1_000
"""Passages written together."""


@dataclass(frozen=True, slots=True)
class Large:
    """The folder of XQuAD's paragraphs, and that of the index which holds them and the made passages."""

    corpus: Path
    index: Path


def make_large(evaldata: Path, passages: int, folder: Path) -> Large:
    """The index in `folder`; one that is there already is left as it is."""
    made = Large(folder / "corpus", folder / "index")
    if made.index.exists():
        return made
    write_corpus(
        [SourceText(one.id, "", one.text) for one in read_public(evaldata / SET).documents], made.corpus
    )
    settings = Settings(corpus=made.corpus, index=made.index)
    run_ingest(settings, [made.corpus], lambda done: None)
    embedder = build_embedder()
    chance = random.Random(0)
    sentences = _sentences(evaldata)
    chance.shuffle(sentences)
    bank = list(zip(sentences[:_BANK], embedder.encode(sentences[:_BANK]), strict=True))
    with open_to_write(settings) as (index, _):
        for first in range(index.counts().passages, passages, _BATCH):
            names = [f"made-{n}" for n in range(first, min(first + _BATCH, passages))]
            joined = [_joined(name, chance.sample(bank, SENTENCES), embedder) for name in names]
            index.replace([entry for entry, _ in joined], np.stack([vector for _, vector in joined]))
    return made


def _sentences(evaldata: Path) -> list[str]:
    """The sentences of all public texts."""
    folders = sorted(path.parent for path in evaldata.glob("*/corpus.jsonl"))
    texts = [one.text for folder in folders for one in read_public(folder).documents]
    return [text[a:b] for text in texts for a, b in sentence_spans(text) if 30 <= b - a <= 300]


def _joined(
    name: str, chosen: Sequence[tuple[str, Encoding]], embedder: Embedder
) -> tuple[Entry, NDArray[np.float32]]:
    text = " ".join(sentence for sentence, _ in chosen)
    starts = np.cumsum([0, *(len(sentence) + 1 for sentence, _ in chosen[:-1])])
    spans = [one.tokens.spans + start for (_, one), start in zip(chosen, starts, strict=True)]
    tokens = TokenVectors(
        np.concatenate([one.tokens.vectors for _, one in chosen]), np.concatenate(spans).astype(np.int32)
    )
    vector = np.mean([one.vector for _, one in chosen], axis=0)
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    document = Document(name, name, name, text, sha256)
    passage = Passage(f"{name}@{sha256[:12]}:0-{len(text)}", name, 0, len(text), text)
    entry = Entry(document, UPLOAD_ORIGIN, "", manifest_of(embedder), (passage,), (pack(tokens),))
    return entry, (vector / np.linalg.norm(vector)).astype(np.float32)
