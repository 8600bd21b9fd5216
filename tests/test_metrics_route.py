from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler

import pytest
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families

from llm_server import Log, refusal, speaking
from qa.keys import new_key
from qa.pipeline import QA
from qa.settings import Settings
from qa.speaking.generator import ChatGenerator
from qa_api.app import create_app
from qa_api.log import JsonLines
from qa_api.observe import HEADERS

CHINA = "How much did China invest in Belarus, and in how many projects?"
POLAND = "What is the capital of Poland?"


@pytest.fixture
def client(settings: Settings, qa: QA) -> TestClient:
    return TestClient(create_app(settings, qa), raise_server_exceptions=False)


def samples(client: TestClient) -> dict[tuple[str, frozenset[str]], float]:
    text = client.get("/metrics").text
    return {
        (sample.name, frozenset(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_metrics_count_requests_stages_refusals_and_the_index(client: TestClient, qa: QA) -> None:
    client.post("/v1/ask", json={"question": CHINA})
    client.post("/v1/ask/stream", json={"question": POLAND})
    client.get("/v1/documents/none")
    client.get("/nowhere/1")
    found = samples(client)
    assert found["qa_answers_total", frozenset({"answered"})] == 1
    assert found["qa_answers_total", frozenset({"not_found"})] == 1
    assert found["qa_answers_total", frozenset({"conflict"})] == 0
    assert found["qa_stage_seconds_count", frozenset({"rank"})] == 2
    assert found["qa_index_documents", frozenset()] == 3
    assert found["qa_index_passages", frozenset()] == qa.counts().passages
    assert found["qa_http_requests_total", frozenset({"POST", "/v1/ask", "200"})] == 1
    route = "/v1/documents/{document_id:path}"
    assert found["qa_http_requests_total", frozenset({"GET", route, "404"})] == 1
    assert found["qa_http_requests_total", frozenset({"GET", "other", "404"})] == 1


def test_every_response_has_the_headers_and_an_id(
    client: TestClient, qa: QA, monkeypatch: pytest.MonkeyPatch
) -> None:
    responses = [
        client.get("/"),
        client.get("/docs"),
        client.get("/healthz"),
        client.post("/v1/ask", json={}),
        client.get("/nowhere"),
        client.post("/v1/ask/stream", json={"question": CHINA}),
        client.post("/v1/search", content=b"x" * 6_000_000),
    ]
    assert responses[-1].status_code == 413

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(qa, "steps", broken)
    responses.append(client.post("/v1/ask", json={"question": "Why?"}))
    assert responses[-1].status_code == 500
    for response in responses:
        assert HEADERS.items() <= dict(response.headers).items() or all(
            response.headers[name] == value for name, value in HEADERS.items()
        )
        assert response.headers["x-request-id"]
    assert "'unsafe" not in HEADERS["Content-Security-Policy"]


def test_a_given_request_id_is_kept_if_it_is_one(client: TestClient) -> None:
    given = client.get("/healthz", headers={"X-Request-ID": "abc-1"})
    assert given.headers["x-request-id"] == "abc-1"
    refused = client.get("/healthz", headers={"X-Request-ID": "a b{}"})
    assert len(refused.headers["x-request-id"]) == 32


def test_the_log_tells_routes_and_times_but_no_question(
    client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "qa_api"):
        client.post("/v1/ask", json={"question": CHINA})
    (record,) = [one for one in caplog.records if one.name == "qa_api"]
    line = JsonLines().format(record)
    entry = json.loads(line)
    assert (entry["route"], entry["status"], entry["outcome"]) == ("/v1/ask", 200, "answered")
    assert entry["stages_ms"]["rank"] > 0
    assert entry["request_id"]
    assert "China" not in line
    assert "Lukashenko" not in line


def test_the_log_tells_questions_if_asked_for(
    settings: Settings, qa: QA, caplog: pytest.LogCaptureFixture
) -> None:
    client = TestClient(create_app(settings.model_copy(update={"log_questions": True}), qa))
    with caplog.at_level(logging.INFO, "qa_api"):
        client.post("/v1/ask", json={"question": CHINA})
    assert json.loads(JsonLines().format(caplog.records[-1]))["question"] == CHINA


def test_what_a_language_model_s_server_repeats_as_it_refuses_is_not_logged(
    settings: Settings, qa: QA, caplog: pytest.LogCaptureFixture
) -> None:
    def repeat(handler: BaseHTTPRequestHandler, log: Log) -> None:
        refusal(400, f"{CHINA} {log.requests[-1]['messages']}")(handler, log)

    history = [{"role": "user", "content": CHINA}, {"role": "assistant", "content": "$185 million."}]
    with speaking(repeat) as log:
        model = ChatGenerator(base_url=log.url, model="small", api_key="", timeout=30)
        client = TestClient(create_app(settings, QA(qa.index, qa.embedder, model)))
        with caplog.at_level(logging.INFO):
            for body in ({"question": CHINA}, {"question": "And in how many projects?", "history": history}):
                assert client.post("/v1/ask", json=body).json()["degraded"]
        model.close()
    assert len(log.requests) >= 3
    logged = [JsonLines().format(one) for one in caplog.records]
    assert any(log.url in line and "status 400" in line for line in logged)
    assert not re.findall("China|Lukashenko|projects|185 million", "".join(logged))


def test_a_bug_is_logged_with_its_places_but_not_with_what_it_says(
    client: TestClient, qa: QA, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object, **__: object) -> None:
        try:
            int("a sentence of a document")
        except ValueError as error:
            raise RuntimeError("the question was Why") from error

    monkeypatch.setattr(qa, "steps", broken)
    response = client.post("/v1/ask", json={"question": "Why?"})
    lines = [json.loads(JsonLines().format(one)) for one in caplog.records if one.name == "qa_api"]
    bug = next(line for line in lines if line["event"] == "bug")
    assert bug["request_id"] == response.headers["x-request-id"]
    assert [one["type"] for one in bug["errors"]] == ["builtins.RuntimeError", "builtins.ValueError"]
    for error in bug["errors"]:
        assert re.fullmatch(r".*test_metrics_route\.py:\d+:broken", error["stack"][-1])
    assert any("qa_api" in place for place in bug["errors"][0]["stack"])
    for words in ("the question was", "a sentence of", "invalid literal"):
        assert words not in json.dumps(lines)


def test_of_other_libraries_messages_only_the_place_is_logged() -> None:
    try:
        raise ExceptionGroup("a sentence", [ValueError("of a document")])
    except ExceptionGroup as error:
        record = logging.LogRecord("mcp.server", logging.ERROR, "a.py", 7, "about %r", ("a title",), None)
        record.exc_info = (type(error), error, error.__traceback__)
    line = JsonLines().format(record)
    assert json.loads(line)["place"] == "a.py:7:None"
    kinds = [one["type"] for one in json.loads(line)["errors"]]
    assert kinds == ["builtins.ExceptionGroup", "builtins.ValueError"]
    for words in ("a title", "a sentence", "of a document"):
        assert words not in line


def test_the_log_tells_the_problem_of_a_refusal(client: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "qa_api"):
        client.get("/v1/documents/a-secret-name")
    entry = json.loads(JsonLines().format(caplog.records[-1]))
    assert entry["problem"] == "urn:qa:problem:document-not-found"
    assert "a-secret-name" not in json.dumps(entry)


def _in_pieces() -> Iterator[bytes]:
    """A body whose length nobody announces."""
    for _ in range(6):
        yield b" " * 1_000_000


@pytest.mark.parametrize("path", ["/v1/ask", "/mcp", "/v1/chat/completions", "/v1/documents/x"])
@pytest.mark.parametrize("announced", [True, False])
def test_what_is_too_long_is_a_problem_and_counted_under_its_route(
    settings: Settings, qa: QA, path: str, announced: bool
) -> None:
    with TestClient(create_app(settings, qa)) as client:
        body = b" " * 6_000_000 if announced else _in_pieces()
        headers = {"content-type": "application/json", "accept": "application/json, text/event-stream"}
        response = client.post(path, content=body, headers=headers)
        counted = samples(client)
    if path == "/v1/documents/x" and not announced:  # no such method, so nothing is read
        assert response.status_code == 405
        return
    assert response.status_code == 413
    if path.startswith("/v1/chat"):
        assert response.json()["error"]["code"] == "body_too_large"
    elif path == "/mcp":
        assert response.json()["error"]["data"]["type"] == "urn:qa:problem:body-too-large"
    else:
        assert response.json()["type"] == "urn:qa:problem:body-too-large"
        assert response.headers["content-type"] == "application/problem+json"
    route = path.replace("/x", "/{document_id:path}")
    assert counted["qa_http_requests_total", frozenset({"POST", route, "413"})] == 1


def test_who_is_refused_is_counted_under_the_route(settings: Settings, qa: QA) -> None:
    key, entry = new_key("alice", read_only=True)
    client = TestClient(create_app(settings.model_copy(update={"api_keys": entry}), qa))
    assert client.get("/v1/documents/x").status_code == 401
    client.headers["Authorization"] = f"Bearer {key}"
    route = "/v1/documents/{document_id:path}"
    assert samples(client)["qa_http_requests_total", frozenset({"GET", route, "401"})] == 1
