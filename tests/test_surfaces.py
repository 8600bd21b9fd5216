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
from langchain_openai import ChatOpenAI
from mcp import Client, StdioServerParameters
from pydantic import SecretStr

from live import serving
from qa.build import open_to_write
from qa.client import ask_service
from qa.errors import ServiceError
from qa.keys import new_key
from qa.pipeline import QA
from qa.settings import Settings
from qa.sync.uploads import add, read_upload
from qa.types import Document, Status, Turn
from qa.wire import wire_answer
from qa_api.app import create_app
from test_stream import events

QA_COMMAND = Path(sys.executable).parent / "qa"
CHINA = "How much did China invest in Belarus, and in how many projects?"
# What is asked, after which question, and the status that the case is there for.
CASES: list[tuple[str, str | None, Status]] = [
    (CHINA, None, "answered"),
    ("And in how many projects?", "How much did China invest in Belarus?", "answered"),
    ("When was the union treaty signed?", None, "conflict"),
    ("How long has Lukashenko been in power?", None, "answered"),  # as of two dates
    ("What is the capital of Poland?", None, "not_found"),
]


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
        [str(QA_COMMAND), *arguments],
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


Asked = tuple[str, list[dict[str, str]]]


def turns(qa: QA, before: str | None) -> list[dict[str, str]]:
    """The conversation before a question, as a client that asked `before` has it."""
    if before is None:
        return []
    return [{"role": "user", "content": before}, {"role": "assistant", "content": qa.ask(before).text}]


async def call(client: Client, asked: Asked) -> dict[str, Any]:
    question, history = asked
    result = await client.call_tool("ask_question", {"question": question, "history": history})
    assert isinstance(result.structured_content, dict), result.content
    return result.structured_content


def by_mcp(url: str, asked: Asked) -> dict[str, Any]:
    async def ask() -> dict[str, Any]:
        async with Client(f"{url}/mcp") as client:
            return await call(client, asked)

    return anyio.run(ask)


@pytest.fixture(scope="module")
def by_stdio(settings: Settings, qa: QA) -> dict[str, dict[str, Any]]:
    """What `qa mcp` answers to each question, in one session."""
    environment = {"QA_CORPUS": str(settings.corpus), "QA_INDEX": str(settings.index)}
    server = StdioServerParameters(command=str(QA_COMMAND), args=["mcp"], env=environment)

    async def ask_all() -> dict[str, dict[str, Any]]:
        async with Client(server) as client:
            return {
                question: await call(client, (question, turns(qa, before))) for question, before, _ in CASES
            }

    return anyio.run(ask_all)


def by_command(settings: Settings, asked: Asked, *arguments: str) -> dict[str, Any]:
    """What `qa ask --json` answers. It takes no conversation: then what `qa chat` says is in its place."""
    question, history = asked
    if not history:
        answer: dict[str, Any] = json.loads(command(settings, "ask", question, "--json", *arguments))
        return answer
    said = command(settings, "chat", *arguments, given=f"{history[0]['content']}\n{question}\n\n")
    return {"said": said.rpartition("> ")[0].rpartition("> ")[2]}


@pytest.mark.parametrize(("question", "before", "status"), CASES, ids=[case[0] for case in CASES])
def test_every_surface_gives_the_same_answer(
    settings: Settings,
    qa: QA,
    url: str,
    by_stdio: dict[str, dict[str, Any]],
    question: str,
    before: str | None,
    status: Status,
) -> None:
    asked = (question, turns(qa, before))
    history = [Turn("user" if one["role"] == "user" else "assistant", one["content"]) for one in asked[1]]
    expected = json.loads(json.dumps(wire_answer(qa.ask(question, history))))
    assert expected["status"] == status
    http = TestClient(create_app(settings, qa))
    body = {"question": question, "history": asked[1]}
    *before_the_last, (_, streamed) = events(http.post("/v1/ask/stream", json=body).text)
    answers = [
        http.post("/v1/ask", json=body).json(),
        streamed,
        by_mcp(url, asked),
        by_stdio[question],
        ask_service(url, question, history=history),
        by_command(settings, asked),
        by_command(settings, asked, "--url", url),
    ]
    for answer in answers:
        if "said" in answer:
            assert answer["said"].startswith(expected["answer"] + "\n")
            assert f"understood as: {expected['standalone_question']}" in answer["said"]
            assert answer["said"].count("characters") == len(expected["citations"])
            continue
        assert (answer["answer"], answer["claims"]) == (expected["answer"], expected["claims"])
        assert same(answer) == same(expected)
    claims = [data["text"] for name, data in before_the_last if name == "claim"]
    assert claims == [one["text"] for one in expected["claims"]]


@pytest.mark.parametrize(("question", "before", "status"), CASES, ids=[case[0] for case in CASES])
def test_chat_completions_give_the_same_answer(
    qa: QA, url: str, question: str, before: str | None, status: Status
) -> None:
    earlier = turns(qa, before)
    history = [Turn("user" if one["role"] == "user" else "assistant", one["content"]) for one in earlier]
    expected = json.loads(json.dumps(wire_answer(qa.ask(question, history))))
    messages: Any = [*earlier, {"role": "user", "content": question}]
    with openai.OpenAI(base_url=f"{url}/v1", api_key="none") as client:
        whole = client.chat.completions.create(model="grounded-qa", messages=messages)
        chunks = list(client.chat.completions.create(model="grounded-qa", messages=messages, stream=True))
    assert whole.choices[0].message.content == expected["answer"]
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == expected["answer"]
    for extended in (whole.model_extra, chunks[-1].model_extra):
        assert extended is not None
        assert same(extended) == same(expected)
    message = whole.choices[0].message
    chat = ChatOpenAI(base_url=f"{url}/v1", api_key=SecretStr("none"), model="grounded-qa")
    assert chat.invoke(messages).text == expected["answer"]
    cited = {(one.url_citation.start_index, one.url_citation.end_index) for one in message.annotations or ()}
    assert len(cited) == sum(len(claim["citations"]) for claim in expected["claims"])


def test_documents_are_listed_shown_and_deleted(tmp_path: Path) -> None:
    settings = Settings(corpus=tmp_path / "corpus", index=tmp_path / "index")
    text = b"The lighthouse was built in 1911."
    with open_to_write(settings) as (index, embedder):
        for name in ("lamp.txt", "tower.txt"):
            (document,) = read_upload(name, text)
            assert isinstance(document, Document)
            assert add([document], index, embedder, settings.corpus) == ["created"]
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
