"""The whole path with a real model behind a real server: SmolLM2-135M shows that everything flows."""

from __future__ import annotations

import json
import select
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx
import pytest
from fastapi.testclient import TestClient

from live import serving
from qa.interfaces import Message
from qa.pipeline import QA
from qa.settings import Settings
from qa.speaking.generator import ChatGenerator
from qa_api.app import create_app
from qa_eval.chain import Chain
from qa_eval.examples import Dataset, Example
from qa_eval.generation import ask_in_turn, own_metrics
from qa_eval.run import evaluate
from qa_eval.scores import figures as figures_of
from test_local_llm import figures
from test_speak import SAID, reply, speaking

CHINA = "How much did China invest in Belarus, and in how many projects?"


@dataclass
class Served:
    """The service, and the language model's server that it asks."""

    url: str
    model_url: str


def generator(model_url: str, timeout: float = 120) -> ChatGenerator:
    return ChatGenerator(base_url=f"{model_url}/v1", model="small", api_key="", timeout=timeout)


@pytest.fixture(scope="module")
def served(settings: Settings, qa: QA, model_url: str) -> Iterator[Served]:
    model = generator(model_url)
    with serving(create_app(settings, QA(qa.index, qa.embedder, model))) as url:
        yield Served(url, model_url)
    model.close()


def test_a_stream_is_evidence_then_claims_then_the_answer(served: Served, qa: QA) -> None:
    body = {"question": CHINA}
    with httpx.stream("POST", served.url + "/v1/ask/stream", json=body, timeout=120) as response:
        lines = list(response.iter_lines())
    names = [line.removeprefix("event: ") for line in lines if line.startswith("event: ")]
    assert (names[0], names[-1]) == ("evidence", "answer")
    data = [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: ")]
    answer = data[-1]
    assert [one["text"] for one in data[1:-1]] == [one["text"] for one in answer["claims"]]
    assert answer["claims"]
    # So small a model often says what is not supported, and is quoted for then.
    assert (answer["generator"], answer["degraded"] is None) in [
        ("small", True),
        ("none", True),
        ("none", False),
    ]
    for one in answer["citations"]:
        assert qa.document(one["document_id"]).text[one["start"] : one["end"]] == one["quote"]
    assert answer["timings_ms"]["generate"] > 0


def test_who_leaves_stops_the_model(served: Served) -> None:
    body = {"question": CHINA}
    with httpx.stream("POST", served.url + "/v1/ask/stream", json=body, timeout=120) as response:
        assert next(response.iter_lines()) == "event: evidence"
        before = figures(served.model_url)["tokens_predicted_total"]
    while figures(served.model_url)["requests_processing"]:
        pass
    assert figures(served.model_url)["tokens_predicted_total"] - before < 30


def test_who_leaves_while_the_question_is_rewritten_stops_the_model(served: Served) -> None:
    history = [
        {"role": "user", "content": "How much did China invest in Belarus?"},
        {"role": "assistant", "content": "China invested $185 million."},
    ]
    body = {"question": "And in how many projects?", "history": history}
    before = figures(served.model_url)["tokens_predicted_total"]
    with leaving(served.url, "/v1/ask", body) as is_answered:
        while not figures(served.model_url)["requests_processing"]:
            assert not is_answered()
    while figures(served.model_url)["requests_processing"]:
        pass
    assert figures(served.model_url)["tokens_predicted_total"] - before < 30


@contextmanager
def leaving(url: str, path: str, body: object) -> Iterator[Callable[[], bool]]:
    """Post and leave without having read anything; gives what tells whether there is something to read."""
    content = json.dumps(body).encode()
    address = httpx.URL(url)
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {address.host}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(content)}\r\n\r\n"
    )
    with socket.create_connection((address.host, address.port)) as connection:
        connection.sendall(head.encode() + content)
        yield lambda: bool(select.select([connection], [], [], 0)[0])


def test_who_leaves_while_a_long_prompt_is_read_stops_the_reading(model_url: str) -> None:
    model = generator(model_url)
    before = figures(model_url)
    pieces = model.generate([Message("user", "Cats purr at night. " * 300)], None, 1000)
    assert next(pieces) == ""
    pieces.close()
    model.close()
    while figures(model_url)["requests_processing"]:
        time.sleep(1.5)  # llama.cpp looks for who has left once it had no other request for a second
    assert figures(model_url)["tokens_predicted_total"] == before["tokens_predicted_total"]


def test_a_model_that_is_too_slow_leaves_the_quotes(settings: Settings, qa: QA, model_url: str) -> None:
    hasty = generator(model_url, timeout=0.001)
    with serving(create_app(settings, QA(qa.index, qa.embedder, hasty))) as url:
        answer = httpx.post(url + "/v1/ask", json={"question": CHINA}, timeout=120).json()
    hasty.close()
    assert (answer["generator"], answer["status"]) == ("none", "answered")
    assert answer["degraded"] == "The language model is away or too slow."
    assert answer["claims"][0]["text"] == qa.ask(CHINA).claims[0].text


def test_the_plain_chain_over_the_same_model_is_measured_too(qa: QA, model_url: str) -> None:
    model = generator(model_url)
    examples = (Example("china", CHINA, answerable=True, answers=("$185 million",)),)
    ways = ask_in_turn({"chain": Chain(qa, model, time.perf_counter)}, examples, qa, lambda done, total: None)
    results = evaluate(Dataset("one", examples), ways["chain"]).results
    model.close()
    found = figures_of(results, own_metrics(qa.embedder), rounds=10)
    assert 0 < found["first_sentence_p50_s"].value <= found["whole_answer_p50_s"].value
    assert results[0].reply.refused or results[0].reply.text


def test_over_http_the_generator_can_be_left_out(settings: Settings, qa: QA) -> None:
    own, _ = speaking(qa, reply((SAID, [1])))
    client = TestClient(create_app(settings, own))
    quoted = client.post("/v1/ask", json={"question": CHINA, "generator": "none"}).json()
    assert (quoted["generator"], quoted["degraded"]) == ("none", None)
    worded = client.post("/v1/ask", json={"question": CHINA}).json()
    assert (worded["answer"], worded["generator"]) == (f"{SAID} [1]", "fake")
