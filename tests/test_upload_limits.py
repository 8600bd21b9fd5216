"""What one upload may hold and take, and what becomes of it when the service ends."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from qa import models
from qa.documents import apart
from qa.errors import FileTooLarge, IndexBusy
from qa.settings import Settings
from qa.storage.index import Index
from qa.sync import uploads, writing
from qa_api import documents
from qa_api.app import create_app
from qa_api.service import Service
from test_uploads import upload

HANGS = "import sys, time; sys.stdin.readline(); time.sleep(600)"


@pytest.fixture
def client(settings_here: Settings) -> Iterator[TestClient]:
    with TestClient(create_app(settings_here)) as client:
        yield client


def service_of(client: TestClient) -> Service:
    service: Service = client.app.state.service  # type: ignore[attr-defined]
    return service


def lines(*texts: str) -> str:
    return "\n".join(json.dumps({"id": text[:1], "text": text}) for text in texts)


def held(client: TestClient) -> list[str]:
    return [one["id"] for one in client.get("/v1/documents").json() if one["origin"] == "upload"]


def test_an_upload_of_too_many_documents_is_refused() -> None:
    line = b'{"text": "a"}\n'
    assert len(uploads.read_upload("a.jsonl", line * uploads.MAX_DOCUMENTS)) == 1000
    with pytest.raises(FileTooLarge, match=r"a.jsonl brings .* over 1,000 documents; .* 'qa ingest'"):
        uploads.read_upload("a.jsonl", line * 380_000)


def test_the_documents_of_all_files_count(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "MAX_DOCUMENTS", 3)
    response = upload(
        client, **{"a.jsonl": lines("One.", "Two."), "b.jsonl": lines("Three.", "Four."), "c.txt": "Five."}
    )
    outcomes = [(one["file"], one["outcome"]) for one in response.json()["results"]]
    assert outcomes == [
        ("a.jsonl", "created"),
        ("a.jsonl", "created"),
        ("b.jsonl", "error"),
        ("c.txt", "created"),
    ]
    assert response.json()["results"][2]["problem"]["type"] == "urn:qa:problem:file-too-large"
    assert held(client) == ["a/O", "a/T", "c"]


def test_the_documents_of_an_upload_are_written_together_and_the_first_of_an_id_counts(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload(client, **{"a.jsonl": lines("A one.", "B two.")})
    written: list[list[str]] = []
    replace = Index.replace

    def counted(self: Index, entries: Any, *arguments: Any) -> None:
        written.append([entry.document.id for entry in entries])
        replace(self, entries, *arguments)

    monkeypatch.setattr(Index, "replace", counted)
    again = lines("A one.", "C three.", "D four.", "C five.")
    results = upload(client, **{"a.jsonl": again}).json()["results"]
    assert [one["outcome"] for one in results] == ["error", "unchanged", "created", "created"]
    assert [sorted(ids) for ids in written] == [["a/C", "a/D"]]
    assert held(client) == [
        "a/A",
        "a/B",
        "a/C",
        "a/D",
    ]  # a file not all of which is read takes nothing out
    assert client.get("/v1/documents/a/C").json()["text"] == "C three."


def test_what_is_unchanged_is_not_written(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    upload(client, **{"a.txt": "A text."})
    monkeypatch.setattr(Index, "replace", None)
    monkeypatch.setattr(Index, "remove", None)
    assert upload(client, **{"a.txt": "A text."}).json()["results"][0]["outcome"] == "unchanged"


@pytest.mark.fault
def test_an_upload_ends_between_two_chunks_when_the_service_ends(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "_CHUNK_PASSAGES", 1)
    encode = models.OnnxEmbedder.encode
    encoded = []

    def ending(self: Any, texts: Any) -> Any:
        encoded.append(texts)
        if len(encoded) == 2:
            service_of(client).reading.end()
        return encode(self, texts)

    monkeypatch.setattr(models.OnnxEmbedder, "encode", ending)
    response = upload(client, **{"a.jsonl": lines(*"ABCDEFGH")})
    assert (response.status_code, response.json()["type"]) == (503, "urn:qa:problem:index-busy")
    assert "service is ending" in response.json()["detail"]
    assert len(encoded) < 8
    monkeypatch.undo()
    service_of(client).reading.ended.clear()
    assert set(held(client)) < {f"a/{one}" for one in "ABCDEFGH"}
    assert upload(client, **{"a.jsonl": lines(*"ABCDEFGH")}).status_code == 200
    assert len(held(client)) == 8


@pytest.mark.fault
def test_a_file_that_is_read_as_the_service_ends_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart, "COMMAND", (sys.executable, "-c", HANGS))
    reading = uploads.Reading()
    begun = threading.Event()
    start = apart._start

    def started() -> Any:
        begun.set()
        return start()

    monkeypatch.setattr(apart, "_start", started)

    def end() -> None:
        begun.wait()
        reading.end()

    ender = threading.Thread(target=end)
    ender.start()
    with pytest.raises(IndexBusy, match="service is ending"):
        reading.of_one()(Path("a.html"), b"<p>A text.")
    ender.join()


def test_only_so_many_files_are_read_at_once(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "_PATIENCE", 0)
    room = service_of(client).reading._room
    taken = [room.acquire(blocking=False) for _ in range(uploads._PROCESSES)]
    assert all(taken)
    response = upload(client, **{"a.html": "<p>A text."})
    assert (response.status_code, response.json()["type"]) == (503, "urn:qa:problem:index-busy")
    assert upload(client, **{"a.txt": "A text."}).status_code == 200
    room.release(len(taken))
    assert upload(client, **{"b.html": "<p>A text."}).status_code == 200
    assert room.acquire(blocking=False)  # it was given back


def test_the_files_of_an_upload_are_read_in_one_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart, "COMMAND", (sys.executable, "-c", HANGS))
    monkeypatch.setattr(uploads, "_READING_SECONDS", 0.5)
    read = uploads.Reading().of_one()
    with pytest.raises(FileTooLarge, match=r"a.html takes over"):
        read(Path("a.html"), b"<p>A text.")
    with pytest.raises(FileTooLarge, match=r"b.html was not read: .* upload fewer at once"):
        read(Path("b.html"), b"<p>A text.")
