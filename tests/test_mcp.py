"""MCP over both transports, by the SDK's own client."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
from mcp import Client, MCPError, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client

from live import serving
from qa.keys import new_key
from qa.pipeline import QA
from qa.settings import Settings
from qa.wire import wire_answer
from qa_api.app import create_app

CHINA = "How much did China invest in Belarus, and in how many projects?"


@pytest.fixture(scope="module", params=["http", "stdio"])
def target(request: pytest.FixtureRequest, settings: Settings, qa: QA) -> Iterator[Any]:
    if request.param == "http":
        with serving(create_app(settings, qa)) as address:
            yield f"{address}/mcp"
    else:
        environment = {"QA_CORPUS": str(settings.corpus), "QA_INDEX": str(settings.index)}
        command = str(Path(sys.executable).parent / "qa")
        yield StdioServerParameters(command=command, args=["mcp"], env=environment)


def test_the_tools_answer_as_the_library_does(target: Any, qa: QA) -> None:
    async def drive() -> None:
        async with Client(target) as client:
            tools = {tool.name: tool for tool in (await client.list_tools()).tools}
            assert set(tools) == {"ask_question", "search_documents", "list_documents", "get_document"}

            async def call(name: str, **arguments: Any) -> dict[str, Any]:
                result = await client.call_tool(name, arguments)
                assert not result.is_error, result.content
                assert tools[name].output_schema  # the client checks the content against it
                assert isinstance(result.structured_content, dict)
                return result.structured_content

            answer = await call("ask_question", question=CHINA)
            expected = wire_answer(qa.ask(CHINA))
            assert (answer["answer"], answer["status"]) == (expected["answer"], "answered")
            citation = answer["citations"][0]
            assert citation["quote"] == expected["citations"][0]["quote"]
            document = await call("get_document", document_id=citation["document_id"])
            assert document["text"][citation["start"] : citation["end"]] == citation["quote"]
            found = await call("search_documents", query="China investment", k=2)
            assert found["passages"][0]["document_id"] == citation["document_id"]
            assert len((await call("list_documents"))["documents"]) == 3
            history = [
                {"role": "user", "content": "Who is the president of Belarus?"},
                {"role": "assistant", "content": "Alexander Lukashenko is the president of Belarus."},
            ]
            followed = await call("ask_question", question="How old is he?", history=history)
            assert "president of Belarus" in followed["standalone_question"]
            for name, arguments in (
                ("ask_question", {"question": " "}),
                ("ask_question", {"question": CHINA, "documents": ["a"] * 10_001}),
                ("ask_question", {"question": CHINA, "history": [history[0]] * 10_001}),
                ("get_document", {"document_id": "x"}),
            ):
                failed = await client.call_tool(name, arguments)
                assert failed.is_error
                assert "Traceback" not in str(failed.content)

    anyio.run(drive)


def test_a_client_reads_why_it_is_refused(settings: Settings, qa: QA) -> None:
    key, entry = new_key("alice", read_only=True)

    async def drive(address: str, given: str, length: int) -> str:
        async with httpx2.AsyncClient(headers={"Authorization": f"Bearer {given}"}) as http:
            transport = streamable_http_client(f"{address}/mcp", http_client=http)
            try:
                async with Client(transport) as client:
                    result = await client.call_tool("ask_question", {"question": "x" * length})
                    return str(result.content)
            except (MCPError, ExceptionGroup) as error:
                return "".join(traceback.format_exception(error))

    app = create_app(settings.model_copy(update={"api_keys": entry}), qa)
    with serving(app) as address:
        assert "Send a key of this service" in anyio.run(drive, address, "qa-wrong", 1)
        assert "longer than 5000000 bytes" in anyio.run(drive, address, key, 6_000_000)
        assert "shorten it" in anyio.run(drive, address, key, 3_000)


def test_what_nobody_foresaw_is_told_without_its_words(
    settings: Settings, qa: QA, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("secret detail")

    async def drive(address: str) -> Any:
        async with Client(f"{address}/mcp") as client:
            return await client.call_tool("ask_question", {"question": "Why?"})

    monkeypatch.setattr(qa, "steps", broken)
    with serving(create_app(settings, qa)) as address:
        failed = anyio.run(drive, address)
    assert failed.is_error
    assert "RuntimeError" in str(failed.content)
    assert "secret" not in str(failed.content)
