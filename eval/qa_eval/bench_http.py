"""The benchmark's clients: `qa serve` on a free port, asked by several at once."""

from __future__ import annotations

import http.client
import json
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from http import HTTPStatus
from pathlib import Path

from qa.errors import ServiceError

_PATIENCE = 300.0
"""Seconds that the service may take until it is ready."""


@dataclass(frozen=True, slots=True)
class Served:
    """Questions a second over all clients, milliseconds of each question, and seconds until it was ready."""

    rate: float
    ms: tuple[float, ...]
    start: float = 0.0


def serve_and_ask(corpus: Path, index: Path, questions: Sequence[str], clients: int) -> Served:
    """Serve an index and have `clients` put the questions, each of them waiting for its answer.

    Raises `ServiceError` if it does not serve, or an answer is an error.
    """
    began = time.perf_counter()
    with _serving(corpus, index) as port:
        start = time.perf_counter() - began
        _ask_all(port, questions[: 2 * clients], clients)  # warm
        return replace(_ask_all(port, questions, clients), start=start)


@contextmanager
def _serving(corpus: Path, index: Path) -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
    settings = [f"QA_CORPUS={corpus}", f"QA_INDEX={index}", f"QA_PORT={port}", "QA_RATE_LIMIT=1000000/minute"]
    command = [sys.executable, "-c", "from qa.cli import main; main()", "serve"]
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            ["env", *settings, *command], stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
        try:
            _wait_until_ready(port, process)
            yield port
        finally:
            process.terminate()
            process.wait()


def _wait_until_ready(port: int, process: subprocess.Popen[bytes]) -> None:
    give_up = time.monotonic() + _PATIENCE
    while time.monotonic() < give_up and process.poll() is None:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port)
            connection.request("GET", "/readyz")
            if connection.getresponse().status == HTTPStatus.OK:
                return
        except OSError:
            time.sleep(0.05)
        finally:
            connection.close()
    raise ServiceError("'qa serve' did not become ready; run it by hand to see why.")


def _ask_all(port: int, questions: Sequence[str], clients: int) -> Served:
    start = time.perf_counter()
    with ThreadPoolExecutor(clients) as threads:
        shares = [questions[n::clients] for n in range(clients)]
        ms = [one for share in threads.map(lambda share: _ask_share(port, share), shares) for one in share]
    return Served(len(questions) / (time.perf_counter() - start), tuple(ms))


def _ask_share(port: int, questions: Sequence[str]) -> list[float]:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    ms = []
    for question in questions:
        start = time.perf_counter()
        body = json.dumps({"question": question})
        connection.request("POST", "/v1/ask", body, {"Content-Type": "application/json"})
        response = connection.getresponse()
        answer = response.read()
        if response.status != HTTPStatus.OK:
            raise ServiceError(f"The service answered {response.status}: {answer.decode()[:200]}")
        ms.append((time.perf_counter() - start) * 1000)
    connection.close()
    return ms
