"""The vectors on a Chroma server: a real one, reached over loopback."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from fastapi.testclient import TestClient

from chroma_server import ChromaProcess
from fakes import FakeEmbedder
from indexing import INDEX, INGEST_IN_ANOTHER_PROCESS, OtherEmbedder, answers, examined, found, repaired, run
from live import serving
from qa.build import run_doctor, run_ingest
from qa.errors import IndexDamaged, IndexMissing, IndexStale, IndexUnreachable
from qa.settings import Settings
from qa.storage.index import Index
from qa_api import shared
from qa_api.app import create_app


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChromaProcess]:
    with ChromaProcess(tmp_path_factory.mktemp("chroma")) as process:
        yield process


def opened(corpus: Path, url: str) -> Index:
    return Index.open(corpus.parent / INDEX, FakeEmbedder(), url)


def collections(url: str) -> list[str]:
    found = httpx.get(f"{url}/api/v2/tenants/default_tenant/databases/default_database/collections")
    return [one["name"] for one in found.json()]


def test_an_index_on_a_server_answers_as_one_in_a_folder(corpus: Path, server: ChromaProcess) -> None:
    run(corpus)
    in_folder = answers(corpus)
    shutil.rmtree(corpus.parent / INDEX)
    run(corpus, url=server.url)
    assert not (corpus.parent / INDEX / "chroma").exists()
    assert answers(corpus, server.url) == in_folder
    (corpus / "cats.txt").write_text("Cats hunt mice.")
    (corpus / "dogs.txt").unlink()
    run(corpus, url=server.url)
    with opened(corpus, server.url) as index:
        assert index._vectors.count() == index.counts().passages == 1
    assert examined(corpus.parent / INDEX, server.url).healthy


def test_the_manifest_is_checked_as_in_a_folder(corpus: Path, server: ChromaProcess) -> None:
    with pytest.raises(IndexMissing, match="qa ingest"):
        opened(corpus, server.url)
    run(corpus, embedder=OtherEmbedder(), url=server.url)
    before = set(collections(server.url))
    with pytest.raises(IndexStale, match=r"another.*run 'qa ingest'"):
        opened(corpus, server.url)
    assert sorted(run(corpus, url=server.url).changed) == ["cats", "dogs"]
    with opened(corpus, server.url) as index:
        assert found(index, "Cats purr")[0] == "cats"
    assert len(set(collections(server.url)) - before) == len(before - set(collections(server.url))) == 1


def test_an_index_moves_to_a_server_and_back_without_the_encoder(
    corpus: Path, server: ChromaProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(corpus)
    before = answers(corpus)

    def encode(*_: object) -> None:
        raise AssertionError("the vectors are in SQLite")

    with pytest.raises(IndexDamaged, match="does not hold the vectors"):
        opened(corpus, server.url)
    with monkeypatch.context() as patch:
        patch.setattr(FakeEmbedder, "encode", encode)
        assert sorted(run(corpus, url=server.url).unchanged) == ["cats", "dogs"]
    assert answers(corpus, server.url) == before
    (corpus / "cats.txt").unlink()
    run(corpus, url=server.url)
    assert sorted(run(corpus).unchanged) == ["dogs"]
    with Index.open(corpus.parent / INDEX, FakeEmbedder()) as index:
        assert found(index, "Cats purr") == ["dogs"]


def test_two_indexes_and_a_copy_do_not_meet_on_a_server(corpus: Path, server: ChromaProcess) -> None:
    run(corpus, url=server.url)
    copy = corpus.parent / "copy"
    (copy / "corpus").mkdir(parents=True)
    shutil.copytree(corpus.parent / INDEX, copy / INDEX)
    with pytest.raises(IndexDamaged, match="does not hold the vectors of this index; run 'qa ingest'"):
        opened(copy / "corpus", server.url)
    (copy / "corpus" / "birds.txt").write_text("Birds sing.")
    assert run(copy / "corpus", url=server.url).removed == ["cats", "dogs"]
    with opened(copy / "corpus", server.url) as index:
        assert found(index, "Cats purr") == ["birds"]
    with opened(corpus, server.url) as index:
        assert sorted(found(index, "Cats purr")) == ["cats", "dogs"]


def test_an_open_index_sees_what_another_process_writes(corpus: Path, server: ChromaProcess) -> None:
    run(corpus, url=server.url)
    with opened(corpus, server.url) as index:
        (corpus / "birds.txt").write_text("Birds sing.")
        script = [sys.executable, "-c", INGEST_IN_ANOTHER_PROCESS, str(Path(__file__).parent), str(corpus)]
        subprocess.run([*script, server.url], check=True, timeout=60)
        assert found(index, "Birds sing")[0] == "birds"


@pytest.mark.fault
def test_a_server_that_lost_its_data_is_noticed_and_filled_again(corpus: Path, tmp_path: Path) -> None:
    server = ChromaProcess(tmp_path / "lost")
    with server:
        run(corpus, url=server.url)
        before = answers(corpus, server.url)
    with opened_when_up(corpus, server) as index:
        shutil.rmtree(tmp_path / "lost")
        with server:
            with pytest.raises(IndexDamaged, match="does not hold the vectors"):
                found(index, "Cats purr")
            diagnosis = examined(corpus.parent / INDEX, server.url)
            assert [one.name for one in diagnosis.checks if not one.ok] == ["vectors"]
            assert "Chroma has the stored vectors again." in repaired(corpus.parent / INDEX, server.url)
            assert found(index, "Cats purr")[0] == "cats"  # without opening it again
            assert answers(corpus, server.url) == before


def opened_when_up(corpus: Path, server: ChromaProcess) -> Index:
    with server:
        return opened(corpus, server.url)


@pytest.mark.fault
def test_a_server_that_is_not_there_or_hangs_is_one_sentence(
    corpus: Path, server: ChromaProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(corpus, url=server.url)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(IndexUnreachable, match=r"doesn't answer \(.*refused\); start it"):
            opened(corpus, nobody)
        with pytest.raises(IndexUnreachable, match="start it"):
            run(corpus, url=nobody)
        silent.listen()
        monkeypatch.setattr("qa.storage.chroma._SERVER_SECONDS", httpx.Timeout(0.2))
        with pytest.raises(IndexUnreachable, match="timed out"):
            opened(corpus, nobody)
        diagnosis = examined(corpus.parent / INDEX, nobody)
        (check,) = [one for one in diagnosis.checks if not one.ok]
        assert check.todo == "start it ('chroma run') or correct QA_CHROMA_URL"


@pytest.mark.fault
def test_a_service_outlives_its_chroma_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared, "_BETWEEN_OPENINGS", 0)
    server = ChromaProcess(tmp_path / "chroma")
    settings = Settings(corpus=tmp_path / "corpus", index=tmp_path / INDEX, chroma_url=server.url)
    settings.corpus.mkdir()
    (settings.corpus / "lamp.txt").write_text("The lighthouse of Ulm was built in 1911.")
    question = {"question": "When was the lighthouse built?"}
    bridge = [("files", ("bridge.txt", b"The bridge of Ulm was opened in 1832."))]
    with server:
        run_ingest(settings, [settings.corpus])
    with serving(create_app(settings)) as address, httpx.Client(base_url=address) as client:
        assert client.get("/readyz").status_code == 503
        for _ in range(2):
            with server:
                assert client.get("/readyz").status_code == 200
                assert "1911" in client.post("/v1/ask", json=question).json()["answer"]
            for response in (client.get("/readyz"), client.post("/v1/ask", json=question)):
                assert response.status_code == 503
                assert response.json()["type"] == "urn:qa:problem:index-unreachable"
                assert "retry-after" in response.headers
            assert client.post("/v1/documents", files=bridge).status_code == 503
        with server:
            assert client.post("/v1/documents", files=bridge).status_code == 200
            answer = client.post("/v1/ask", json={"question": "When was the bridge opened?"}).json()
            assert "1832" in answer["answer"]
            assert run_doctor(settings, lambda name, done, total: None).healthy


def test_several_services_answer_from_one_index(tmp_path: Path, server: ChromaProcess) -> None:
    settings = Settings(corpus=tmp_path / "corpus", index=tmp_path / INDEX, chroma_url=server.url)
    settings.corpus.mkdir()
    (settings.corpus / "lamp.txt").write_text("The lighthouse of Ulm was built in 1911.")
    run_ingest(settings, [settings.corpus])
    with TestClient(create_app(settings)) as one, TestClient(create_app(settings)) as other:
        stop = threading.Event()

        def asks() -> list[str]:
            said: list[str] = []
            while not stop.is_set() or not said:
                response = other.post("/v1/ask", json={"question": "When was the lighthouse built?"})
                said.append(response.json().get("answer", response.text))
            return said

        with ThreadPoolExecutor(1) as pool:
            asking = pool.submit(asks)
            try:
                for year in range(1830, 1834):
                    content = f"The bridge of Ulm was opened in {year}.".encode()
                    assert one.post("/v1/documents", files=[("files", ("b.txt", content))]).status_code == 200
                    answer = other.post("/v1/ask", json={"question": "When was the bridge of Ulm opened?"})
                    assert str(year) in answer.json()["answer"]
            finally:
                stop.set()
            assert all("1911" in said for said in asking.result())
