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

TOO_LARGE = "urn:qa:problem:file-too-large"
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
    file = reading.one_file(reading.deadline())
    with pytest.raises(IndexBusy, match="service is ending"), file as read:
        read(Path("a.html"), b"<p>A text.")
    ender.join()


def test_only_so_many_files_are_read_at_once(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "_PATIENCE", 0)
    room = service_of(client).reading._room
    taken = [room.acquire(blocking=False) for _ in range(uploads._READERS)]
    assert all(taken)
    kinds = {"html": "<p>A text.", "txt": "A text.", "jsonl": lines("A text.")}
    for kind, text in kinds.items():
        response = upload(client, **{f"a.{kind}": text})
        assert (response.status_code, response.json()["type"]) == (503, "urn:qa:problem:index-busy")
    room.release(len(taken))
    for kind, text in kinds.items():
        assert upload(client, **{f"{kind}.{kind}": text}).status_code == 200
    assert room.acquire(blocking=False)  # it was given back


def test_the_files_of_an_upload_are_read_in_one_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart, "COMMAND", (sys.executable, "-c", HANGS))
    monkeypatch.setattr(uploads, "_READING_SECONDS", 0.5)
    reading = uploads.Reading()
    deadline = reading.deadline()
    with pytest.raises(FileTooLarge, match=r"a.html takes over"), reading.one_file(deadline) as read:
        read(Path("a.html"), b"<p>A text.")
    with pytest.raises(FileTooLarge, match=r"upload fewer at once"), reading.one_file(deadline):
        pass


def test_files_of_every_format_are_read_in_one_time(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "_READING_SECONDS", 0)
    files = {"a.html": "<p>A text.", "b.txt": "A text.", "c.jsonl": lines("A text.")}
    for result in upload(client, **files).json()["results"]:
        assert (result["problem"]["status"], result["problem"]["type"]) == (413, TOO_LARGE)
        assert "upload fewer at once" in result["problem"]["detail"]
    assert held(client) == []


def test_an_upload_of_too_many_passages_is_refused_from_the_document_that_has_them(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other uploads wait while passages are encoded, so that their number bounds the wait."""
    monkeypatch.setattr(uploads, "MAX_PASSAGES", 3)
    paragraph = "The lamp of the tower was lit again in the year of the great storm. " * 13
    upload(client, **{"long.txt": "Short."})
    files = {"a.txt": "A.", "b.jsonl": lines("B.", "C."), "long.txt": paragraph * 3, "small.txt": "S."}
    response = upload(client, **files)
    assert response.status_code == 207
    outcomes = [(one["file"], one["outcome"]) for one in response.json()["results"]]
    assert outcomes[:3] == [("a.txt", "created"), ("b.jsonl", "created"), ("b.jsonl", "created")]
    assert outcomes[3:] == [("long.txt", "error"), ("small.txt", "error")]
    for name, result in zip(("long", "small"), response.json()["results"][3:], strict=True):
        assert (result["problem"]["status"], result["problem"]["type"]) == (413, TOO_LARGE)
        assert f"With '{name}' this upload is over 3 passages" in result["problem"]["detail"]
        assert "'qa ingest'" in result["problem"]["detail"]
    assert held(client) == ["a", "b/B", "b/C", "long"]
    assert client.get("/v1/documents/long").json()["text"] == "Short."
    assert upload(client, **{"small.txt": "S.", **files}).json()["results"][0]["outcome"] == "created"
