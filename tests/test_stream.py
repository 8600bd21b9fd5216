from __future__ import annotations

import json
from typing import Any

import pytest
from fastapi.testclient import TestClient

from qa.pipeline import QA
from qa.settings import Settings
from qa_api import routes, stream
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


def test_a_refusal_streams_the_nearest_evidence_and_no_claim(client: TestClient) -> None:
    found = events(client.post("/v1/ask/stream", json={"question": "What is the capital of Poland?"}).text)
    assert [name for name, _ in found] == ["evidence", "answer"]
    assert found[0][1]["evidence"]
    assert found[1][1]["status"] == "not_found"


def test_what_fails_before_the_first_event_is_an_ordinary_problem(client: TestClient) -> None:
    response = client.post("/v1/ask/stream", json={"question": " "})
    assert (response.status_code, response.json()["type"]) == (422, "urn:qa:problem:question-invalid")


def test_what_fails_later_is_the_last_event(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = stream.answer_events

    def broken(*arguments: Any, **options: Any) -> Any:
        yield next(whole(*arguments, **options))
        raise RuntimeError("secret detail")

    monkeypatch.setattr(routes, "answer_events", broken)
    response = client.post("/v1/ask/stream", json={"question": CHINA})
    (_, _), (name, problem) = events(response.text)
    assert (name, problem["status"], problem["type"]) == ("error", 500, "urn:qa:problem:internal")
    assert "secret" not in response.text
