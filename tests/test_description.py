"""What /openapi.json says: an example of every body, each true to its schema, and problems that are sent."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from fastapi.testclient import TestClient

from qa.errors import IndexBusy
from qa.keys import new_key
from qa.pipeline import QA
from qa.settings import Settings
from qa_api.app import create_app
from qa_api.description import EXAMPLES
from test_stream import events

PROBLEM = "application/problem+json"
CHINA = "How much did China invest in Belarus?"


@pytest.fixture(scope="module")
def client(settings: Settings, qa: QA, tmp_path_factory: pytest.TempPathFactory) -> TestClient:
    feedback = tmp_path_factory.mktemp("feedback") / "feedback.jsonl"
    return TestClient(create_app(settings.model_copy(update={"feedback": feedback}), qa))


@pytest.fixture(scope="module")
def document(client: TestClient) -> Any:
    return client.get("/openapi.json").json()


def operations(document: Any) -> Iterator[tuple[str, Any]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def bodies(document: Any) -> Iterator[tuple[str, str, Any]]:
    """Every body that is described: where, its media type, and its schema and examples."""
    for name, operation in operations(document):
        for media, content in operation.get("requestBody", {}).get("content", {}).items():
            yield f"{name} request", media, content
        for status, response in operation["responses"].items():
            for media, content in response.get("content", {}).items():
                yield f"{name} {status}", media, content


def check(document: Any, schema: Any, value: Any) -> None:
    jsonschema_rs.validate({**schema, "components": document["components"]}, value)


def test_every_body_has_examples_that_fit_its_schema(document: Any) -> None:
    found = list(bodies(document))
    assert len(found) > 100
    for where, media, content in found:
        assert content.get("examples"), (where, media)
        for example in content["examples"].values():
            if media != "text/event-stream":  # its events have schemas of their own
                check(document, content["schema"], example["value"])


def test_every_parameter_has_an_example(document: Any) -> None:
    parameters = [one for _, operation in operations(document) for one in operation.get("parameters", [])]
    assert len(parameters) == 3
    assert all(one["schema"]["examples"] for one in parameters)


def test_every_error_is_a_problem_of_its_status(document: Any) -> None:
    for name, operation in operations(document):
        for status, response in operation["responses"].items():
            if status < "400":
                continue
            openai = name.split()[1].startswith(("/v1/chat", "/v1/models"))
            (media,) = response["content"]
            assert media == ("application/json" if openai else PROBLEM), (name, status)
            for example in response["content"][media]["examples"].values():
                if not openai:
                    assert example["value"]["status"] == int(status)


def test_chat_completions_documents_what_it_sends(document: Any, client: TestClient) -> None:
    statuses = set(document["paths"]["/v1/chat/completions"]["post"]["responses"])
    assert statuses == {"200", "400", "401", "403", "413", "429", "500", "503"}
    assert client.post("/v1/chat/completions", json={"messages": 1}).status_code == 400
    assert "HTTPValidationError" not in json.dumps(document)


def test_the_data_of_each_event_fits_the_schema_of_its_name(document: Any, client: TestClient) -> None:
    content = document["paths"]["/v1/ask/stream"]["post"]["responses"]["200"]["content"]["text/event-stream"]
    schemas = {
        one["properties"]["event"]["const"]: one["properties"]["data"]["contentSchema"]
        for one in content["itemSchema"]["oneOf"]
    }
    assert set(schemas) == {"evidence", "claim", "answer", "error"}
    sent = client.post("/v1/ask/stream", json={"question": CHINA, "trace": True}).text
    for text in (sent, content["examples"]["events"]["value"]):
        for name, data in events(text):
            check(document, schemas[name], data)
            with pytest.raises(jsonschema_rs.ValidationError):
                check(document, schemas[name], {})


def test_the_chunks_of_a_completion_fit_their_schema(document: Any, client: TestClient) -> None:
    path = document["paths"]["/v1/chat/completions"]["post"]["responses"]["200"]["content"]
    chunk, done = path["text/event-stream"]["itemSchema"]["oneOf"]
    body = EXAMPLES["POST /v1/chat/completions"]["request"]["streamed, with an earlier turn"]
    sent = client.post("/v1/chat/completions", json=body).text
    for text in (sent, path["text/event-stream"]["examples"]["streamed"]["value"]):
        *pieces, last = [line.removeprefix("data: ") for line in text.strip().split("\n\n")]
        assert last == done["properties"]["data"]["const"]
        for piece in pieces:
            check(document, chunk["properties"]["data"]["contentSchema"], json.loads(piece))


@pytest.mark.parametrize("operation", [name for name, bodies in EXAMPLES.items() if "request" in bodies])
def test_the_requests_of_the_examples_are_served(client: TestClient, operation: str) -> None:
    method, path = operation.split()
    for body in EXAMPLES[operation]["request"].values():
        if path != "/v1/documents":  # a form, and it would change the documents of other tests
            assert client.request(method, path, json=body).status_code in {200, 204}


def test_the_answers_of_the_examples_cite_what_the_documents_say(qa: QA) -> None:
    for answer in EXAMPLES["POST /v1/ask"]["200"].values():
        for one in answer["citations"]:
            source = qa.document(one["document_id"])
            assert source.text[one["start"] : one["end"]] == one["quote"]
            assert (source.sha256, source.title) == (one["revision"], one["title"])


def documented(document: Any) -> dict[str, Any]:
    """Every problem that an example shows, by type."""
    shown: dict[str, Any] = {}
    for _, media, content in bodies(document):
        if media == PROBLEM:
            shown |= {one["value"]["type"]: one["value"] for one in content["examples"].values()}
    return shown


def test_each_problem_that_is_documented_is_sent(
    document: Any, settings: Settings, qa: QA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, entry = new_key("alice", read_only=True)

    def service(**changed: Any) -> TestClient:
        options = {name: changed.pop(name) for name in ("only_local",) if name in changed}
        opened = None if "index" in changed else qa
        app = create_app(settings.model_copy(update=changed), opened, **options)
        return TestClient(app, raise_server_exceptions=False)

    plain, keyed = service(), service(api_keys=entry)
    bearer = {"Authorization": f"Bearer {key}"}
    limited = service(rate_limit="1/minute")
    limited.get("/v1/models")
    verdict = {"question": "Why?", "answer": "So.", "verdict": "up"}
    (tmp_path / "file").write_text("")
    sent = [
        keyed.get("/v1/documents"),
        keyed.delete("/v1/documents/x", headers=bearer),
        service(only_local=True).get("/healthz"),
        plain.post("/v1/search", json={"query": "x"}, headers={"Origin": "http://elsewhere.example"}),
        limited.get("/v1/documents"),
        service(max_requests=0).get("/v1/documents"),
        plain.post("/v1/ask", content=b"x" * 6_000_000),
        plain.post("/v1/ask", json={}),
        plain.post("/v1/ask", json={"question": " "}),
        plain.get("/v1/documents/x"),
        plain.delete("/v1/documents/002_dca27c1875aea8af"),
        service(index=tmp_path / "none").get("/v1/documents"),
        service(index=tmp_path / "none", api_keys=entry).get("/readyz"),
        service(feedback=tmp_path / "file" / "x").post("/v1/feedback", json=verdict),
    ]

    def busy(*_: object, **__: object) -> None:
        raise IndexBusy("Another process is writing.")

    def broken(*_: object, **__: object) -> None:
        raise KeyError("x")

    monkeypatch.setattr(qa, "document", busy)
    sent.append(plain.get("/v1/documents/x"))
    monkeypatch.setattr(qa, "document", broken)
    sent.append(plain.get("/v1/documents/x"))
    shown = documented(document)
    for response in sent:
        problem = response.json()
        example = shown.pop(problem["type"])
        assert {**problem, "detail": ""} == {**example, "detail": ""}
        assert response.status_code == problem["status"]
    assert not shown
