"""`Generator` over OpenAI's chat protocol, spoken by LangChain's client."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing
from typing import cast

import httpx2
import openai
from langchain_core.messages import AIMessageChunk
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

from qa.errors import GeneratorError, GeneratorRefused, GeneratorUnavailable
from qa.interfaces import Message
from qa.speaking.breaker import Breaker
from qa.speaking.hang_up import Line, heard

_Chunks = Generator[AIMessageChunk, None, None]

_WHOLE = 2
"""How many times the longest silence a whole reply may take."""

_CONNECT_SECONDS = 5.0
_PATIENCE_SECONDS = 5.0
"""The longest wait that a server may ask for before the second try."""

_SEED = 1
_WORDLESS = 8
"""Chunks without a token that a reply may have: its role, its end, its usage."""

_UNREACHABLE = (openai.APIConnectionError, httpx2.TransportError)
_TOO_SLOW = (openai.APITimeoutError, httpx2.TimeoutException)  # kinds of _UNREACHABLE: looked at first
_UNPROCESSABLE = (openai.BadRequestError, openai.UnprocessableEntityError)
_REFUSES_KEY = (openai.AuthenticationError, openai.PermissionDeniedError)
_PASSING = {408, 409, 425, 429}
"""Status codes below 500 after which the same request may succeed (RFC 9110, RFC 8470, RFC 6585)."""

_log = logging.getLogger(__name__)


class ChatGenerator:
    """The model called `model` on the server at `base_url`; safe to use from several threads.

    `timeout` is the longest silence in seconds, before the first piece and between pieces; a whole
    reply is cut at twice that. A connection that fails before the first piece, or a server that says
    when to come again, gets a second try. A server that does not answer is left alone for a while, with
    `GeneratorUnavailable` at once (`qa.speaking.breaker`). One that can't be held to a JSON schema is asked
    without one from then on. `proxy` says whether the machine's proxy settings apply.
    """

    def __init__(
        self, *, base_url: str, model: str, api_key: str, timeout: float, proxy: bool = True
    ) -> None:
        self._name = model
        url = httpx2.URL(base_url)
        self._where = f"The language model's server at {url.copy_with(username=None, password=None)}"
        self._timeout = timeout
        self._constrains = True
        limits = httpx2.Timeout(timeout, connect=min(timeout, _CONNECT_SECONDS))
        self._lines = threading.local()  # of each thread that reads, the line that it reads from
        self._breaker = Breaker()
        hooks: dict[str, list[Callable[..., None]]] = {
            "request": [self._trace_connection],
            "response": [self._limit_reply],
        }
        # A connection that is used again tells no trace which one it is; a new one costs milliseconds.
        once = httpx2.Limits(max_connections=None, max_keepalive_connections=0)
        self._client = httpx2.Client(timeout=limits, limits=once, trust_env=proxy, event_hooks=hooks)
        self._model = ChatOpenAI(
            base_url=base_url,
            model=model,
            api_key=SecretStr(api_key or "none"),  # the client wants one; servers without keys ignore it
            timeout=limits,
            temperature=0,
            seed=_SEED,
            max_retries=0,
            stream_usage=False,
            http_client=self._client,
        )

    @property
    def name(self) -> str:
        """The name of the model."""
        return self._name

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def generate(
        self, messages: Sequence[Message], schema: Mapping[str, object] | None, max_tokens: int
    ) -> Generator[str, None, None]:
        """See `Generator.generate`."""
        with self._breaker.admitted():
            yield from heard(lambda line: self._read(line, messages, schema, max_tokens))

    def _read(
        self, line: Line, messages: Sequence[Message], schema: Mapping[str, object] | None, max_tokens: int
    ) -> Iterator[str]:
        """The pieces of the reply, as fast as they come; once `line` is hung up any error may follow."""
        self._lines.own = line
        chunks, chunk = self._begin(line, messages, schema, max_tokens)
        self._breaker.answered()
        said = False
        with closing(chunks):
            # Some servers ignore the limit that they are sent (Ollama); a chunk is at least one token.
            for _ in range(max_tokens + _WORDLESS):
                if chunk is None:
                    break
                if chunk.text:
                    said = True
                    yield str(chunk.text)
                try:
                    chunk = next(chunks, None)
                except Exception as error:  # what a server sends may break its reader anywhere
                    raise self._failure(error, line) from error
        if not said:
            raise GeneratorUnavailable(f"{self._where} gave an empty reply; see what it logs.")

    def _begin(
        self, line: Line, messages: Sequence[Message], schema: Mapping[str, object] | None, max_tokens: int
    ) -> tuple[_Chunks, AIMessageChunk | None]:
        """The reply and its first chunk, tried again where that can help."""
        wanted = schema if self._constrains else None
        tries = 0
        while True:
            chunks = self._request(messages, wanted, max_tokens)
            try:
                first = next(chunks, None)
            except Exception as error:  # as above
                if wanted is not None and isinstance(error, _UNPROCESSABLE):
                    wanted = None
                    continue
                tries += 1
                pause = _pause(error)
                if tries > 1 or pause is None or line.ended.wait(pause):
                    raise self._failure(error, line) from error
            else:
                if schema is not None and wanted is None and self._constrains:
                    self._constrains = False
                    _log.warning("%s takes no JSON schema; it is asked without one.", self._where)
                return chunks, first

    def _failure(self, error: Exception, line: Line) -> GeneratorError:
        """The error in one sentence; a server that does not answer is left alone for a while."""
        explained = self._explained(error)
        silent = isinstance(error, _UNREACHABLE)
        if silent and isinstance(explained, GeneratorUnavailable) and not line.ended.is_set():
            self._breaker.failed(explained)
        return explained

    def _request(
        self, messages: Sequence[Message], schema: Mapping[str, object] | None, max_tokens: int
    ) -> _Chunks:
        pairs = [(one.role, one.content) for one in messages]
        body: dict[str, object] = {}
        if schema is not None:
            named = {"name": "reply", "schema": dict(schema), "strict": True}
            body["response_format"] = {"type": "json_schema", "json_schema": named}
        # As the argument of its name the client would parse the reply too, and fail where one is cut short.
        return cast(_Chunks, self._model.stream(pairs, max_tokens=max_tokens, extra_body=body))

    def _trace_connection(self, request: httpx2.Request) -> None:
        line: Line = self._lines.own
        request.extensions["trace"] = line.trace

    def _limit_reply(self, response: httpx2.Response) -> None:
        body = cast(httpx2.SyncByteStream, response.stream)
        response.stream = _Limited(body, time.monotonic() + _WHOLE * self._timeout, self._lines.own)

    def _explained(self, error: Exception) -> GeneratorError:
        """The error in one sentence, sorted into those that pass and those that don't.

        It goes into the log, so nothing that a server says is in it: many repeat what they were asked.
        """
        if isinstance(error, _TOO_SLOW):
            return GeneratorUnavailable(
                f"{self._where} was silent for {self._timeout:g} s, or took {_WHOLE * self._timeout:g} s in "
                "all; raise QA_LLM_TIMEOUT if it is only slow."
            )
        if isinstance(error, _UNREACHABLE):
            return GeneratorUnavailable(
                f"{self._where} can't be reached ({_reason(error)}); see that it is running."
            )
        if isinstance(error, _REFUSES_KEY):
            return GeneratorRefused(f"{self._where} refuses the key; correct QA_LLM_API_KEY.")
        if isinstance(error, openai.NotFoundError):
            return GeneratorRefused(
                f"{self._where} has no model '{self._name}'; correct QA_LLM_MODEL or QA_LLM_BASE_URL."
            )
        if isinstance(error, openai.APIStatusError):
            passing = error.status_code >= 500 or error.status_code in _PASSING
            kind = GeneratorUnavailable if passing else GeneratorRefused
            return kind(f"{self._where} answered with status {error.status_code}; its log says why.")
        if isinstance(error, openai.APIError):
            return GeneratorUnavailable(f"{self._where} broke off; its log says why.")
        return GeneratorRefused(
            f"{self._where} doesn't speak OpenAI's chat protocol; correct QA_LLM_BASE_URL."
        )


class _Limited(httpx2.SyncByteStream):
    """A reply that ends at `deadline` (monotonic seconds), however often its server says it is alive.

    It also ends when `line` was hung up: what is under way then, and what a server still sends, is read yet.
    """

    def __init__(self, body: httpx2.SyncByteStream, deadline: float, line: Line) -> None:
        self._body = body
        self._deadline = deadline
        self._line = line

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._body:
            if time.monotonic() > self._deadline or self._line.ended.is_set():
                raise httpx2.ReadTimeout("The reply takes too long.")
            yield chunk

    def close(self) -> None:
        """Close the connection, which stops the generation."""
        self._body.close()


def _pause(error: Exception) -> float | None:
    """Seconds to wait before a second try; None where it would not help."""
    if isinstance(error, _UNREACHABLE) and not isinstance(error, _TOO_SLOW):
        return 0.0
    if isinstance(error, openai.APIStatusError) and error.status_code in (429, 503):
        asked = error.response.headers.get("Retry-After", "")
        if asked.isdigit() and int(asked) <= _PATIENCE_SECONDS:
            return float(asked)
    return None


def _reason(error: Exception) -> str:
    """What the operating system says of a connection that failed, else the kind of the failure."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror
        cause = cause.__cause__ or cause.__context__
    return type(error.__cause__ or error).__name__
