"""Whatever is sent to /mcp: an answer or an error of JSON-RPC, no 5xx, and no tool that breaks."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from qa.pipeline import QA
from qa.settings import Settings
from qa_api.app import create_app

HEADERS = {"Accept": "application/json, text/event-stream", "Content-Type": "application/json"}
TOOLS = ("ask_question", "search_documents", "list_documents", "get_document")
METHODS = (
    "initialize",
    "ping",
    "tools/list",
    "tools/call",
    "resources/list",
    "resources/read",
    "prompts/get",
    "logging/setLevel",
    "completion/complete",
    "server/discover",
    "notifications/initialized",
    "notifications/cancelled",
)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
ARGUMENTS = st.dictionaries(
    st.sampled_from(["question", "query", "k", "documents", "history", "document_id"]) | st.text(max_size=8),
    ANYTHING | st.integers() | st.lists(st.text(), max_size=3),
    max_size=4,
)
CALLS = st.fixed_dictionaries(
    {"name": st.sampled_from(TOOLS) | ANYTHING, "arguments": ARGUMENTS | ANYTHING},
    optional={"_meta": ANYTHING},
)
REQUESTS = st.fixed_dictionaries(
    {"jsonrpc": st.just("2.0") | ANYTHING, "method": st.sampled_from(METHODS) | ANYTHING},
    optional={"id": st.integers() | ANYTHING, "params": CALLS | ANYTHING},
)
DEEP = '{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": '


@pytest.fixture(scope="module")
def client(settings: Settings, qa: QA) -> Iterator[TestClient]:
    with TestClient(create_app(settings, qa), base_url="http://localhost") as client:
        yield client


def _check(client: TestClient, content: bytes, version: str | None = None) -> None:
    headers = HEADERS | ({"MCP-Protocol-Version": version} if version else {})
    response = client.post("/mcp", content=content, headers=headers)
    assert response.status_code < 500, response.text
    if response.content and response.headers["content-type"].startswith("application/json"):
        assert "Traceback" not in response.text
        told = response.json()
        assert {"result", "error"} & told.keys(), told


@given(message=REQUESTS | st.lists(REQUESTS, max_size=3) | ANYTHING)
@example(message={"jsonrpc": "2.0", "id": 10**4000, "method": "ping"})
@example(message={"jsonrpc": "2.0", "id": "x" * 1_000_000, "method": "ping"})
@example(message={"jsonrpc": "2.0", "id": 1e308, "method": "tools/list", "params": {"cursor": "x"}})
@settings(
    max_examples=300,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
def test_messages_are_answered_or_refused(client: TestClient, message: Any) -> None:
    _check(client, json.dumps(message).encode())


@given(name=st.sampled_from(TOOLS), arguments=ARGUMENTS)
@settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_arguments_of_tools_are_taken_or_refused(
    client: TestClient, caplog: pytest.LogCaptureFixture, name: str, arguments: dict[str, Any]
) -> None:
    call = {"name": name, "arguments": arguments}
    _check(client, json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}).encode())
    assert not [one for one in caplog.records if one.levelno >= logging.ERROR]


@given(content=st.binary(max_size=200))
@example(content=b"")
@example(content=DEEP.encode() + b"[" * 2_000_000)
@example(content=DEEP.encode() + b"[" * 100_000 + b"]" * 100_000 + b"}")
@example(content=DEEP.encode() + b'{"a":' * 100_000 + b"1" + b"}" * 100_001)
@example(content=DEEP.encode() + b"9" * 4_000_000 + b"}")
@example(content=b'{"jsonrpc": "2.0", "id": ' + b"9" * 4_000_000 + b', "method": "ping"}')
@example(content=b'{"jsonrpc": "2.0", "id": 1, "method": "ping\\ud800"}')
@example(content=b'{"jsonrpc": "2.0", "id": NaN, "method": "ping"}')
@settings(max_examples=100, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_bytes_that_are_no_message_are_refused(client: TestClient, content: bytes) -> None:
    _check(client, content)


@given(version=st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=30))
@settings(max_examples=30, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_versions_that_nobody_speaks_are_refused(client: TestClient, version: str) -> None:
    _check(client, b'{"jsonrpc": "2.0", "id": 1, "method": "tools/list"}', version)
