"""What an index is made again from: an earlier version's file, half-saved and lost vectors."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from fakes import FakeEmbedder
from indexing import INDEX, OtherEmbedder, answers, examined, found, opened, repaired, run
from qa.doctor.doctor import examine
from qa.doctor.repair import repair
from qa.doctor.vector_check import check_vectors_apart
from qa.errors import IndexBusy, IndexDamaged, IndexStale
from qa.storage import chroma, vectors
from qa.storage.index import Index
from qa.storage.vectors import Vectors

KILLED_IN_A_WRITE = """
import os, signal, sys
from pathlib import Path
from qa.storage.chroma import ChromaFolder
folder = Path(sys.argv[1])
with ChromaFolder(folder).writing():
    for path in folder.glob("*/data_level0.bin") if sys.argv[2] == "half saved" else ():
        os.truncate(path, path.stat().st_size // 2)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def vectors_folder(corpus: Path) -> Path:
    return corpus.parent / "index" / "chroma"


def make_earlier_version(database: Path) -> None:
    """Turn an index into one of schema 3, which kept no vectors in SQLite."""
    connection = sqlite3.connect(database)
    for table in ("passage_vectors", "identity"):
        connection.execute(f"DROP TABLE {table}")
    connection.execute(f"PRAGMA application_id = {0x51413033}")
    connection.close()


def kill_in_a_write(corpus: Path, how: str) -> None:
    script = [sys.executable, "-c", KILLED_IN_A_WRITE, str(vectors_folder(corpus)), how]
    assert subprocess.run(script, timeout=60, check=False).returncode == -signal.SIGKILL


@pytest.fixture
def saved(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A corpus whose index has its graph in files, as a larger one has."""
    monkeypatch.setattr(vectors, "HNSW", vectors.HNSW | {"sync_threshold": 2, "batch_size": 2})
    (corpus / "birds.txt").write_text("Birds sing in trees.")
    run(corpus)
    assert list(vectors_folder(corpus).glob("*/data_level0.bin"))
    return corpus


def test_an_index_of_an_earlier_version_keeps_its_documents(corpus: Path) -> None:
    run(corpus)
    other = corpus.parent / "other"
    other.mkdir()
    (other / "birds.txt").write_text("Birds sing.")
    run(corpus, other)
    shutil.rmtree(other)
    make_earlier_version(corpus.parent / "index" / "qa.sqlite3")
    with pytest.raises(IndexStale, match="earlier version; run 'qa ingest'"):
        opened(corpus)
    assert sorted(run(corpus).changed) == ["birds", "cats", "dogs"]
    with opened(corpus) as index:
        assert found(index, "Birds sing")[0] == "birds"
        assert index._vectors.count() == index.counts().passages == 3


def test_an_index_of_a_later_version_is_left_alone(corpus: Path) -> None:
    run(corpus)
    connection = sqlite3.connect(corpus.parent / "index" / "qa.sqlite3")
    connection.execute(f"PRAGMA application_id = {0x51413039}")
    connection.close()
    for use in (opened, run):
        with pytest.raises(IndexStale, match="later version"):
            use(corpus)


@pytest.mark.fault
def test_lost_vectors_are_made_again_without_the_encoder(
    saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.rmtree(vectors_folder(saved))

    def encode(*_: object) -> None:
        raise AssertionError("the vectors are in SQLite")

    monkeypatch.setattr(FakeEmbedder, "encode", encode)
    assert sorted(run(saved).unchanged) == ["birds", "cats", "dogs"]
    monkeypatch.undo()
    with opened(saved) as index:
        assert found(index, "Birds sing")[0] == "birds"


@pytest.mark.fault
def test_a_graph_that_lost_its_files_is_noticed_though_chroma_counts_its_vectors(saved: Path) -> None:
    for graph in [one for one in vectors_folder(saved).iterdir() if one.is_dir()]:
        shutil.rmtree(graph)
    with pytest.raises(IndexDamaged, match="missing"):
        opened(saved)
    run(saved)
    with opened(saved) as index:
        assert found(index, "Cats purr")[0] == "cats"


@pytest.mark.fault
@pytest.mark.parametrize(("begin", "length"), [(0, None), (784, 200)], ids=["all of it", "one vector"])
def test_a_graph_damaged_in_place_is_noticed_and_made_again(
    saved: Path, begin: int, length: int | None
) -> None:
    (graph,) = vectors_folder(saved).glob("*/data_level0.bin")
    with graph.open("r+b") as file:
        file.seek(begin)
        file.write(b"\x3e" * (length or graph.stat().st_size))
    folder, fake = saved.parent / INDEX, FakeEmbedder()
    diagnosis = examine(folder, fake, "", check_vectors_apart)  # apart: Chroma may crash
    assert not diagnosis.healthy
    with pytest.raises(IndexDamaged, match="missing"):
        opened(saved)
    assert repair(diagnosis, folder, fake, lambda passages: fake, "")
    assert examine(folder, fake, "", check_vectors_apart).healthy
    with opened(saved) as index:
        assert found(index, "Cats purr")[0] == "cats"


@pytest.mark.fault
def test_a_save_that_was_broken_off_answers_nothing_until_the_next_write(saved: Path) -> None:
    with opened(saved) as index:
        kill_in_a_write(saved, "half saved")
        with pytest.raises(IndexDamaged, match="stopped as it wrote"):
            found(index, "Cats purr")
    with pytest.raises(IndexDamaged, match="stopped as it wrote"):
        opened(saved)
    assert sorted(run(saved).unchanged) == ["birds", "cats", "dogs"]
    with opened(saved) as index:
        assert found(index, "Cats purr")[0] == "cats"


@pytest.mark.fault
def test_a_write_that_was_broken_off_before_a_save_harms_nothing(saved: Path) -> None:
    kill_in_a_write(saved, "nothing saved")
    with opened(saved) as index:
        assert found(index, "Cats purr")[0] == "cats"


def test_nobody_reads_vectors_while_another_process_writes_them(
    saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qa.storage.folder_lock._PATIENCE_SECONDS", 0.0)
    with opened(saved) as index:
        with chroma.ChromaFolder(vectors_folder(saved)).writing(), pytest.raises(IndexBusy, match="writing"):
            found(index, "Cats purr")
        assert found(index, "Cats purr")[0] == "cats"


@pytest.mark.fault
def test_another_encoding_that_never_came_to_count_is_undone(corpus: Path) -> None:
    """Killed between Chroma and SQLite, with new vectors for passages that stay as they are."""
    run(corpus)
    with Index.write(corpus.parent / "index", FakeEmbedder()) as index:
        (batch,) = index._store.vectors.batches(index.manifest)
        index._store.announce(batch.ids)
        index._vectors.upsert(batch.ids, -batch.vectors, batch.document_ids)
    run(corpus)
    with opened(corpus) as index:
        held = index._vectors.of(batch.ids)
        for one, vector in zip(batch.ids, batch.vectors, strict=True):
            np.testing.assert_allclose(held[one], vector, atol=1e-6)


@pytest.mark.fault
def test_a_backup_of_the_database_alone_is_an_index_again(corpus: Path) -> None:
    run(corpus)
    before = answers(corpus)
    folder = corpus.parent / "index"
    source, backup = sqlite3.connect(folder / "qa.sqlite3"), sqlite3.connect(corpus.parent / "backup")
    source.backup(backup)
    source.close()
    backup.close()
    shutil.rmtree(folder)
    folder.mkdir()
    shutil.move(corpus.parent / "backup", folder / "qa.sqlite3")
    assert repaired(folder) == ["Chroma has the stored vectors again."]
    assert answers(corpus) == before


def test_many_documents_are_removed_at_once(corpus: Path) -> None:
    run(corpus)
    with Index.write(corpus.parent / "index", FakeEmbedder()) as index:
        index.remove(["cats", *(f"never-{n}" for n in range(40_000))])
        assert sorted(index.sources(f"never-{n}" for n in range(40_000))) == []
    with opened(corpus) as index:
        assert [one.id for one in index.documents()] == ["dogs"]


@pytest.mark.fault
def test_an_index_whose_files_were_removed_while_it_was_open_says_so(corpus: Path) -> None:
    run(corpus)
    with opened(corpus) as index:
        shutil.rmtree(vectors_folder(corpus))
        assert index.is_replaced()
        with pytest.raises(IndexDamaged, match="removed or replaced"), index.change():
            pass
        with pytest.raises(IndexDamaged, match="removed or replaced"):
            found(index, "Cats purr")
    assert not os.path.exists(vectors_folder(corpus))


def test_vectors_of_the_folder_hold_what_sqlite_says(saved: Path) -> None:
    with opened(saved) as index:
        (batch,) = index._store.vectors.batches(index.manifest)
        assert isinstance(index._vectors, Vectors)
        assert index._vectors.ids() == set(batch.ids)
        np.testing.assert_allclose(np.linalg.norm(batch.vectors, axis=1), 1, atol=1e-5)


def test_a_repair_chooses_the_encoder_by_the_number_of_passages(corpus: Path) -> None:
    (corpus / "long.txt").write_text("\n\n".join(f"Paragraph {n}. " + "word " * 180 for n in range(30)))
    run(corpus, embedder=OtherEmbedder())
    folder, fake = corpus.parent / INDEX, FakeEmbedder()
    chosen_by: list[int] = []

    def choose(passages: int) -> FakeEmbedder:
        chosen_by.append(passages)
        return fake

    assert "indexed again" in repair(examined(folder), folder, fake, choose, "")[-1]
    with opened(corpus) as index:
        assert chosen_by == [index.counts().passages]
    assert chosen_by[0] >= 32
