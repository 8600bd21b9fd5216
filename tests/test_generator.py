from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from llm_server import (
    Log,
    Reply,
    answer,
    endless,
    hung_up,
    pinging,
    refusal,
    silent,
    speaking,
    streamed,
)
from qa.errors import GeneratorError, GeneratorRefused, GeneratorUnavailable
from qa.interfaces import Message
from qa.speaking.breaker import REST_SECONDS
from qa.speaking.generator import ChatGenerator

HELLO = [Message("system", "Be brief."), Message("user", "Hello?")]
SCHEMA = {"type": "object", "properties": {}, "additionalProperties": False}


@contextmanager
def generator(log: Log, timeout: float = 30) -> Iterator[ChatGenerator]:
    made = ChatGenerator(base_url=log.url, model="small", api_key="secret", timeout=timeout)
    try:
        yield made
    finally:
        made.close()


def said(log: Log, schema: dict[str, object] | None = None, timeout: float = 30) -> str:
    with generator(log, timeout) as made:
        return "".join(made.generate(HELLO, schema, 50))


def spoken(pieces: Iterator[str]) -> str:
    """The next piece that is not empty."""
    return next(filter(None, pieces))


def test_a_reply_comes_in_pieces() -> None:
    with speaking(streamed("Hel", "", "lo.")) as log, generator(log) as made:
        assert list(filter(None, made.generate(HELLO, None, 50))) == ["Hel", "lo."]
        assert made.name == "small"


def test_a_request_says_what_is_wanted() -> None:
    with speaking(streamed("{}")) as log:
        said(log, SCHEMA)
    (request,) = log.requests
    assert request["model"] == "small"
    assert request["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hello?"},
    ]
    assert request["temperature"] == 0
    assert request["max_completion_tokens"] == 50
    assert request["response_format"]["json_schema"]["schema"] == SCHEMA
    assert log.keys == ["Bearer secret"]


@pytest.mark.parametrize("reply", [silent, pinging, streamed("Hel", end=False)])
def test_a_server_that_falls_silent_is_left(reply: Reply) -> None:
    with speaking(reply) as log, pytest.raises(GeneratorUnavailable, match="silent for 0"):
        said(log, timeout=0.2)
    assert len(log.requests) == 1


def test_pieces_before_the_silence_are_given() -> None:
    with speaking(streamed("Hel", end=False)) as log, generator(log, 0.2) as made:
        pieces = made.generate(HELLO, None, 50)
        assert spoken(pieces) == "Hel"
        with pytest.raises(GeneratorUnavailable):
            spoken(pieces)


def test_a_server_that_does_not_stop_is_stopped() -> None:
    with speaking(endless) as log:
        assert said(log).count("word") < 100
        assert log.gone.wait(30)


def test_closing_leaves_the_server() -> None:
    with speaking(endless) as log, generator(log) as made:
        pieces = made.generate(HELLO, None, 10**6)
        assert spoken(pieces) == "word "
        pieces.close()
        assert log.gone.wait(30)


@pytest.mark.parametrize("reply", [silent, streamed("", end=False), pinging])
def test_who_waits_can_leave_before_the_first_word(reply: Reply) -> None:
    with speaking(reply) as log, generator(log) as made:
        pieces = made.generate(HELLO, None, 50)
        assert next(pieces) == ""
        pieces.close()
        assert log.gone.wait(20)
    assert len(log.requests) == 1


def test_who_waits_can_leave_between_words() -> None:
    with speaking(streamed("Hel", end=False)) as log, generator(log) as made:
        pieces = made.generate(HELLO, None, 50)
        assert spoken(pieces) == "Hel"
        assert next(pieces) == ""
        pieces.close()
        assert log.gone.wait(20)


def test_leaving_is_not_the_servers_fault() -> None:
    with speaking(silent, streamed("Hello.")) as log, generator(log) as made:
        pieces = made.generate(HELLO, None, 50)
        next(pieces)
        pieces.close()
        assert log.gone.wait(20)
        assert "".join(made.generate(HELLO, None, 50)) == "Hello."


@pytest.mark.parametrize("reply", [silent, streamed("Hel", end=False)])
def test_a_server_that_hangs_is_left_alone_for_a_while(reply: Reply) -> None:
    with speaking(reply, streamed("Hello.")) as log, generator(log, 0.2) as made:
        for _ in range(3):
            with pytest.raises(GeneratorUnavailable, match="silent for 0"):
                "".join(made.generate(HELLO, None, 50))
        assert len(log.requests) == 1
        made._breaker._clock = lambda: time.monotonic() + REST_SECONDS
        assert "".join(made.generate(HELLO, None, 50)) == "Hello."
        assert "".join(made.generate(HELLO, None, 50)) == "Hello."


def test_a_server_that_refuses_is_asked_again() -> None:
    with (
        speaking(refusal(500, "oops"), refusal(404, "no"), streamed("Hello.")) as log,
        generator(log) as made,
    ):
        for _ in range(2):
            with pytest.raises(GeneratorError):
                "".join(made.generate(HELLO, None, 50))
        assert "".join(made.generate(HELLO, None, 50)) == "Hello."


@pytest.mark.parametrize("reply", [hung_up, refusal(503, "busy", {"Retry-After": "0"})])
def test_what_may_pass_is_tried_once_more(reply: Reply) -> None:
    with speaking(reply, streamed("Hello.")) as log:
        assert said(log) == "Hello."
    with speaking(reply) as log, pytest.raises(GeneratorUnavailable):
        said(log)
    assert len(log.requests) == 2


@pytest.mark.parametrize(
    "wait", [{}, {"Retry-After": "3600"}, {"Retry-After": "Fri, 31 Dec 1999 23:59:59 GMT"}]
)
def test_a_long_wait_is_not_waited(wait: dict[str, str]) -> None:
    with (
        speaking(refusal(429, "slow down", wait)) as log,
        pytest.raises(GeneratorUnavailable, match="status 429"),
    ):
        said(log)
    assert len(log.requests) == 1


def test_nobody_there() -> None:
    with speaking(silent) as log:
        pass
    with pytest.raises(GeneratorUnavailable, match=r"can't be reached \(Connection refused\)"):
        said(log)


def test_a_schema_that_is_refused_is_not_sent_again() -> None:
    with speaking(refusal(400, "no response_format here"), streamed("Hello.")) as log, generator(log) as made:
        for _ in range(2):
            assert "".join(made.generate(HELLO, SCHEMA, 50)) == "Hello."
    assert ["response_format" in request for request in log.requests] == [True, False, False]


def test_a_bad_request_is_not_blamed_on_the_schema() -> None:
    with speaking(refusal(400, "prompt too long")) as log, generator(log) as made:
        for _ in range(2):
            with pytest.raises(GeneratorRefused, match="status 400"):
                list(made.generate(HELLO, SCHEMA, 50))
    assert ["response_format" in request for request in log.requests] == [True, False, True, False]


@pytest.mark.parametrize(
    ("reply", "advice"),
    [
        (refusal(401, "no"), "QA_LLM_API_KEY"),
        (refusal(403, "no"), "QA_LLM_API_KEY"),
        (refusal(404, "no"), "QA_LLM_MODEL"),
        (refusal(413, "too big"), "status 413"),
        (answer(200, b"<html>It works!</html>", {"Content-Type": "text/html"}), "QA_LLM_BASE_URL"),
        (answer(200, b"data: {{{\n\n", {"Content-Type": "text/event-stream"}), "QA_LLM_BASE_URL"),
        (answer(200, b"data: 42\n\n", {"Content-Type": "text/event-stream"}), "QA_LLM_BASE_URL"),
        (answer(200, b"", {"Content-Type": "text/event-stream"}), "QA_LLM_BASE_URL"),
    ],
)
def test_what_only_the_settings_can_change(reply: Reply, advice: str) -> None:
    with speaking(reply) as log, pytest.raises(GeneratorRefused, match=advice):
        said(log)
    assert len(log.requests) == 1


def test_an_error_in_the_middle() -> None:
    broken = answer(
        200, b'data: {"error": {"message": "out of memory"}}\n\n', {"Content-Type": "text/event-stream"}
    )
    with speaking(broken) as log, pytest.raises(GeneratorUnavailable, match="broke off"):
        said(log)


def test_an_empty_reply_is_none() -> None:
    with speaking(streamed("", "")) as log, pytest.raises(GeneratorUnavailable, match="empty reply"):
        said(log)


def test_a_server_error_passes() -> None:
    with speaking(refusal(500, "oops")) as log, pytest.raises(GeneratorUnavailable, match="status 500"):
        said(log)


@pytest.mark.parametrize("code", [400, 401, 403, 404, 413, 422, 429, 500, 503])
def test_what_a_server_says_is_in_no_error(code: int) -> None:
    """Errors are logged, and many servers repeat what they were asked in what they refuse."""
    with (
        speaking(refusal(code, "You asked: Be brief. Hello?")) as log,
        pytest.raises(GeneratorError) as caught,
    ):
        said(log)
    assert "Hello" not in str(caught.value)
    assert log.url in str(caught.value)


@pytest.mark.parametrize(
    "reply",
    [
        answer(200, b'data: {"error": {"message": "Hello?"}}\n\n', {"Content-Type": "text/event-stream"}),
        answer(200, b"data: {Hello?\n\n", {"Content-Type": "text/event-stream"}),
        answer(200, b"", {"Content-Encoding": "gzip", "Hello?": "Hello?"}),
    ],
)
def test_what_a_server_says_instead_of_a_reply_is_in_no_error(reply: Reply) -> None:
    with speaking(reply) as log, pytest.raises(GeneratorError) as caught:
        said(log)
    assert "Hello" not in str(caught.value)


def test_a_password_in_the_address_is_not_shown() -> None:
    with speaking(refusal(500, "oops")) as log:
        made = ChatGenerator(
            base_url=log.url.replace("//", "//me:hunter2@"), model="small", api_key="", timeout=30
        )
        with pytest.raises(GeneratorUnavailable) as caught:
            list(made.generate(HELLO, None, 50))
        made.close()
    assert "hunter2" not in str(caught.value)
