"""What doctor says of an index that can't be opened or read, and the command."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fakes import FakeEmbedder
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
