"""Broken off, damaged, foreign, written by two: what becomes of an index."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from fakes import FakeEmbedder
from indexing import INGEST_IN_ANOTHER_PROCESS, found, opened, run
from qa.errors import (
    IndexBusy,
    IndexDamaged,
    IndexForeign,
    IndexMissing,
)
from qa.storage.index import Index
from qa.storage.vectors import Vectors


@pytest.mark.fault
@pytest.mark.parametrize("kill_at", ["upsert", "delete"])
def test_a_write_broken_off_is_completed_by_the_next(
    corpus: Path, monkeypatch: pytest.MonkeyPatch, kill_at: str
) -> None:
    run(corpus)
    (corpus / "cats.txt").write_text("Cats hunt mice. They climb trees.")
    original = getattr(Vectors, kill_at)

    def broken(self: Vectors, *args: object) -> None:
        original(self, *args)
        if args[0]:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Vectors, kill_at, broken)
        with pytest.raises(KeyboardInterrupt):
            run(corpus)
    with opened(corpus) as index:
        text = index.document("cats").text
        for hit, _ in index.search_text('"cats"', 5):
            assert index.passages([hit])[hit].text in text
    run(corpus)
    with opened(corpus) as index:
        assert "mice" in index.document("cats").text
        assert index._vectors.count() == index.counts().passages
        assert index._store.unsettled() == ([], [])


def test_no_index_an_empty_one_and_a_foreign_one_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(IndexMissing, match="qa ingest"):
        Index.open(tmp_path / "none", FakeEmbedder())
    with Index.write(tmp_path / "empty", FakeEmbedder()):
        pass
    with pytest.raises(IndexMissing, match="holds no document"):
        Index.open(tmp_path / "empty", FakeEmbedder())
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.jpg").write_bytes(b"x")
    with pytest.raises(IndexForeign, match=r"cat\.jpg"):
        Index.open(tmp_path / "photos", FakeEmbedder())
    with pytest.raises(IndexForeign), Index.write(tmp_path / "photos", FakeEmbedder()):
        pass
    assert [path.name for path in (tmp_path / "photos").iterdir()] == ["cat.jpg"]


@pytest.mark.parametrize("content", [b"not a database at all, but long enough to be looked at" * 30, None])
def test_a_file_in_the_place_of_the_database_is_foreign(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "index" / "qa.sqlite3"
    path.parent.mkdir()
    if content is None:
        connection = sqlite3.connect(path)
        connection.execute("CREATE TABLE t (x)")
        connection.close()
    else:
        path.write_bytes(content)
    with pytest.raises(IndexForeign, match="QA_INDEX"):
        Index.open(path.parent, FakeEmbedder())


@pytest.mark.fault
def test_lost_vectors_are_noticed_and_made_again(corpus: Path) -> None:
    run(corpus)
    shutil.rmtree(corpus.parent / "index" / "chroma")
    with pytest.raises(IndexDamaged, match="qa ingest"):
        opened(corpus)
    run(corpus)
    with opened(corpus) as index:
        assert found(index, "Dogs bark")[0] == "dogs"


def test_a_second_writer_is_told_who_writes(corpus: Path) -> None:
    with (
        Index.write(corpus.parent / "index", FakeEmbedder()),
        pytest.raises(IndexBusy, match=str(os.getpid())),
    ):
        run(corpus)


def test_an_open_index_sees_what_another_process_writes(corpus: Path) -> None:
    run(corpus)
    with opened(corpus) as index:
        assert "birds" not in found(index, "Birds sing")
        (corpus / "birds.txt").write_text("Birds sing.")
        script = [sys.executable, "-c", INGEST_IN_ANOTHER_PROCESS, str(Path(__file__).parent), str(corpus)]
        subprocess.run(script, check=True, timeout=60)
        assert found(index, "Birds sing")[0] == "birds"


def test_a_snapshot_does_not_change_while_it_is_read(corpus: Path) -> None:
    run(corpus)
    with opened(corpus) as index, index.snapshot():
        before = index.document("cats").text
        (corpus / "cats.txt").write_text("Cats hunt mice.")
        writer = threading.Thread(target=run, args=(corpus,))
        writer.start()
        writer.join()
        assert index.document("cats").text == before


@pytest.mark.fault
def test_a_database_whose_making_was_broken_off_is_made_again(corpus: Path) -> None:
    folder = corpus.parent / "index"
    folder.mkdir()
    connection = sqlite3.connect(folder / "qa.sqlite3")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.close()
    with pytest.raises(IndexMissing, match="never finished"):
        opened(corpus)
    assert sorted(run(corpus).added) == ["cats", "dogs"]


@pytest.mark.fault
def test_damaged_files_are_named_and_vectors_made_again(corpus: Path) -> None:
    run(corpus)
    (corpus.parent / "index" / "chroma" / "chroma.sqlite3").write_bytes(b"garbage " * 2000)
    with pytest.raises(IndexDamaged, match="qa ingest"):
        opened(corpus)
    run(corpus)
    with opened(corpus) as index:
        assert found(index, "Dogs bark")[0] == "dogs"
    database = corpus.parent / "index" / "qa.sqlite3"
    content = bytearray(database.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    database.write_bytes(content)
    with pytest.raises(IndexDamaged, match="qa doctor --repair"):
        opened(corpus)


def read_all(index: Index) -> None:
    """What an answer is made of."""
    ids = [one for one, _ in index.search_text('"cats"', 5)]
    for one in index.documents():
        index.document(one.id)
    index.sources_of(index.passages(ids).values())
    index.tokens(ids)
    index.vectors()


@pytest.mark.fault
@pytest.mark.parametrize(
    "change",
    [
        "documents SET text = CAST(text AS BLOB)",
        "documents SET title = x'00'",
        "documents SET published = x'00'",
        "documents SET metadata = '[]'",
        "documents SET pages = '{}'",
        "documents SET text = CAST(x'ff' AS TEXT)",
        "documents SET id = id || 'x'",
        "passages SET id = CAST(id AS BLOB)",
        "passages SET text = CAST(text AS BLOB)",
        "passages SET start = 'x'",
        "passages SET token_spans = CAST(token_spans AS TEXT)",
        "passages SET token_vectors = x'00'",
        "passage_vectors SET vector = 7",
        "passage_vectors SET vector = x'00000000' WHERE key = 1",
    ],
)
def test_values_that_can_not_be_are_damage_to_whoever_reads_them(corpus: Path, change: str) -> None:
    run(corpus)
    with opened(corpus) as index:
        connection = sqlite3.connect(corpus.parent / "index" / "qa.sqlite3")
        connection.execute(f"UPDATE {change}")
        connection.commit()
        connection.close()
        with pytest.raises(IndexDamaged, match="qa doctor --repair"), index.snapshot():
            read_all(index)


@pytest.mark.fault
def test_an_index_that_was_emptied_or_replaced_says_so(corpus: Path) -> None:
    run(corpus)
    with opened(corpus) as index:
        with index.change():
            index.remove(["cats", "dogs"])
        with pytest.raises(IndexMissing, match="holds no document"), index.snapshot():
            pass
        assert not index.is_replaced()
        shutil.rmtree(corpus.parent / "index")
        assert index.is_replaced()


def test_questions_go_on_while_another_process_writes(corpus: Path) -> None:
    run(corpus)
    failures: list[BaseException] = []
    done = threading.Event()

    def ask(index: Index) -> None:
        while not done.is_set():
            try:
                found(index, "Cats purr")
            except BaseException as error:
                failures.append(error)
                return

    with opened(corpus) as index:
        threads = [threading.Thread(target=ask, args=(index,)) for _ in range(3)]
        for thread in threads:
            thread.start()
        for n in range(3):
            (corpus / f"new{n}.txt").write_text(f"Bird number {n} sings.")
            script = [
                sys.executable,
                "-c",
                INGEST_IN_ANOTHER_PROCESS,
                str(Path(__file__).parent),
                str(corpus),
            ]
            subprocess.run(script, check=True, timeout=60)
        done.set()
        for thread in threads:
            thread.join()
        assert "new2" in found(index, "Bird number 2 sings")
    assert failures == []
