from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import httpx
import pytest

from qa.build import build_generator, build_qa
from qa.errors import GeneratorUnavailable, ModelError
from qa.interfaces import Message
from qa.settings import Settings
from qa.speaking.generator import ChatGenerator
from qa.speaking.local_llm import LocalGenerator
from qa.storage.index import Index

COUNT = [Message("user", "Count.")]
NUMBERS = {"type": "array", "minItems": 5000, "items": {"type": "integer", "enum": [1, 2]}}
LONG = {"type": "object", "properties": {"n": NUMBERS}, "required": ["n"], "additionalProperties": False}
SHORT = {
    "type": "object",
    "properties": {"sound": {"type": "string", "enum": ["purr", "bark"]}},
    "required": ["sound"],
    "additionalProperties": False,
}


@pytest.fixture(scope="module")
def generator(model_file: Path) -> Iterator[LocalGenerator]:
    made = LocalGenerator(model_file, name="small", timeout=120, threads=1)
    yield made
    made.close()
    made.close()  # as where a `QA` closed it before


def test_a_model_in_this_process_answers_in_pieces(generator: LocalGenerator) -> None:
    pieces = list(filter(None, generator.generate([Message("user", "Say something.")], None, 6)))
    assert len(pieces) > 1
    assert "".join(pieces).strip()


def test_the_same_question_gets_the_same_answer(generator: LocalGenerator) -> None:
    first, second = (
        "".join(generator.generate([Message("user", "Say something.")], None, 6)) for _ in range(2)
    )
    assert first == second


def test_a_schema_is_held_to(generator: LocalGenerator) -> None:
    said = "".join(generator.generate([Message("user", "What do cats do?")], SHORT, 60))
    assert json.loads(said)["sound"] in ("purr", "bark")


def test_two_are_answered_at_once(generator: LocalGenerator) -> None:
    first = generator.generate(COUNT, LONG, 2000)
    next(first)
    assert "".join(generator.generate(COUNT, SHORT, 60))
    first.close()


def test_a_model_that_is_too_slow_is_given_up(model_file: Path) -> None:
    hasty = LocalGenerator(model_file, name="small", timeout=0.001, threads=1)
    with pytest.raises(GeneratorUnavailable, match="QA_LLM_TIMEOUT"):
        list(hasty.generate(COUNT, LONG, 2000))
    hasty.close()


def test_closing_stops_the_generation_on_a_server_elsewhere(model_url: str) -> None:
    elsewhere = ChatGenerator(base_url=f"{model_url}/v1", model="any", api_key="", timeout=120)
    pieces = elsewhere.generate(COUNT, LONG, 5000)
    assert list(islice(filter(None, pieces), 3))
    assert figures(model_url)["requests_processing"] == 1
    pieces.close()
    while figures(model_url)["requests_processing"]:
        pass
    assert 0 < figures(model_url)["tokens_predicted_total"] < 1000
    elsewhere.close()


def figures(url: str) -> dict[str, float]:
    """What llama.cpp's server counts."""
    lines = httpx.get(f"{url}/metrics").text.splitlines()
    pairs = (line.removeprefix("llamacpp:").split() for line in lines if not line.startswith("#"))
    return {name: float(value) for name, value in pairs}


def test_closing_the_model_stops_its_server(model_file: Path) -> None:
    made = LocalGenerator(model_file, name="small", timeout=30, threads=1)
    url = made._server.listening_address
    assert httpx.get(f"{url}/health").status_code == 200
    made.close()
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{url}/health")


def test_only_this_process_may_ask(generator: LocalGenerator) -> None:
    url = generator._server.listening_address
    assert url.startswith("http://127.0.0.1:")
    body = {"messages": [{"role": "user", "content": "Hello"}], "max_tokens": 1}
    assert httpx.post(f"{url}/v1/chat/completions", json=body).status_code == 401
    assert httpx.get(f"{url}/slots").status_code == 401


def test_a_path_is_a_setting(model_file: Path) -> None:
    made = build_generator(Settings(llm_model_path=str(model_file), llm_timeout=60))
    assert isinstance(made, LocalGenerator)
    assert made.name == "SmolLM2-135M-Instruct.Q4_1"
    made.close()


def test_a_model_that_cannot_be_used_leaves_no_index_open(
    settings_here: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[Index] = []
    left_open: list[Index] = []
    open_index, close_index = Index.open, Index.close

    def opening(*arguments: Any) -> Index:
        opened.append(open_index(*arguments))
        left_open.append(opened[-1])
        return opened[-1]

    def closing(index: Index) -> None:
        left_open.remove(index)
        close_index(index)

    monkeypatch.setattr(Index, "open", opening)
    monkeypatch.setattr(Index, "close", closing)
    with pytest.raises(ModelError, match="QA_LLM_MODEL_PATH"):
        build_qa(settings_here.model_copy(update={"llm_model_path": "none.gguf"}))
    assert (len(opened), left_open) == (1, [])


def test_a_file_that_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="QA_LLM_MODEL_PATH"):
        LocalGenerator(tmp_path / "none.gguf", name="x", timeout=1)
    (tmp_path / "bad.gguf").write_bytes(b"GGUF" + bytes(1000))
    with pytest.raises(ModelError, match="can't be loaded"):
        LocalGenerator(tmp_path / "bad.gguf", name="x", timeout=1)
