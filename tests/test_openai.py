"""OpenAI's protocol, by the clients that people use."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import openai
import pytest
from fastapi.testclient import TestClient
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

from live import serving
from qa.pipeline import QA
from qa.settings import Settings
from qa.types import NOT_FOUND_TEXT
from qa_api.app import create_app

CHINA = "How much did China invest in Belarus, and in how many projects?"


@pytest.fixture(scope="module")
def url(settings: Settings, qa: QA) -> Iterator[str]:
    with serving(create_app(settings, qa)) as address:
        yield address


@pytest.fixture(scope="module")
def client(url: str) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0) as client:
        yield client


def user(question: str) -> Any:
    return [{"role": "user", "content": question}]


def test_a_completion_has_the_answer_and_its_citations_in_both_shapes(
    client: openai.OpenAI, qa: QA, url: str
) -> None:
    completion = client.chat.completions.create(model="grounded-qa", messages=user(CHINA))
    answer = qa.ask(CHINA)
    message = completion.choices[0].message
    assert (message.content, completion.choices[0].finish_reason) == (answer.text, "stop")
    assert completion.model_extra is not None
    assert completion.model_extra["citations"][0]["quote"] == answer.citations[0].quote
    assert completion.model_extra["status"] == "answered"
    assert message.annotations
    cited = message.annotations[0].url_citation
    assert answer.text[cited.start_index : cited.end_index] == "[1]"
    assert cited.title == answer.citations[0].title
    assert cited.url.startswith("http")
    assert completion.usage is not None
    assert completion.usage.total_tokens > completion.usage.completion_tokens > 0


def test_a_stream_adds_up_to_the_completion(client: openai.OpenAI, qa: QA) -> None:
    chunks = list(
        client.chat.completions.create(
            model="grounded-qa", messages=user(CHINA), stream=True, stream_options={"include_usage": True}
        )
    )
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == qa.ask(CHINA).text
    last = chunks[-2]
    assert last.choices[0].finish_reason == "stop"
    assert last.model_extra is not None
    assert last.model_extra["citations"][0]["number"] == 1
    assert chunks[-1].usage is not None
    assert len({chunk.id for chunk in chunks}) == 1


def test_earlier_turns_are_the_history(client: openai.OpenAI) -> None:
    messages: Any = [
        {"role": "system", "content": "You are a pirate."},
        *user("Who is the president of Belarus?"),
        {"role": "assistant", "content": "Alexander Lukashenko is the president of Belarus."},
        *user("How long has he been in power?"),
    ]
    completion = client.chat.completions.create(model="any", messages=messages)
    assert completion.model_extra is not None
    assert "president of Belarus" in completion.model_extra["standalone_question"]


def test_parts_of_a_message_are_read(client: openai.OpenAI, qa: QA) -> None:
    parts: Any = [{"role": "user", "content": [{"type": "text", "text": CHINA}]}]
    assert client.chat.completions.create(model="any", messages=parts).choices[0].message.content == (
        qa.ask(CHINA).text
    )


def test_a_refusal_is_an_answer_without_annotations(client: openai.OpenAI) -> None:
    completion = client.chat.completions.create(
        model="grounded-qa", messages=user("What is the capital of Poland?")
    )
    assert completion.choices[0].message.content == NOT_FOUND_TEXT
    assert not completion.choices[0].message.annotations


def test_errors_are_those_that_the_client_knows(client: openai.OpenAI) -> None:
    for messages in (user("  "), [], [{"role": "assistant", "content": "Hello."}], [{"role": "user"}]):
        with pytest.raises(openai.BadRequestError) as caught:
            client.chat.completions.create(model="grounded-qa", messages=messages)  # type: ignore[arg-type]
        assert caught.value.message
        assert caught.value.type == "invalid_request_error"


def test_of_routes_that_are_not_here_the_client_reads_where_to_look(client: openai.OpenAI) -> None:
    for ask in (
        lambda: client.responses.create(model="grounded-qa", input=CHINA),
        lambda: client.embeddings.create(model="grounded-qa", input=CHINA),
        lambda: client.completions.create(model="grounded-qa", prompt=CHINA),
    ):
        with pytest.raises(openai.NotFoundError) as caught:
            ask()
        assert "/docs" in caught.value.message


def test_models(client: openai.OpenAI) -> None:
    assert [model.id for model in client.models.list()] == ["grounded-qa"]

    assert client.models.retrieve("grounded-qa").id == "grounded-qa"
    with pytest.raises(openai.NotFoundError) as caught:
        client.models.retrieve("other/model")
    assert (caught.value.code, caught.value.type) == ("model_not_found", "invalid_request_error")
    assert "grounded-qa" in caught.value.message


def test_langchain_chats(url: str, qa: QA) -> None:
    chat = ChatOpenAI(base_url=f"{url}/v1", api_key=SecretStr("none"), model="grounded-qa")
    assert chat.invoke(CHINA).text == qa.ask(CHINA).text
    assert "".join(chunk.text for chunk in chat.stream(CHINA)) == qa.ask(CHINA).text


def test_without_an_index_the_error_is_openais(tmp_path: Any) -> None:
    client = TestClient(create_app(Settings(index=tmp_path)))
    response = client.post("/v1/chat/completions", json={"messages": user("Why?")})
    assert response.status_code == 503
    assert response.json()["error"]["type"] == "server_error"
    assert "qa ingest" in response.json()["error"]["message"]
