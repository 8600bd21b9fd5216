"""When as much is in work as is taken, the next is told so, and when to come back."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import pytest

from live import serving
from qa.pipeline import QA
from qa.settings import Settings
from qa.types import Step
from qa_api.app import create_app

ASK = {"question": "How much did China invest in Belarus?"}
LIMIT = 3


class Held:
    """A `QA` that answers once it is allowed to."""

    def __init__(self, qa: QA) -> None:
        self._qa = qa
        self.goes_on = threading.Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._qa, name)

    def steps(self, *arguments: Any, **options: Any) -> Iterator[Step]:
        steps = self._qa.steps(*arguments, **options)
        yield next(steps)
        self.goes_on.wait()
        yield from steps


@pytest.fixture
def held(qa: QA) -> Iterator[Held]:
    held = Held(qa)
    yield held
    held.goes_on.set()


def test_a_full_queue_is_told_at_once_and_health_is_not_in_it(settings: Settings, held: Held) -> None:
    app = create_app(settings.model_copy(update={"max_requests": LIMIT}), held)  # type: ignore[arg-type]
    with serving(app) as url, httpx.Client(base_url=url, timeout=60) as client, ExitStack() as streams:
        waiting = [
            streams.enter_context(client.stream("POST", "/v1/ask/stream", json=ASK)) for _ in range(LIMIT)
        ]
        assert [one.status_code for one in waiting] == [200] * LIMIT
        for method, path in (("POST", "/v1/ask"), ("GET", "/v1/documents"), ("POST", "/mcp")):
            refused = client.request(method, path, json=ASK)
            assert refused.status_code == 503
            assert int(refused.headers["retry-after"]) > 0
        assert client.post("/v1/search", json={"query": "x"}).json()["type"] == "urn:qa:problem:overloaded"
        chat = client.post("/v1/chat/completions", json={"messages": []})
        assert (chat.status_code, chat.json()["error"]["code"]) == (503, "overloaded")
        for path in ("/healthz", "/readyz", "/metrics", "/"):
            assert client.get(path).status_code == 200, path
        held.goes_on.set()
        assert all("event: answer" in one.read().decode() for one in waiting)
        assert client.post("/v1/ask", json=ASK).status_code == 200


def test_who_leaves_makes_room(settings: Settings, held: Held) -> None:
    app = create_app(settings.model_copy(update={"max_requests": 1}), held)  # type: ignore[arg-type]
    with serving(app) as url, httpx.Client(base_url=url, timeout=60) as client:
        with client.stream("POST", "/v1/ask/stream", json=ASK) as response:
            assert next(response.iter_lines()) == "event: evidence"
            assert client.get("/v1/documents").status_code == 503
        held.goes_on.set()
        while client.get("/v1/documents").status_code != 200:
            pass
