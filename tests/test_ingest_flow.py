"""What is read, encoded and written at a time, and what becomes of it when an ingest is interrupted."""

from __future__ import annotations

import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

import files
from fakes import FakeEmbedder
from indexing import found, opened, rows, run
from qa.documents import apart
from qa.documents.split import CountTokens, split
from qa.interfaces import Encoding
from qa.storage.index import Index
from qa.storage.vectors import Vectors
from qa.sync import reading, writing
from qa.sync.ingest import ingest
from qa.sync.writing import Progress, Writer
from qa.types import Document, Passage


class Interrupted(Exception):
    pass


def test_what_was_put_in_before_an_interruption_is_not_done_again(
    corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "\n\n".join(
        f"Sentence {n} of many, long enough to stand alone: " + "word " * 150 for n in range(60)
    )
    for name in ("a", "b", "c"):
        (corpus / f"{name}.txt").write_text(f"{name}\n\n{text}")
    rows(corpus, *(f"Bird{n} " + "sings " * 50 for n in range(400)), name="z.jsonl")
    upsert, calls = Vectors.upsert, []

    def broken(self: Vectors, *arguments: Any) -> None:
        calls.append(arguments)
        if len(calls) == 2:
            raise Interrupted
        upsert(self, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(Vectors, "upsert", broken)
        with pytest.raises(Interrupted):
            run(corpus)
    with opened(corpus) as index:
        before = set(index.known())
        assert {"a", "b", "c"} <= before
        assert len(before) < 405
    report = run(corpus)
    assert before.isdisjoint(report.added)
    assert len(before | set(report.added)) == 405
    with opened(corpus) as index:
        assert index._vectors.count() == index.counts().passages
        assert index._store.unsettled() == ([], [])


def test_a_document_longer_than_a_chunk_is_whole(corpus: Path) -> None:
    text = "\n\n".join(f"Paragraph {n}. " + "word " * 180 for n in range(300))
    (corpus / "long.txt").write_text(text)
    run(corpus)
    with opened(corpus) as index:
        document = index.document("long")
        assert index.counts().passages >= 302
        for number in (0, 254, 255, 256, 257, 299):
            (hit, _), *_ = index.search_text(f'"paragraph {number}"', 1)
            passage, tokens = index.passages([hit])[hit], index.tokens([hit])[hit]
            assert passage.text == document.text[passage.start : passage.end]
            exact = FakeEmbedder().encode([passage.text])[0].tokens
            assert (tokens.spans == exact.spans).all()
            assert found(index, passage.text)[0] == "long"


class CountingEmbedder(FakeEmbedder):
    def __init__(self) -> None:
        self.batches: list[int] = []

    def encode(self, texts: Sequence[str]) -> list[Encoding]:
        self.batches.append(len(texts))
        return super().encode(texts)


def test_progress_tells_of_files_documents_and_passages(corpus: Path) -> None:
    rows(corpus, *(f"Bird{n} sings." for n in range(600)))
    told: list[Progress] = []
    embedder, chosen_by = CountingEmbedder(), []

    def choose(passages: int) -> CountingEmbedder:
        chosen_by.append(passages)
        return embedder

    ingest(
        [corpus],
        corpus=corpus,
        index_folder=corpus.parent / "index",
        reader=FakeEmbedder(),
        embedder_for=choose,
        progress=told.append,
    )
    size = sum(path.stat().st_size for path in corpus.iterdir())
    assert told[0] == Progress(files_total=3, bytes_total=size)
    assert told[-1] == Progress(3, 3, size, size, 602, 602)
    assert embedder.batches == [256, 256, 90]
    assert chosen_by == [602]


def test_memory_does_not_grow_with_the_folder(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows(corpus, *(f"Bird{n} sings." for n in range(1000)))
    replace = Index.replace
    read: list[str] = []
    ahead: list[int] = []

    def noting(document: Document, count_tokens: CountTokens) -> tuple[Passage, ...]:
        read.append(document.id)
        return split(document, count_tokens)

    def measuring(self: Index, *arguments: Any) -> None:
        replace(self, *arguments)
        ahead.append(len(read) - self.counts().documents)

    monkeypatch.setattr(writing, "_CHUNK_PASSAGES", 25)
    monkeypatch.setattr(reading, "split", noting)
    monkeypatch.setattr(Index, "replace", measuring)
    run(corpus)
    assert len(read) == 1002
    assert max(ahead) < 20 * 25


def test_an_interruption_does_not_wait_for_a_file_that_is_being_read(
    corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stand-in for the reading process never answers; this test would take as long as a file may."""
    endless = (sys.executable, "-c", "import time; time.sleep(600)")
    monkeypatch.setattr(apart, "COMMAND", endless)
    (corpus / "z.pdf").write_bytes(files.pdf(["A page."]))
    started = threading.Event()
    start = apart._start

    def starting() -> Any:
        started.set()
        return start()

    def interrupt(self: Writer, *arguments: Any) -> None:
        assert started.wait(60)
        raise Interrupted

    monkeypatch.setattr(apart, "_start", starting)
    monkeypatch.setattr(writing, "_CHUNK_PASSAGES", 1)
    monkeypatch.setattr(writing, "AHEAD", 1)
    monkeypatch.setattr(Writer, "add", interrupt)
    with pytest.raises(Interrupted):
        run(corpus)
