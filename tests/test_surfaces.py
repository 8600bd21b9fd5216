"""Every way to ask gives the same answer with the same citations."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import openai
import pytest
from fastapi.testclient import TestClient
from mcp import Client

from live import serving
from qa.build import open_to_write
from qa.client import ask_service
from qa.errors import ServiceError
from qa.keys import new_key
from qa.pipeline import QA
from qa.settings import Settings
from qa.types import Document
from qa.uploads import add, read_upload
from qa.wire import wire_answer
from qa_api.app import create_app
from test_stream import events

CHINA = "How much did China invest in Belarus, and in how many projects?"
QUESTIONS = [CHINA, "What is the capital of Poland?", "Who is the president of Belarus?"]


@pytest.fixture(scope="module")
def url(settings: Settings, qa: QA) -> Iterator[str]:
    with serving(create_app(settings, qa)) as address:
        yield address


def command(settings: Settings, *arguments: str, given: str = "", **more: str) -> str:
    environment = {
        **os.environ,
        "QA_CORPUS": str(settings.corpus),
        "QA_INDEX": str(settings.index),
        **{f"QA_{name.upper()}": value for name, value in more.items()},
    }
    result = subprocess.run(
        [str(Path(sys.executable).parent / "qa"), *arguments],
        env=environment,
        capture_output=True,
        text=True,
        input=given,
        timeout=120,
    )
    return result.stdout + result.stderr


def same(body: dict[str, Any]) -> dict[str, Any]:
    """What must not depend on the way the question came."""
    names = ("status", "confidence", "standalone_question", "disagreement")
    citations = [
        {**one, "highlight": one["highlight"] and list(one["highlight"])} for one in body["citations"]
    ]
    return {**{name: body[name] for name in names}, "citations": citations}


def by_mcp(url: str, question: str) -> dict[str, Any]:
    async def call() -> Any:
        async with Client(f"{url}/mcp") as client:
            return (await client.call_tool("ask_question", {"question": question})).structured_content

    answer = anyio.run(call)
    assert isinstance(answer, dict)
    return answer


@pytest.mark.parametrize("question", QUESTIONS)
def test_every_surface_gives_the_same_answer(settings: Settings, qa: QA, url: str, question: str) -> None:
    expected = json.loads(json.dumps(wire_answer(qa.ask(question))))
    http = TestClient(create_app(settings, qa))
    streamed = events(http.post("/v1/ask/stream", json={"question": question}).text)
    bodies = [
        http.post("/v1/ask", json={"question": question}).json(),
        streamed[-1][1],
        by_mcp(url, question),
        json.loads(command(settings, "ask", question, "--json")),
        json.loads(command(settings, "ask", question, "--json", "--url", url)),
    ]
    for body in bodies:
        assert (body["answer"], body["claims"]) == (expected["answer"], expected["claims"])
        assert same(body) == same(expected)
    with openai.OpenAI(base_url=f"{url}/v1", api_key="none") as client:
        messages: Any = [{"role": "user", "content": question}]
        whole = client.chat.completions.create(model="grounded-qa", messages=messages)
        chunks = list(client.chat.completions.create(model="grounded-qa", messages=messages, stream=True))
    assert whole.choices[0].message.content == expected["answer"]
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == expected["answer"]
    for extended in (whole.model_extra, chunks[-1].model_extra):
        assert extended is not None
        assert same(extended) == same(expected)


def test_chat_keeps_what_was_said(settings: Settings, url: str) -> None:
    given = "Who is the president of Belarus?\nHow old is he?\n\n"
    for arguments in (("chat",), ("chat", "--url", url)):
        assert "understood as: How old is the president of Belarus?" in command(
            settings, *arguments, given=given
        )


def test_documents_are_listed_shown_and_deleted(tmp_path: Path) -> None:
    settings = Settings(corpus=tmp_path / "corpus", index=tmp_path / "index")
    text = b"The lighthouse was built in 1911."
    with open_to_write(settings) as (index, embedder):
        for name in ("lamp.txt", "tower.txt"):
            (document,) = read_upload(name, text)
            assert isinstance(document, Document)
            assert add(document, index, embedder) == "created"
    assert "lamp  undated" in command(settings, "documents", "list")
    assert command(settings, "documents", "show", "lamp").strip() == text.decode()
    assert "deleted" in command(settings, "documents", "rm", "lamp")
    assert "no document 'lamp'" in command(settings, "documents", "rm", "lamp")
    assert "lamp" not in command(settings, "documents", "list")


def test_what_is_wrong_with_a_service_is_said(settings: Settings, qa: QA, url: str) -> None:
    with pytest.raises(ServiceError, match="empty"):
        ask_service(url, " ")
    with pytest.raises(ServiceError, match="qa serve"):
        ask_service("http://127.0.0.1:1", "Why?")
    with pytest.raises(ServiceError, match="no address"):
        ask_service("file:///etc/passwd", "Why?")
    key, entry = new_key("alice", read_only=True)
    with serving(create_app(settings.model_copy(update={"api_keys": entry}), qa)) as closed:
        with pytest.raises(ServiceError, match="Bearer"):
            ask_service(closed, CHINA)
        assert ask_service(closed, CHINA, key)["status"] == "answered"
        assert "answered" in command(settings, "ask", CHINA, "--json", "--url", closed, api_key=key)


@pytest.mark.parametrize("query", ["|", "?!", "“”", "\u009b"])
def test_a_query_without_a_word_is_no_error(settings: Settings, qa: QA, query: str) -> None:
    http = TestClient(create_app(settings, qa))
    assert http.post("/v1/search", json={"query": query}).status_code == 200
    assert http.post("/v1/ask", json={"question": query, "documents": []}).json()["status"] == "not_found"
