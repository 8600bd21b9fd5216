"""What becomes of a service whose index is damaged, deleted, or can't be written any more."""

from __future__ import annotations

import math
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest
from fastapi.testclient import TestClient
from mcp.server.mcpserver.exceptions import ToolError

from confined import read_only, unmount, without_override
from qa.build import build_embedder, run_doctor, run_ingest, run_repair
from qa.errors import IndexDamaged, IndexUnwritable
from qa.pipeline import QA
from qa.settings import Settings
from qa.types import Step
from qa_api.app import create_app
from qa_api.mcp_server import create_server

pytestmark = pytest.mark.fault
QUESTION = {"question": "When was the lighthouse of Ulm built?"}


@pytest.fixture
def client(settings_here: Settings) -> Iterator[TestClient]:
    with TestClient(create_app(settings_here)) as client:
        assert "1911" in client.post("/v1/ask", json=QUESTION).json()["answer"]
        yield client


def kind(client: TestClient) -> str:
    """The problem of a question, which /readyz has as well; empty where it is answered.

    Then /readyz, which was asked before, may have said what has been mended since.
    """
    ready, answer = client.get("/readyz"), client.post("/v1/ask", json=QUESTION)
    if answer.status_code == 200:
        assert "1911" in answer.json()["answer"]
        return ""
    assert (ready.status_code, answer.status_code) == (503, 503)
    return str(answer.json()["type"]).removeprefix("urn:qa:problem:")


def is_ready(client: TestClient) -> bool:
    """Whether /readyz says so; if not, it says what is wrong."""
    response = client.get("/readyz")
    if response.status_code == 200:
        return bool(response.json()["status"] == "ready")
    assert response.status_code == 503
    assert response.json()["type"].startswith("urn:qa:problem:index-")
    assert response.json()["detail"]
    return False


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_deleted_chroma_folder_comes_back_by_itself(client: TestClient, settings_here: Settings) -> None:
    shutil.rmtree(settings_here.index / "chroma")
    assert client.get("/readyz").json()["type"] == "urn:qa:problem:index-damaged"
    assert kind(client) in {"index-busy", "index-damaged", ""}
    until(lambda: kind(client) == "")
    assert is_ready(client)
    assert run_doctor(settings_here, lambda name, done, total: None).healthy


def test_what_an_assistant_or_a_stream_finds_damaged_comes_back_by_itself(
    client: TestClient, settings_here: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither ends in the handler of errors that other routes share."""
    broken = QA.steps

    def breaking(self: QA, *arguments: Any, **options: Any) -> Iterator[Step]:
        yield next(broken(self, *arguments, **options))
        raise IndexDamaged("It broke.")

    service = client.app.state.service  # type: ignore[attr-defined]
    with monkeypatch.context() as patch:
        patch.setattr(QA, "steps", breaking)
        response = client.post("/v1/ask/stream", json=QUESTION)
    assert "index-damaged" in response.text.rpartition("event: ")[2]
    until(lambda: kind(client) == "")
    assert service._shared._mended_at > 0

    service._shared._mended_at = -math.inf
    shutil.rmtree(settings_here.index / "chroma")
    with pytest.raises(ToolError, match="doctor --repair"):
        anyio.run(create_server(service).call_tool, "ask_question", QUESTION)
    until(lambda: kind(client) == "")
    assert service._shared._mended_at > 0


def test_damaged_chroma_files_are_noticed_when_it_is_opened_and_made_again(
    client: TestClient, settings_here: Settings
) -> None:
    replacement = settings_here.index / "chroma" / "other"
    replacement.write_bytes(b"garbage " * 2000)
    replacement.replace(settings_here.index / "chroma" / "chroma.sqlite3")
    assert client.get("/readyz").json()["type"] == "urn:qa:problem:index-damaged"
    until(lambda: kind(client) == "")


def test_chroma_s_database_damaged_in_place_never_answers_wrongly_and_comes_back_by_itself(
    client: TestClient, settings_here: Settings
) -> None:
    database = settings_here.index / "chroma" / "chroma.sqlite3"
    with database.open("r+b") as file:
        file.write(b"\xff" * database.stat().st_size)
    assert kind(client) in {"index-damaged", "index-busy"}
    until(lambda: kind(client) == "")
    assert is_ready(client)
    assert run_doctor(settings_here, lambda name, done, total: None).healthy


def test_a_deleted_database_says_so_and_is_answered_from_once_it_is_made(
    client: TestClient, settings_here: Settings
) -> None:
    (settings_here.index / "qa.sqlite3").unlink()
    assert kind(client) == "index-missing"
    assert not is_ready(client)
    run_ingest(settings_here, [settings_here.corpus])
    until(lambda: kind(client) == "")
    assert is_ready(client)
    assert client.post("/v1/documents", files=[("files", ("a.txt", b"Text."))]).status_code == 200
    assert run_doctor(settings_here, lambda name, done, total: None).healthy


def test_a_deleted_index_says_so_and_is_answered_from_once_it_is_made(
    client: TestClient, settings_here: Settings
) -> None:
    shutil.rmtree(settings_here.index)
    assert kind(client) == "index-missing"
    assert not is_ready(client)
    run_ingest(settings_here, [settings_here.corpus])
    until(lambda: kind(client) == "")
    assert is_ready(client)


def test_a_damaged_database_never_answers_wrongly_and_is_mended_from_outside(
    client: TestClient, settings_here: Settings
) -> None:
    database = settings_here.index / "qa.sqlite3"
    content = bytearray(database.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    database.write_bytes(content)
    assert kind(client) in {"index-damaged", "index-busy", ""}  # what it has read already it may remember
    assert client.post("/v1/documents", files=[("files", ("a.txt", b"Text."))]).status_code == 503
    until(lambda: kind(client) == "index-damaged")
    assert not is_ready(client)
    diagnosis = run_doctor(settings_here, lambda name, done, total: None)
    assert not diagnosis.healthy
    assert "0 documents could be read" in run_repair(settings_here, diagnosis, lambda *_: None)[0]
    run_ingest(settings_here, [settings_here.corpus])
    until(lambda: kind(client) == "")


def test_a_folder_that_can_t_be_written_is_answered_from_and_says_so(settings_here: Settings) -> None:
    def confined() -> None:
        with TestClient(create_app(settings_here)) as client:
            assert kind(client) == ""
            with read_only(settings_here.index):
                upload = client.post("/v1/documents", files=[("files", ("a.txt", b"Text."))])
                assert upload.status_code == 503
                assert upload.json()["type"] == "urn:qa:problem:index-unwritable"
                assert "can't be written" in upload.json()["detail"]
                assert kind(client) == ""
                assert is_ready(client)  # questions are answered: whoever balances load sends them on
                with pytest.raises(IndexUnwritable, match="can't be written"):
                    run_ingest(settings_here, [settings_here.corpus])
            assert client.post("/v1/documents", files=[("files", ("a.txt", b"Text."))]).status_code == 200

    assert build_embedder().dimension  # loaded with all rights
    without_override(confined)


def test_a_full_disk_loses_nothing(tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    script = [sys.executable, str(Path(__file__).parent / "full_disk.py"), str(tmp_path)]
    try:
        done = subprocess.run(script, env=environment, capture_output=True, text=True, timeout=300)
    finally:
        unmount(tmp_path / "mounted" / "disk")
    assert done.returncode == 0, done.stderr
    # Where nothing may be mounted, both are the limit.
    record_property("full", " and ".join(dict.fromkeys(done.stdout.splitlines())))
