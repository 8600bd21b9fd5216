from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient
from starlette.concurrency import run_in_threadpool

from live import serving
from qa.errors import IndexDamaged
from qa.pipeline import QA
from qa.settings import Settings
from qa.types import Step, Waiting
from qa_api.app import create_app

CHINA = "How much did China invest in Belarus, and in how many projects?"


@pytest.fixture(scope="module")
def client(settings: Settings, qa: QA) -> TestClient:
    return TestClient(create_app(settings, qa), raise_server_exceptions=False)


def events(text: str) -> list[tuple[str, Any]]:
    found = []
    for block in text.strip().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.split("\n") if not line.startswith(":"))
        found.append((fields["event"], json.loads(fields["data"])))
    return found


def without_timings(body: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in body.items() if key != "timings_ms"}


def test_a_stream_is_evidence_then_claims_then_the_answer_of_ask(client: TestClient) -> None:
    response = client.post("/v1/ask/stream", json={"question": CHINA})
    assert response.headers["content-type"].startswith("text/event-stream")
    (first, evidence), *claims, (last, answer) = events(response.text)
    assert (first, last) == ("evidence", "answer")
    assert {name for name, _ in claims} == {"claim"}
    asked = client.post("/v1/ask", json={"question": CHINA}).json()
    assert without_timings(answer) == without_timings(asked)
    assert [claim["text"] for _, claim in claims] == [claim["text"] for claim in asked["claims"]]
    assert claims[0][1]["citations"] == [asked["citations"][0]]
    best = evidence["evidence"][0]
    text = client.get(f"/v1/documents/{best['document_id']}").json()["text"]
    assert text[best["start"] : best["end"]] == best["quote"]
    assert best["title"]


@pytest.mark.parametrize(("path", "hops"), [("/v1/ask", 1), ("/v1/ask/stream", 4)])
def test_who_is_shown_the_answer_alone_has_it_from_a_thread_in_one_go(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, path: str, hops: int
) -> None:
    """Each time that a thread is asked for something it waits for its turn with the interpreter."""
    handed = []

    async def run(function: Any, *arguments: Any) -> Any:
        handed.append(function)
        return await run_in_threadpool(function, *arguments)

    monkeypatch.setattr("qa_api.stream.run_in_threadpool", run)
    assert client.post(path, json={"question": CHINA}).status_code == 200
    assert len(handed) == hops


@pytest.mark.parametrize("path", ["/v1/ask", "/v1/ask/stream"])
def test_a_question_that_waits_for_too_long_is_told_to_come_again(
    client: TestClient, qa: QA, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setattr(qa, "_at_once", threading.Semaphore(0))
    monkeypatch.setattr("qa.pipeline._PATIENCE", 0.01)
    refused = client.post(path, json={"question": CHINA})
    assert (refused.status_code, refused.json()["type"]) == (503, "urn:qa:problem:index-busy")
    assert refused.headers["Retry-After"]


def test_a_refusal_streams_the_nearest_evidence_and_no_claim(client: TestClient) -> None:
    found = events(client.post("/v1/ask/stream", json={"question": "What is the capital of Poland?"}).text)
    assert [name for name, _ in found] == ["evidence", "answer"]
    assert found[0][1]["evidence"]
    assert found[1][1]["status"] == "not_found"


def test_what_fails_before_the_first_event_is_an_ordinary_problem(client: TestClient) -> None:
    response = client.post("/v1/ask/stream", json={"question": " "})
    assert (response.status_code, response.json()["type"]) == (422, "urn:qa:problem:question-invalid")


@pytest.mark.parametrize(
    ("failure", "status", "kind"),
    [(RuntimeError("secret detail"), 500, "internal"), (IndexDamaged("It broke."), 503, "index-damaged")],
)
def test_what_fails_later_is_the_last_event(
    failure: Exception,
    status: int,
    kind: str,
    client: TestClient,
    qa: QA,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = qa.steps

    def broken(*arguments: Any, **options: Any) -> Any:
        yield next(whole(*arguments, **options))
        raise failure

    monkeypatch.setattr(qa, "steps", broken)
    response = client.post("/v1/ask/stream", json={"question": CHINA})
    (first, _), (name, problem) = events(response.text)
    assert (first, name) == ("evidence", "error")
    assert (problem["status"], problem["type"]) == (status, f"urn:qa:problem:{kind}")
    assert "secret" not in response.text
    chat = {"model": "qa", "messages": [{"role": "user", "content": CHINA}], "stream": True}
    lines = client.post("/v1/chat/completions", json=chat).text.strip().split("\n\n")
    assert json.loads(lines[-2].removeprefix("data: "))["error"]["code"] == kind.replace("-", "_")
    assert "secret" not in "".join(lines)


@pytest.mark.parametrize("path", ["/v1/ask/stream", "/v1/chat/completions"])
def test_what_fails_while_nothing_was_told_yet_is_an_ordinary_problem(
    path: str, client: TestClient, qa: QA, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where a question is rewritten first, and the index can't be read then."""

    def broken(*arguments: Any, **options: Any) -> Any:
        yield Waiting()
        yield Waiting()
        raise IndexDamaged("It broke.")

    monkeypatch.setattr(qa, "steps", broken)
    chat = {"model": "qa", "messages": [{"role": "user", "content": CHINA}], "stream": True}
    assert client.post(path, json={"question": CHINA} if "ask" in path else chat).status_code == 503


class Slow:
    """A `QA` whose answers wait, after their evidence, until they are allowed to go on."""

    def __init__(self, qa: QA) -> None:
        self._qa = qa
        self.goes_on = threading.Event()
        self.given_up = threading.Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._qa, name)

    def steps(self, *arguments: Any, **options: Any) -> Iterator[Step]:
        steps = self._qa.steps(*arguments, **options)
        try:
            yield next(steps)
            while not self.goes_on.wait(0.01):
                yield Waiting()
            yield from steps
        except GeneratorExit:
            self.given_up.set()
            raise


@pytest.fixture
def slow(qa: QA) -> Iterator[Slow]:
    slow = Slow(qa)
    yield slow
    slow.goes_on.set()


def test_evidence_is_sent_before_the_answer_is_ready(settings: Settings, slow: Slow) -> None:
    with (
        serving(create_app(settings, slow)) as url,  # type: ignore[arg-type]
        httpx.stream("POST", url + "/v1/ask/stream", json={"question": CHINA}, timeout=30) as response,
    ):
        lines = response.iter_lines()
        assert next(lines) == "event: evidence"
        slow.goes_on.set()
        assert "event: answer" in list(lines)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/ask", {"question": CHINA}),
        ("/v1/ask/stream", {"question": CHINA}),
        ("/v1/chat/completions", {"messages": [{"role": "user", "content": CHINA}]}),
        ("/v1/chat/completions", {"messages": [{"role": "user", "content": CHINA}], "stream": True}),
    ],
)
def test_an_answer_that_nobody_waits_for_is_given_up(
    path: str, body: dict[str, Any], settings: Settings, slow: Slow
) -> None:
    with serving(create_app(settings, slow)) as url:  # type: ignore[arg-type]
        with pytest.raises(httpx.ReadTimeout), httpx.stream("POST", url + path, json=body, timeout=1) as told:
            for _ in told.iter_lines():
                pass
        assert slow.given_up.wait(30)
