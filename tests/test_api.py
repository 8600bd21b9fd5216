from __future__ import annotations

import json
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from qa.pipeline import MAX_QUESTION_CHARS, QA
from qa.settings import Settings
from qa_api import shared
from qa_api.app import create_app
from qa_api.schemas import MAX_HISTORY

TURN = {"role": "user", "content": "Hello"}
CHINA = "How much did China invest in Belarus, and in how many projects?"


@pytest.fixture(scope="module")
def client(settings: Settings, qa: QA) -> TestClient:
    # Without the lifespan: closing the app would close the index that other tests read.
    return TestClient(create_app(settings, qa), raise_server_exceptions=False)


def test_ask_answers_with_quotes_that_are_the_stored_text(client: TestClient) -> None:
    body = client.post("/v1/ask", json={"question": CHINA}).json()
    assert body["status"] == "answered"
    assert "$185 million" in body["answer"]
    assert "twelve" in body["answer"]
    assert "[1]" in body["answer"]
    citation = body["citations"][0]
    assert citation["document_id"] == "002_dca27c1875aea8af"
    assert citation["published"] == "2019-12"
    assert citation["verified"] is True
    document = client.get(f"/v1/documents/{citation['document_id']}").json()
    assert document["text"][citation["start"] : citation["end"]] == citation["quote"]
    assert document["revision"] == citation["revision"]
    assert body["claims"][0] == {"text": citation["quote"], "citations": [1]}
    assert {"retrieve", "rank", "compose", "verify", "total"} <= body["timings_ms"].keys()
    assert "trace" not in body


def test_a_trace_has_ten_passages_and_sentences_in_ranked_order_even_without_an_answer(
    client: TestClient,
) -> None:
    for question in (CHINA, "What is the capital of Poland?"):
        trace = client.post("/v1/ask", json={"question": question, "trace": True}).json()["trace"]
        for ranked in (trace["passages"], trace["evidence"]):
            assert len(ranked) >= 10
            scores = [one["score"] for one in ranked]
            assert scores == sorted(scores, reverse=True)
        assert all(one["quote"] for one in trace["evidence"])


def test_what_the_documents_do_not_say_is_not_found_and_cites_nothing(client: TestClient) -> None:
    body = client.post("/v1/ask", json={"question": "What is the capital of Poland?"}).json()
    assert body["status"] == "not_found"
    assert body["answer"] == "The documents do not say."
    assert (body["claims"], body["citations"], body["disagreement"]) == ([], [], None)
    assert {"retrieve", "rank", "compose", "verify", "total"} <= body["timings_ms"].keys()


def test_documents_limit_the_answer(client: TestClient) -> None:
    body = client.post(
        "/v1/ask", json={"question": CHINA, "documents": ["003_dd187c07f51b4d18"], "trace": True}
    ).json()
    assert body["status"] == "not_found"
    assert {one["document_id"] for one in body["trace"]["passages"]} == {"003_dd187c07f51b4d18"}


def test_search_gives_passages_with_spans(client: TestClient) -> None:
    passages = client.post("/v1/search", json={"query": "China investment", "k": 3}).json()["passages"]
    assert len(passages) == 3
    best = passages[0]
    assert best["document_id"] == "002_dca27c1875aea8af"
    text = client.get(f"/v1/documents/{best['document_id']}").json()["text"]
    assert text[best["start"] : best["end"]] == best["text"]


def test_documents_are_listed_without_their_text(client: TestClient) -> None:
    listed = client.get("/v1/documents").json()
    assert [one["id"] for one in listed] == [
        "000_e1c246d16611bd0e",
        "002_dca27c1875aea8af",
        "003_dd187c07f51b4d18",
    ]
    assert all("text" not in one for one in listed)


def test_health_and_readiness(client: TestClient) -> None:
    assert client.get("/healthz").json()["status"] == "ok"
    assert client.get("/readyz").json()["documents"] == 3


@pytest.mark.parametrize(
    ("path", "body", "status", "kind"),
    [
        ("/v1/ask", {"question": "  "}, 422, "question-invalid"),
        ("/v1/ask", {"question": "x" * (MAX_QUESTION_CHARS + 1)}, 422, "question-invalid"),
        ("/v1/ask", {}, 422, "request-invalid"),
        ("/v1/ask", {"question": "Why?", "topk": 3}, 422, "request-invalid"),
        ("/v1/ask", {"question": "Why?", "top_k": 0}, 422, "request-invalid"),
        ("/v1/ask", {"question": "Why?", "top_k": "5"}, 422, "request-invalid"),
        ("/v1/ask", {"question": "Why?", "history": [TURN] * (MAX_HISTORY + 1)}, 422, "request-invalid"),
        ("/v1/search", {"query": ""}, 422, "question-invalid"),
        ("/v1/documents/none", None, 404, "document-not-found"),
        ("/v2/ask", None, 404, "not-found"),
    ],
)
def test_bad_requests_are_problems(
    client: TestClient, path: str, body: dict[str, object] | None, status: int, kind: str
) -> None:
    response = client.get(path) if body is None else client.post(path, json=body)
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert (problem["type"], problem["status"]) == (f"urn:qa:problem:{kind}", status)
    assert problem["detail"]


def test_a_method_that_is_not_there_is_told_which_are(client: TestClient) -> None:
    for path, methods in (
        ("/v1/documents", "GET, POST"),
        ("/v1/documents/x", "DELETE, GET"),
        ("/v1/ask", "POST"),
        ("/", "GET, HEAD"),
    ):
        response = client.request("PATCH", path)
        assert (response.status_code, response.json()["type"]) == (405, "urn:qa:problem:method-not-allowed")
        assert response.headers["allow"] == methods


def test_a_body_that_is_no_json_is_a_problem(client: TestClient) -> None:
    response = client.post("/v1/ask", content=b"{", headers={"content-type": "application/json"})
    assert (response.status_code, response.json()["type"]) == (422, "urn:qa:problem:request-invalid")


def test_without_an_index_every_answer_is_a_503_until_there_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared, "_BETWEEN_OPENINGS", 0)
    client = TestClient(create_app(Settings(index=tmp_path / "none")), raise_server_exceptions=False)
    for response in (
        client.post("/v1/ask", json={"question": "Why?"}),
        client.post("/v1/search", json={"query": "Why?"}),
        client.get("/v1/documents"),
        client.get("/readyz"),
    ):
        assert response.status_code == 503
        assert response.json()["type"] == "urn:qa:problem:index-missing"
        assert "qa ingest" in response.json()["detail"]
    assert client.get("/healthz").status_code == 200
    from qa.build import run_ingest

    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "a.txt").write_text("The lighthouse was built in 1911.")
    mended = Settings(corpus=tmp_path / "corpus", index=tmp_path / "none")
    run_ingest(mended, [mended.corpus])
    body = client.post("/v1/ask", json={"question": "When was the lighthouse built?"}).json()
    assert "1911" in body["answer"]


def test_a_bug_is_a_problem_that_tells_nothing_of_the_inside(
    settings: Settings, qa: QA, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(qa, "steps", broken)
    response = TestClient(create_app(settings, qa), raise_server_exceptions=False).post(
        "/v1/ask", json={"question": "Why?"}
    )
    assert response.status_code == 500
    assert response.headers["content-type"] == "application/problem+json"
    assert "secret" not in response.text


@pytest.mark.parametrize("field", ["content", "model"])
def test_lone_surrogates_are_no_internal_error(client: TestClient, field: str) -> None:
    message = {"role": "user", "content": "\\ud800 Why?" if field == "content" else "Why?"}
    model = "\\ud800" if field == "model" else "any"
    body = json.dumps({"model": model, "messages": [message]}).replace("\\\\u", "\\u")
    for path in ("/v1/chat/completions",):
        response = client.post(path, content=body, headers={"content-type": "application/json"})
        assert response.status_code == 200
