"""What doctor finds of every fault that is put into an index, and what repair makes of it."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from fakes import DIMENSION, FakeEmbedder
from indexing import INDEX, answers, examined, opened, repaired, run
from qa.cli import app
from qa.doctor import vector_check
from qa.doctor.doctor import examine
from qa.doctor.repair import repair
from qa.doctor.vector_check import check_vectors_apart
from qa.errors import IndexMissing, IndexStale, ModelError
from qa.models import verified
from qa.pipeline import QA
from qa.settings import Settings
from qa.storage import vectors
from qa.storage.chroma import ChromaFolder
from qa.storage.packing import pack_vector
from qa.storage.vectors import Vectors

Fault = Callable[[Path], None]


def sql(statement: str, *values: object) -> Fault:
    """A fault put in by SQL, with the triggers and the foreign keys off."""

    def put_in(folder: Path) -> None:
        connection = sqlite3.connect(folder / "qa.sqlite3")
        connection.execute("DROP TRIGGER passages_removed")
        assert connection.execute(statement, values).rowcount != 0
        connection.execute(
            "CREATE TRIGGER passages_removed AFTER DELETE ON passages BEGIN INSERT INTO passages_fts"
            " (passages_fts, rowid, text) VALUES ('delete', old.key, old.text); END"
        )
        connection.commit()
        connection.close()

    return put_in


def in_chroma(change: Callable[[Vectors], None]) -> Fault:
    def put_in(folder: Path) -> None:
        opened = Vectors(ChromaFolder(folder / "chroma"), FakeEmbedder.name)
        change(opened)
        opened.close()

    return put_in


def first_id(of: Vectors) -> str:
    return min(of.ids())


def direction(n: int) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    return np.eye(DIMENSION, dtype=np.float32)[n : n + 1]


def lose_graph(folder: Path) -> None:
    for graph in [one for one in (folder / "chroma").iterdir() if one.is_dir()]:
        shutil.rmtree(graph)


def break_database_of_chroma(folder: Path) -> None:
    (folder / "chroma" / "chroma.sqlite3").write_bytes(b"garbage " * 2000)


def half_save(folder: Path) -> None:
    (folder / ".chroma.lock").write_text("[other files]")


A_VECTOR = "(SELECT key FROM passages WHERE document_id = 'cats')"

FAULTS: dict[str, tuple[Fault, str]] = {
    "text altered": (sql("UPDATE documents SET text = 'Cats roar.' WHERE id = 'cats'"), "documents"),
    "metadata altered": (sql("UPDATE documents SET metadata = '{' WHERE id = 'cats'"), "documents"),
    "passage moved": (sql("UPDATE passages SET start = 1 WHERE document_id = 'cats'"), "passages"),
    "passage altered": (
        sql("UPDATE passages SET text = 'Cats roar.' WHERE document_id = 'cats'"),
        "passages",
    ),
    "passage lost": (sql("DELETE FROM passages WHERE document_id = 'cats'"), "belonging"),
    "document lost": (sql("DELETE FROM documents WHERE id = 'cats'"), "belonging"),
    "token vectors cut": (
        sql("UPDATE passages SET token_vectors = x'00' WHERE document_id = 'cats'"),
        "token vectors",
    ),
    "token out of place": (
        sql(
            "UPDATE passages SET token_spans = ?, token_vectors = ? WHERE document_id = 'cats'",
            np.array([[0, 9999]], np.int32).tobytes(),
            bytes(DIMENSION),
        ),
        "token vectors",
    ),
    "vector lost": (sql(f"DELETE FROM passage_vectors WHERE key IN {A_VECTOR}"), "stored vectors"),
    "vector short": (
        sql(f"UPDATE passage_vectors SET vector = x'00000000' WHERE key IN {A_VECTOR}"),
        "stored vectors",
    ),
    "vector not of length 1": (
        sql(
            f"UPDATE passage_vectors SET vector = ? WHERE key IN {A_VECTOR}",
            pack_vector(np.ones(DIMENSION, np.float32)),
        ),
        "stored vectors",
    ),
    "vector of another text": (
        sql(f"UPDATE passage_vectors SET vector = ? WHERE key IN {A_VECTOR}", pack_vector(direction(0)[0])),
        "encoder",
    ),
    "words lost": (
        sql("INSERT INTO passages_fts (passages_fts) VALUES ('delete-all')"),
        "words",
    ),
    "words of nothing": (
        sql("INSERT INTO passages_fts (rowid, text) VALUES (99, 'ghost')"),
        "words",
    ),
    "manifest of another": (sql("UPDATE documents SET manifest = 'x' WHERE id = 'cats'"), "manifest"),
    "vector of Chroma lost": (in_chroma(lambda held: held.delete([first_id(held)])), "vectors"),
    "vector of Chroma altered": (
        in_chroma(lambda held: held.upsert([first_id(held)], direction(1), ["cats"])),
        "vectors",
    ),
    "vector of Chroma too many": (
        in_chroma(lambda held: held.upsert(["ghost"], direction(2), ["ghost"])),
        "vectors",
    ),
    "Chroma deleted": (lambda folder: shutil.rmtree(folder / "chroma"), "vectors"),
    "graph deleted": (lose_graph, "vectors"),
    "Chroma's database damaged": (break_database_of_chroma, "vectors"),
    "graph half saved": (half_save, "vectors"),
}


@pytest.fixture
def healthy(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of an index, with a graph in files."""
    monkeypatch.setattr(vectors, "HNSW", vectors.HNSW | {"sync_threshold": 2, "batch_size": 2})
    (corpus / "birds.txt").write_text("Birds sing in trees. They build nests.")
    run(corpus)
    return corpus.parent / INDEX


def test_a_healthy_index_is_healthy(healthy: Path) -> None:
    diagnosis = examined(healthy)
    assert diagnosis.healthy
    assert [one for one in diagnosis.checks if one.todo] == []
    assert {fault for _, fault in FAULTS.values()} <= {one.name for one in diagnosis.checks}


@pytest.mark.parametrize("name", FAULTS)
def test_every_fault_is_found_and_mended(healthy: Path, corpus: Path, name: str) -> None:
    put_in, check = FAULTS[name]
    before = answers(corpus)
    put_in(healthy)
    diagnosis = examined(healthy)
    found = {one.name: one for one in diagnosis.checks if not one.ok}
    assert check in found, diagnosis.checks
    assert all(one.todo for one in found.values())
    repaired(healthy)
    assert examined(healthy).healthy
    run(corpus)  # reads again what was altered or lost
    assert examined(healthy).healthy
    assert answers(corpus) == before


def test_an_open_index_counts_words_anew_once_they_are_mended(healthy: Path, corpus: Path) -> None:
    with opened(corpus) as index:
        FAULTS["words lost"][0](healthy)
        assert index.frequencies(["purr"], 9) == [0]
        repaired(healthy)
        with index.snapshot():
            assert index.frequencies(["purr"], 9) == [1]


def test_leftovers_of_a_process_that_was_stopped_are_no_fault(healthy: Path, corpus: Path) -> None:
    with opened(corpus) as index:
        index._store.announce(["cats@later:0-1"])
        index._vectors.upsert(["cats@later:0-1"], direction(3), ["cats"])
    diagnosis = examined(healthy)
    assert diagnosis.healthy
    (line,) = [one.found for one in diagnosis.checks if one.name == "vectors"]
    assert "1 of what is gone or was never finished" in line
    run(corpus)
    (line,) = [one.found for one in examined(healthy).checks if one.name == "vectors"]
    assert "gone" not in line


def test_an_altered_upload_is_named_and_kept(healthy: Path, corpus: Path) -> None:
    sql("UPDATE documents SET text = 'Cats roar.', origin = 'upload' WHERE id = 'cats'")(healthy)
    (sentence, *_) = repaired(healthy)
    assert "'cats' is not what was read" in sentence
    assert "upload again" in sentence
    with opened(corpus) as index:
        assert index.document("cats").text == "Cats roar."
        assert index.document("cats").sha256 == hashlib.sha256(b"Cats roar.").hexdigest()


@pytest.mark.parametrize("garbage", [b"\xff", b"\x00"])
def test_what_can_be_read_of_a_damaged_database_is_saved(tmp_path: Path, garbage: bytes) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for n in range(40):
        (corpus / f"doc{n:02}.txt").write_text(f"This is number {n}. " + f"It is about thing {n}. " * 120)
    run(corpus)
    before = answers(corpus)
    database = tmp_path / INDEX / "qa.sqlite3"
    content = bytearray(database.read_bytes())
    page = next(
        at for at in range(4096, len(content), 4096) if b"It is about thing 20." in content[at : at + 4096]
    )
    content[page : page + 3 * 4096] = garbage * (3 * 4096)
    database.write_bytes(content)
    diagnosis = examined(tmp_path / INDEX)
    assert [one.name for one in diagnosis.checks if not one.ok] == ["database"]
    (sentence, *_) = repaired(tmp_path / INDEX)
    saved = int(sentence.split(" documents")[0].rsplit(" ", 1)[1])
    assert 30 <= saved < 40
    assert (tmp_path / INDEX / "qa.sqlite3.damaged").read_bytes() == bytes(content)
    assert examined(tmp_path / INDEX).healthy
    with opened(corpus) as index:
        assert index.counts().documents == saved
    assert len(run(corpus).added) == 40 - saved
    assert answers(corpus) == before


def test_a_database_of_which_nothing_can_be_read_is_put_aside(healthy: Path, corpus: Path) -> None:
    content = bytearray((healthy / "qa.sqlite3").read_bytes())
    content[100:] = os.urandom(len(content) - 100)
    (healthy / "qa.sqlite3").write_bytes(content)
    assert [one.name for one in examined(healthy).checks] == ["database"]
    fake = FakeEmbedder()
    (sentence,) = repair(examined(healthy), healthy, fake, lambda passages: fake, "")
    assert "0 documents could be read" in sentence
    (check,) = [one for one in examined(healthy).checks if not one.ok]
    assert (check.name, check.todo) == ("documents", "run 'qa ingest'")
    assert sorted(run(corpus).added) == ["birds", "cats", "dogs"]
    assert examined(healthy).healthy


def test_no_index_and_one_of_another_version_are_told_apart(healthy: Path, tmp_path: Path) -> None:
    with pytest.raises(IndexMissing, match="qa ingest"):
        examined(tmp_path / "none")
    connection = sqlite3.connect(healthy / "qa.sqlite3")
    connection.execute(f"PRAGMA application_id = {0x51413033}")
    connection.close()
    with pytest.raises(IndexStale, match="qa ingest"):
        examined(healthy)


def test_an_altered_model_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"other weights")
    with pytest.raises(ModelError, match="not the expected model file"):
        verified(tmp_path / "model.onnx")


def test_a_crash_of_chroma_is_survived(healthy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It happens where the links of its graph lead to nowhere."""
    crash = "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)"
    with monkeypatch.context() as patch:
        patch.setattr(vector_check, "PROGRAM", [sys.executable, "-c", crash])
        diagnosis = examine(healthy, FakeEmbedder(), "", check_vectors_apart)
    (check,) = [one for one in diagnosis.checks if not one.ok]
    assert check.found == f"Chroma crashed as it read the vectors (exit code {-signal.SIGSEGV})"
    fake = FakeEmbedder()
    assert "Chroma has" in repair(diagnosis, healthy, fake, lambda passages: fake, "")[0]
    assert examine(healthy, fake, "", check_vectors_apart).healthy


def test_the_command_looks_and_mends(
    settings: Settings, qa: QA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert qa.counts().documents == 3
    # By another process: to close a file that SQLite has open here would take its locks away (fcntl).
    subprocess.run(["cp", "-r", settings.index, tmp_path / INDEX], check=True)
    monkeypatch.setenv("QA_INDEX", str(tmp_path / INDEX))
    shutil.rmtree(tmp_path / INDEX / "chroma")
    said = CliRunner().invoke(app, ["doctor"])
    assert said.exit_code == 1
    assert "ok    models: " in said.stdout
    assert "WRONG vectors: The vectors in" in said.stdout
    said = CliRunner().invoke(app, ["doctor", "--repair", "--json"])
    assert said.exit_code == 0, said.stdout
    assert json.loads(said.stdout)["healthy"]
    assert json.loads(said.stdout)["repaired"] == ["Chroma has the stored vectors again."]
