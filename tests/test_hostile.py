"""What is made to do harm takes bounded time and memory, is told clearly, and stays in the index."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

import files
from peaks import at_most
from qa.build import run_ingest
from qa.documents.apart import ReadingProcess
from qa.documents.load import documents_of, load, load_lines, parse
from qa.errors import FileTooLarge, LoadError
from qa.interfaces import Encoding
from qa.models import OnnxEmbedder
from qa.settings import Settings
from qa.types import Document
from qa_api.app import create_app
from qa_api.schemas import MAX_HISTORY

pytestmark = pytest.mark.fault
LAMP = "The lighthouse of Ulm was built in 1911."


def outcome(name: str, content: bytes) -> str:
    """The text that is read, as the service reads it, or the name of the error."""
    with ReadingProcess() as process:
        try:
            return parse(Path(name), content, "id", name, {}, process.read)[0].text
        except LoadError as error:
            return type(error).__name__ if name in str(error) else f"an error without a name: {error}"


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("pages.pdf", files.looping_pdf("pages"), {"FileDamaged"}),
        ("count.pdf", files.looping_pdf("count"), {"FileTooLarge"}),
        ("form.pdf", files.looping_pdf("form"), {"FileDamaged", "FileTooLarge", "Some words."}),
        ("trailer.pdf", files.looping_pdf("trailer"), {"Some words."}),
        ("lying.docx", files.lying_docx(), {"FileDamaged"}),
        (
            "deep.docx",
            files.with_body(files.word("x"), "<w:tbl>" * 3000 + "</w:tbl>" * 3000),
            {"FileDamaged"},
        ),
        (
            "entity.docx",
            files.with_body(files.word("x"), "<w:p><w:r><w:t>&x;</w:t></w:r></w:p>"),
            {"FileDamaged"},
        ),
        ("deep.html", b"<div>" * 200_000 + b"text", {"FileDamaged"}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_leads_back_to_itself_or_lies_is_told(name: str, content: bytes, expected: set[str]) -> None:
    assert outcome(name, content) in expected


def test_files_that_are_too_large_are_refused_by_their_size_and_not_read(tmp_path: Path) -> None:
    """Holes of a terabyte: whoever reads one is out of memory."""
    for name in ("a.txt", "a.md", "a.html", "a.pdf", "a.docx"):
        path = tmp_path / name
        path.touch()
        os.truncate(path, 1 << 40)
        with at_most(1_000_000), pytest.raises(FileTooLarge, match=name):
            load(path, "a", name)
    (tmp_path / "b.txt").write_text("Some text.")
    (tmp_path / "b.txt.meta.toml").touch()
    os.truncate(tmp_path / "b.txt.meta.toml", 1 << 40)
    with pytest.raises(FileTooLarge, match="leave out"):
        load(tmp_path / "b.txt", "b", "b.txt")


def test_a_line_of_a_hundred_megabytes_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    with path.open("wb") as file:
        file.write(b'{"id": "one", "text": "First."}\n{"text": "')
        for _ in range(100):
            file.write(b"x" * 1_000_000)
        file.write(b'"}\n{"id": "three", "text": "Third."}\n')
    with at_most(90_000_000):  # a few times the 20 MB that are read of a line at once
        first, second, third = load_lines(path, "a", "a.jsonl")
    assert isinstance(second, FileTooLarge)
    assert "line 2" in str(second)
    assert [one.id for one in (first, third) if isinstance(one, Document)] == ["a/one", "a/three"]
    with at_most(90_000_000), pytest.raises(FileTooLarge):
        list(documents_of(path, "a", "a.jsonl"))


def test_a_link_out_of_the_corpus_and_what_is_no_file_are_told(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("The password is x.")
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "lamp.txt").write_text(LAMP)
    os.mkfifo(tmp_path / "corpus" / "pipe.txt")
    settings = Settings(corpus=tmp_path / "corpus", index=tmp_path / "index")
    assert run_ingest(settings, [settings.corpus]).added == ["lamp"]


@pytest.fixture(scope="module")
def settings_here(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "corpus").mkdir()
    (folder / "corpus" / "lamp.txt").write_text(LAMP)
    settings = Settings(corpus=folder / "corpus", index=folder / "index", feedback=folder / "feedback.jsonl")
    run_ingest(settings, [settings.corpus])
    return settings


@pytest.fixture(scope="module")
def client(settings_here: Settings) -> Iterator[TestClient]:
    with TestClient(create_app(settings_here)) as client:
        yield client


LONG = [
    {"role": ("user", "assistant")[n % 2], "content": f"Why was the lighthouse of Ulm built in {n}? " * 5}
    for n in range(MAX_HISTORY)
]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/ask", {"question": "When was it built?", "history": LONG}),
        ("/v1/ask", {"question": "When was the lighthouse built?", "history": LONG}),
        ("/v1/ask/stream", {"question": "When was it built?", "history": LONG}),
        (
            "/v1/chat/completions",
            {"messages": [*LONG[1:], {"role": "user", "content": "When was it built?"}]},
        ),
        (
            "/v1/ask",
            {"question": "When was it?", "history": [{"role": "user", "content": "The A. " * 700_000}]},
        ),
    ],
)
def test_long_histories_are_answered_with_little_of_them_read(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, path: str, body: dict[str, Any]
) -> None:
    """A step that is quadratic in them would run for minutes."""
    encoded: list[str] = []
    encode = OnnxEmbedder.encode

    def counting(self: OnnxEmbedder, texts: Sequence[str]) -> list[Encoding]:
        encoded.extend(texts)
        return encode(self, texts)

    monkeypatch.setattr(OnnxEmbedder, "encode", counting)
    assert client.post(path, json=body).status_code == 200
    assert encoded
    assert len(encoded) <= 10
    assert sum(map(len, encoded)) <= 2_000


def test_a_turn_too_many_is_refused(client: TestClient) -> None:
    body = {"question": "When?", "history": [*LONG, LONG[0]]}
    refused = client.post("/v1/ask", json=body)
    assert (refused.status_code, "10000" in refused.json()["detail"]) == (422, True)


@pytest.mark.parametrize(
    "body", [b"[" * 4_900_000, b'{"a":' * 900_000, b'{"question": ' + b"9" * 4_000_000 + b"}"]
)
def test_deep_and_long_json_is_a_problem(client: TestClient, body: bytes) -> None:
    assert client.post("/v1/ask", content=body).status_code == 422


@pytest.mark.parametrize(
    "text", ["The tower \u202eof Ulm\u202c is \u2066161\u2069 metres high.", "The\u0085tower\u2028of Ulm."]
)
def test_text_that_turns_or_breaks_lines_is_quoted_as_it_is(client: TestClient, text: str) -> None:
    client.post("/v1/documents", files=[("files", ("tower.txt", text.encode()))])
    found = client.post("/v1/search", json={"query": "How high is the tower of Ulm?"}).json()["passages"]
    (hit,) = [one for one in found if one["document_id"] == "tower"]
    assert text[hit["start"] : hit["end"]] == hit["text"]
    assert client.delete("/v1/documents/tower").status_code == 204


ESCAPES = (
    "../../etc/passwd",
    "..%2f..%2fetc%2fpasswd",
    "%2e%2e/%2e%2e/pyproject.toml",
    "....//x",
    "/etc/passwd",
    "\\etc",
)


@pytest.mark.parametrize("path", ["/v1/documents/", "/", "/docs/", "/v1/models/"])
def test_no_path_leads_to_another_file(client: TestClient, path: str) -> None:
    for escape in ESCAPES:
        response = client.get(path + escape)
        assert response.status_code == 404, (path, escape)
        assert "root:" not in response.text


def test_uploads_write_nothing_outside_the_index(
    client: TestClient, settings_here: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    folder = settings_here.corpus.parent
    before = outside(settings_here)
    names = (
        *ESCAPES,
        "CON",
        "aux.txt",
        "a.txt",
        "../a.txt",
        "/abs.md",
        "C:\\b.txt",
        "~/c.txt",
        "d.txt\n",
        "\0.txt",
        "x" * 300,
    )
    for name in names:
        for suffix, content in (
            ("", b"Text."),
            (".docx", files.word("Text.")),
            (".pdf", files.pdf(["Text."])),
        ):
            beside = (name + suffix + ".meta.toml", b'title = "../x"')
            upload = [("files", (name + suffix, content)), ("files", beside)]
            assert client.post("/v1/documents", files=upload).status_code in {200, 207, 422}
    assert outside(settings_here) == before
    assert list(tmp_path.iterdir()) == []
    assert {path.name for path in folder.iterdir()} == {"corpus", "index"}


def outside(settings: Settings) -> dict[Path, bytes]:
    """Every file of the test's folders but the index, with its content."""
    paths = settings.corpus.parent.rglob("*")
    return {
        path: path.read_bytes() for path in paths if path.is_file() and settings.index not in path.parents
    }
