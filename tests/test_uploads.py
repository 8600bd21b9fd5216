from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from filelock import FileLock

import files
from qa.build import build_qa, run_ingest
from qa.settings import Settings
from qa_api.app import create_app

LAMP = "The lighthouse was built in 1911. It is 40 metres high."


@pytest.fixture(scope="module")
def settings_here(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("uploads")
    (folder / "corpus").mkdir()
    (folder / "corpus" / "lamp.txt").write_text(LAMP)
    settings = Settings(
        corpus=folder / "corpus", index=folder / "index", upload_max_bytes=2_000, upload_max_files=3
    )
    run_ingest(settings, [settings.corpus])
    return settings


@pytest.fixture(scope="module")
def opened(settings_here: Settings) -> Iterator[TestClient]:
    with TestClient(create_app(settings_here)) as client:
        yield client


@pytest.fixture
def client(opened: TestClient) -> Iterator[TestClient]:
    """The service, which holds no upload."""
    yield opened
    for document in opened.get("/v1/documents").json():
        if document["origin"] == "upload":
            opened.delete(f"/v1/documents/{document['id']}")


def upload(client: TestClient, **files: Any) -> Any:
    return client.post("/v1/documents", files=[("files", (name, text)) for name, text in files.items()])


def ask(client: TestClient, question: str) -> Any:
    return client.post("/v1/ask", json={"question": question}).json()


def test_an_upload_answers_at_once_and_no_longer_when_deleted(client: TestClient) -> None:
    question = "When was the bridge of Ulm opened?"
    assert ask(client, question)["status"] == "not_found"
    response = upload(client, **{"bridge.md": "# A bridge\n\nThe bridge of Ulm was opened in 1832."})
    assert response.status_code == 200
    (result,) = response.json()["results"]
    assert (result["outcome"], result["document"]["origin"]) == ("created", "upload")
    assert result["document"]["title"] == "A bridge"
    citation = ask(client, question)["citations"][0]
    assert (citation["document_id"], citation["quote"]) == ("bridge", "The bridge of Ulm was opened in 1832.")
    assert client.delete("/v1/documents/bridge").status_code == 204
    assert ask(client, question)["status"] == "not_found"
    assert client.delete("/v1/documents/bridge").status_code == 404


def test_the_same_name_replaces_and_the_same_text_changes_nothing(client: TestClient) -> None:
    for text, outcome in (("It opened in 1832.", "created"), ("It opened in 1833.", "replaced")):
        assert upload(client, **{"bridge.txt": text}).json()["results"][0]["outcome"] == outcome
    assert upload(client, **{"bridge.txt": text}).json()["results"][0]["outcome"] == "unchanged"
    assert client.get("/v1/documents/bridge").json()["text"] == "It opened in 1833."


def test_each_file_has_a_result_of_its_own(client: TestClient) -> None:
    response = upload(client, **{"good.txt": "All is well.", "bad.xyz": "%PDF", "latin.txt": b"caf\xe9"})
    assert response.status_code == 207
    good, bad, latin = response.json()["results"]
    assert good["outcome"] == "created"
    assert bad["problem"]["type"] == "urn:qa:problem:format-unknown"
    assert latin["problem"]["type"] == "urn:qa:problem:file-not-text"
    assert [one["id"] for one in client.get("/v1/documents").json()] == ["good", "lamp"]


def test_a_metadata_file_tells_title_and_date(client: TestClient) -> None:
    response = upload(
        client,
        **{"b.txt": "It opened.", "b.txt.meta.toml": 'title = "The bridge"\npublished = "1832-05"'},
    )
    (result,) = response.json()["results"]
    assert result["document"]["title"] == "The bridge"
    assert result["document"]["published"] == "1832-05"
    assert upload(client, **{"c.txt.meta.toml": 'title = "C"'}).status_code == 207


def test_a_pdf_is_cited_with_its_page(client: TestClient) -> None:
    content = files.pdf(["A report."], ["The bridge of Ulm was opened in 1832."])
    assert upload(client, **{"bridge.pdf": content}).status_code == 200
    citation = ask(client, "When was the bridge of Ulm opened?")["citations"][0]
    assert (citation["document_id"], citation["page"]) == ("bridge", 2)
    assert ask(client, "When was the lighthouse built?")["citations"][0]["page"] is None
    (result,) = upload(client, **{"bridge.pdf": files.scanned_pdf()}).json()["results"]
    assert (result["problem"]["type"], result["problem"]["status"]) == ("urn:qa:problem:file-scanned", 422)
    assert "1832" in ask(client, "When was the bridge of Ulm opened?")["answer"]


def test_json_lines_are_a_document_each(client: TestClient) -> None:
    def lines(*rows: str) -> Any:
        return upload(client, **{"faq.jsonl": "\n".join(rows)})

    one, two = '{"id": "a", "text": "It opened in 1832."}', '{"id": "b", "text": "It is long."}'
    results = lines(one, two).json()["results"]
    assert [(one["file"], one["document"]["id"]) for one in results] == [
        ("faq.jsonl", "faq/a"),
        ("faq.jsonl", "faq/b"),
    ]
    response = lines(one, "{broken")
    assert response.status_code == 207
    assert sorted(one["outcome"] for one in response.json()["results"]) == ["error", "unchanged"]
    assert [one["id"] for one in client.get("/v1/documents").json()] == ["faq/a", "faq/b", "lamp"]
    response = lines(two, two.replace("long", "short"))
    assert sorted(one["outcome"] for one in response.json()["results"]) == ["error", "unchanged"]
    assert "line 2: the id 'b' is that of line 1" in response.text
    lines(two.replace("long", "short"))
    assert [one["id"] for one in client.get("/v1/documents").json()] == ["faq/b", "lamp"]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("CON.txt", "name-invalid"),
        (".hidden.txt", "name-invalid"),
        ("a?b.txt", "name-invalid"),
        ("x" * 300 + ".txt", "name-invalid"),
        ("..", "name-invalid"),
        ("a\x7fb.txt", "name-invalid"),
        ("a\u0085b.txt", "name-invalid"),
        ("a\u2028b.txt", "name-invalid"),
        ("lamp.txt", "name-taken"),
        ("lamp.md", "name-taken"),
    ],
)
def test_names_that_are_refused(client: TestClient, name: str, kind: str) -> None:
    (result,) = upload(client, **{name: "Some text."}).json()["results"]
    assert result["problem"]["type"] == f"urn:qa:problem:{kind}"
    assert result["problem"]["status"] == (409 if kind == "name-taken" else 422)


@pytest.mark.parametrize("mark", [*range(0x202A, 0x202F), *range(0x2066, 0x206A)])
def test_names_that_turn_the_direction_of_reading_are_refused(client: TestClient, mark: int) -> None:
    name = f"ann{chr(mark)}txt.exe.txt"
    (result,) = upload(client, **{name: "Some text."}).json()["results"]
    assert result["problem"]["type"] == "urn:qa:problem:name-invalid"
    assert "direction of reading; rename the file." in result["problem"]["detail"]
    assert chr(mark) not in result["problem"]["detail"]


def test_names_in_any_script_are_taken(client: TestClient) -> None:
    for name in ("מגדלור.txt", "منارة.txt", "می\u200cخواهم.txt", "灯台 👩\u200d🚀.txt"):
        assert upload(client, **{name: "Some text."}).status_code == 200, name
        client.delete(f"/v1/documents/{name.removesuffix('.txt')}")


@pytest.mark.parametrize("name", ["../../etc/bridge.txt", "C:\\temp\\bridge.txt", "/bridge.txt"])
def test_a_name_loses_its_folders(client: TestClient, name: str, settings_here: Settings) -> None:
    (result,) = upload(client, **{name: "Some text."}).json()["results"]
    assert result["document"]["id"] == "bridge"
    assert [path.name for path in settings_here.corpus.iterdir() if path.stem == "bridge"] == []


def test_two_types_of_one_name_are_two_files(client: TestClient) -> None:
    assert upload(client, **{"a.txt": "One."}).status_code == 200
    (result,) = upload(client, **{"a.md": "Another."}).json()["results"]
    assert result["problem"]["type"] == "urn:qa:problem:name-taken"


def test_limits(client: TestClient) -> None:
    (result,) = upload(client, **{"long.txt": "x" * 2001}).json()["results"]
    assert result["problem"]["status"] == 413
    assert upload(client, **{f"{i}.txt": "x" for i in range(4)}).status_code == 422
    assert client.post("/v1/documents").status_code == 422
    response = upload(client, **{"huge.txt": "x" * 200_000})
    assert (response.status_code, response.json()["type"]) == (413, "urn:qa:problem:body-too-large")


def test_a_document_of_the_corpus_is_kept(client: TestClient) -> None:
    response = client.delete("/v1/documents/lamp")
    assert (response.status_code, response.json()["type"]) == (409, "urn:qa:problem:document-kept")
    assert "corpus folder" in response.json()["detail"]


def test_the_id_of_a_document_whose_file_is_gone_is_free_once_that_is_deleted(
    client: TestClient, settings_here: Settings
) -> None:
    file = settings_here.corpus / "gate.txt"
    file.write_text("The gate of Ulm is green.")
    run_ingest(settings_here, [settings_here.corpus])

    def result() -> Any:
        return upload(client, **{"gate.md": "The gate of Ulm is red."}).json()["results"][0]

    assert result()["problem"]["detail"].endswith("from the corpus folder; rename the file.")
    file.unlink()
    assert "whose file is gone; delete that document first" in result()["problem"]["detail"]
    assert client.delete("/v1/documents/gate").status_code == 204
    assert result()["outcome"] == "created"


def test_uploads_stay_when_the_corpus_is_read_again(client: TestClient, settings_here: Settings) -> None:
    upload(client, **{"bridge.txt": "The bridge of Ulm was opened in 1832."})
    (settings_here.corpus / "new.txt").write_text("The tower of Ulm is 161 metres high.")
    report = run_ingest(settings_here, [settings_here.corpus])
    assert (report.added, report.removed, report.changed) == (["new"], [], [])
    assert "161" in ask(client, "How high is the tower of Ulm?")["answer"]
    assert "1832" in ask(client, "When was the bridge of Ulm opened?")["answer"]


def test_while_another_process_writes_an_upload_is_asked_to_wait(
    client: TestClient, settings_here: Settings
) -> None:
    with FileLock(settings_here.index / ".lock"):
        response = upload(client, **{"bridge.txt": "Some text."})
        assert client.delete("/v1/documents/bridge").status_code == 503
        assert "1911" in ask(client, "When was the lighthouse built?")["answer"]
    assert (response.status_code, response.json()["type"]) == (503, "urn:qa:problem:index-busy")
    assert int(response.headers["retry-after"]) >= 1
    assert upload(client, **{"bridge.txt": "Some text."}).status_code == 200


def test_the_first_upload_makes_the_index(tmp_path: Path) -> None:
    with TestClient(create_app(Settings(index=tmp_path / "index"))) as client:
        assert client.get("/readyz").status_code == 503
        assert upload(client, **{"lamp.txt": LAMP}).status_code == 200
        assert "1911" in ask(client, "When was the lighthouse built?")["answer"]
        assert client.delete("/v1/documents/lamp").status_code == 204
        # Nothing is left to answer from, which is not the same as documents that do not say.
        assert ask(client, "When was the lighthouse built?")["status"] == 503
        assert client.get("/readyz").status_code == 503
        assert upload(client, **{"lamp.txt": LAMP}).status_code == 200


def test_asks_go_on_while_documents_come_and_go(client: TestClient) -> None:
    stop = threading.Event()

    def keep_asking(_: int) -> int:
        asked = 0
        while not stop.is_set():
            assert "1911" in ask(client, "When was the lighthouse built?")["answer"]
            asked += 1
        return asked

    with ThreadPoolExecutor(3) as pool:
        asking = [pool.submit(keep_asking, i) for i in range(3)]
        try:
            for year in range(1820, 1832):
                text = f"The bridge of Ulm was opened in {year}."
                assert upload(client, **{"bridge.txt": text}).status_code == 200
                assert str(year) in ask(client, "When was the bridge of Ulm opened?")["answer"]
                assert client.delete("/v1/documents/bridge").status_code == 204
                assert ask(client, "When was the bridge of Ulm opened?")["status"] == "not_found"
        finally:
            stop.set()
        assert all(one.result() for one in asking)


def test_uploads_at_the_same_time_wait_for_each_other(client: TestClient) -> None:
    names = [f"{letter}.txt" for letter in "abcdef"]
    with ThreadPoolExecutor(6) as pool:
        done = list(pool.map(lambda name: upload(client, **{name: f"This is {name}."}), names))
    assert [one.status_code for one in done] == [200] * 6
    assert len(client.get("/v1/documents").json()) >= 7


def test_an_upload_after_another_process_has_written_loses_nothing(
    client: TestClient, settings_here: Settings
) -> None:
    import subprocess
    import sys

    assert "1911" in ask(client, "When was the lighthouse built?")["answer"]
    (settings_here.corpus / "tower.txt").write_text("The tower of Ulm is 161 metres high.")
    environment = {"QA_CORPUS": str(settings_here.corpus), "QA_INDEX": str(settings_here.index)}
    command = [str(Path(sys.executable).parent / "qa"), "ingest"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    upload(client, **{"bridge.txt": "The bridge of Ulm was opened in 1832."})
    assert "161" in ask(client, "How high is the tower of Ulm?")["answer"]
    again = build_qa(settings_here)
    assert "161" in again.ask("How high is the tower of Ulm?").text
    assert "1832" in again.ask("When was the bridge of Ulm opened?").text
    again.close()
