"""What becomes of the service as it is installed when its system fails it: signals, clocks, descriptors."""

from __future__ import annotations

import importlib.util
import json
import resource
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from email.utils import parsedate_to_datetime
from functools import partial
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import httpx
import pytest

from llm_server import Log, speaking, streamed
from qa.build import run_doctor
from qa.settings import Settings
from served import Served, served

pytestmark = pytest.mark.fault
ASK = {"question": "When was the lighthouse of Ulm built?"}
DAY = 86_400
DESCRIPTORS = 150


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "lamp.txt").write_text("The lighthouse of Ulm was built in 1911.")
    return tmp_path


def healthy(folder: Path) -> bool:
    settings = Settings(corpus=folder / "corpus", index=folder / "index")
    return run_doctor(settings, lambda name, done, total: None).healthy


def upload(client: httpx.Client, year: int) -> httpx.Response:
    content = f"The bridge of Ulm was opened in {year}.".encode()
    return client.post("/v1/documents", files=[("files", ("bridge.txt", content))])


def events(text: str) -> list[tuple[str, Any]]:
    lines = [line.partition(": ")[2] for line in text.splitlines() if line.startswith(("event: ", "data: "))]
    return [(name, json.loads(data)) for name, data in zip(lines[::2], lines[1::2], strict=True)]


def test_answers_in_work_are_finished_when_the_service_is_told_to_end(folder: Path) -> None:
    asked, goes_on = threading.Semaphore(0), threading.Event()
    whole = streamed(json.dumps({"sentences": []}))

    def once_allowed(handler: BaseHTTPRequestHandler, log: Log) -> None:
        asked.release()
        goes_on.wait()
        whole(handler, log)

    with (
        speaking(once_allowed) as model,
        served(folder, llm_base_url=model.url, llm_model="some") as service,
        ThreadPoolExecutor(3) as pool,
    ):
        paths = ("/v1/ask", "/v1/ask/stream")
        try:
            told = [pool.submit(httpx.post, service.url + path, json=ASK, timeout=60) for path in paths]
            for _ in paths:
                assert asked.acquire(timeout=60)
            ending = pool.submit(service.ended)
            until(lambda: is_closed(service))
            assert not ending.done()
        finally:
            goes_on.set()
        plain, stream = (one.result() for one in told)
        assert "1911" in plain.json()["answer"]
        name, answer = events(stream.text)[-1]
        assert name == "answer"
        assert "1911" in answer["answer"]
        assert ending.result() == 0


def is_closed(service: Served) -> bool:
    try:
        httpx.get(service.url + "/healthz", timeout=60)
    except httpx.TransportError:
        return True
    return False


def test_a_model_that_hangs_in_the_middle_leaves_the_quotes_and_a_service_that_goes_on(folder: Path) -> None:
    hanging = streamed('{"sentences": [{"text": "The light', end=False)
    with (
        speaking(hanging) as model,
        served(folder, llm_base_url=model.url, llm_model="some", llm_timeout="0.5") as service,
        httpx.Client(base_url=service.url, timeout=60) as client,
    ):
        name, answer = events(client.post("/v1/ask/stream", json=ASK).text)[-1]
        assert name == "answer"
        assert "1911" in answer["answer"]
        assert (answer["generator"], bool(answer["degraded"])) == ("none", True)
        assert client.get("/readyz").status_code == 200
        assert client.post("/v1/ask", json={**ASK, "generator": "none"}).json()["degraded"] is None
        assert service.ended() == 0


@pytest.fixture
def clock(tmp_path: Path) -> tuple[dict[str, str], Callable[[int], None]]:
    """Variables of a process whose time of day is a file's, and what sets that off by some seconds."""
    spec = importlib.util.find_spec("libfaketime")
    assert spec is not None
    assert spec.submodule_search_locations
    source = Path(spec.submodule_search_locations[0]) / "vendor" / "libfaketime" / "src"
    stamp = tmp_path / "stamp"

    def set_off(seconds: int) -> None:
        stamp.write_text(f"{seconds:+}s")

    set_off(0)
    return (
        {
            "LD_PRELOAD": str(source / "libfaketime.so.1"),
            "FAKETIME_TIMESTAMP_FILE": str(stamp),
            "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        },
        set_off,
    )


def test_a_clock_that_jumps_harms_nothing(
    folder: Path, clock: tuple[dict[str, str], Callable[[int], None]]
) -> None:
    variables, set_off = clock
    with (
        served(folder, variables=variables, rate_limit="20/second") as service,
        httpx.Client(base_url=service.url, timeout=60) as client,
    ):
        while client.get("/v1/models").status_code == 200:  # until as many are remembered as are allowed
            pass
        for year, jump in enumerate((-DAY, 400 * DAY, -30 * 365 * DAY), start=1831):
            set_off(jump)
            while abs(hours_off(client) - jump / 3600) > 1:
                pass
            done = patiently(partial(upload, client, year))
            assert done.status_code == 200
            assert str(year) in told(client, "When was the bridge of Ulm opened?")
            assert "1911" in told(client, ASK["question"])
            assert client.get("/readyz").status_code == 200
        assert service.ended() == 0
    assert healthy(folder)


def hours_off(client: httpx.Client) -> float:
    """How far the service's time of day is ahead of this process's."""
    date = parsedate_to_datetime(client.get("/healthz").headers["date"])
    return (date.timestamp() - time.time()) / 3600


def told(client: httpx.Client, question: str) -> str:
    return str(patiently(lambda: client.post("/v1/ask", json={"question": question})).json()["answer"])


def patiently(ask: Callable[[], httpx.Response]) -> httpx.Response:
    while (response := ask()).status_code == 429:
        assert float(response.headers["retry-after"]) <= 1
        time.sleep(float(response.headers["retry-after"]))
    return response


def test_out_of_file_descriptors_nothing_is_lost_and_all_goes_on_once_there_are_some(folder: Path) -> None:
    def few() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (DESCRIPTORS, DESCRIPTORS))

    with served(folder, few) as service, ExitStack() as connections:
        client = connections.enter_context(httpx.Client(base_url=service.url, timeout=60))
        assert upload(client, 1831).status_code == 200
        idle = [connections.enter_context(_connection(service)) for _ in range(DESCRIPTORS)]
        until(lambda: len(list(Path(f"/proc/{service.process.pid}/fd").iterdir())) >= DESCRIPTORS)
        for year in (1832, 1833):
            answer = client.post("/v1/ask", json=ASK)
            assert answer.status_code == 503 or "1911" in answer.json()["answer"]
            ready = client.get("/readyz")
            if ready.status_code == 503:
                assert ready.json()["type"].startswith("urn:qa:problem:index-")
                assert ready.json()["detail"]
            else:
                assert (ready.status_code, ready.json()["status"]) == (200, "ready")
            written = upload(client, year)
            assert written.status_code in {200, 503}, written.text
        for one in idle:
            one.close()
        until(lambda: "1911" in client.post("/v1/ask", json=ASK).text)
        until(lambda: upload(client, 1834).status_code == 200)
        assert "1834" in told(client, "When was the bridge of Ulm opened?")
        assert client.get("/readyz").status_code == 200
        assert service.ended() == 0
    assert healthy(folder)


def _connection(service: Served) -> socket.socket:
    return socket.create_connection(("127.0.0.1", int(service.url.rpartition(":")[2])))


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)
