"""A small HTTP server that behaves as a language model's server does on a bad day."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Log:
    """What was asked of the server, its address, and what tells a reply that the test is over."""

    url: str = ""
    requests: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)
    gone: threading.Event = field(default_factory=threading.Event)


Reply = Callable[[BaseHTTPRequestHandler, Log], None]


@contextmanager
def speaking(*replies: Reply) -> Iterator[Log]:
    """A server that gives these replies in turn, the last one again and again."""
    log, left = Log(), list(replies)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            log.requests.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            log.keys.append(self.headers["Authorization"])
            (left.pop(0) if len(left) > 1 else left[0])(self, log)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    log.url = f"http://127.0.0.1:{server.server_port}/v1"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield log
    finally:
        log.over.set()
        server.shutdown()
        thread.join()
        server.server_close()


def answer(code: int, body: bytes, headers: Mapping[str, str] | None = None) -> Reply:
    def reply(handler: BaseHTTPRequestHandler, log: Log) -> None:
        handler.send_response(code)
        for name, value in (headers or {}).items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)

    return reply


def refusal(code: int, message: str, headers: Mapping[str, str] | None = None) -> Reply:
    body = json.dumps({"error": {"message": message}}).encode()
    return answer(code, body, {"Content-Type": "application/json", **(headers or {})})


def streamed(*pieces: str, end: bool = True) -> Reply:
    """A reply as it should be; without `end` it stops short and the connection stays open."""

    def reply(handler: BaseHTTPRequestHandler, log: Log) -> None:
        _open(handler)
        for piece in pieces:
            handler.wfile.write(_event({"content": piece}))
        if end:
            handler.wfile.write(b"data: [DONE]\n\n")
        else:
            _wait(handler, log)

    return reply


def silent(handler: BaseHTTPRequestHandler, log: Log) -> None:
    """Says nothing, not even that it has begun, until it is left alone."""
    _wait(handler, log)


def _wait(handler: BaseHTTPRequestHandler, log: Log) -> None:
    """Wait for the end of the test, or for the client to leave."""
    handler.connection.settimeout(0.05)
    while not log.over.is_set():
        with suppress(TimeoutError):
            try:
                over = not handler.connection.recv(1)
            except ConnectionError:
                over = True
            if over:
                log.gone.set()
                return


def pinging(handler: BaseHTTPRequestHandler, log: Log) -> None:
    """Says again and again that it is alive, and nothing else, until it is left alone."""
    _open(handler)
    while not log.over.wait(0.02):
        try:
            handler.wfile.write(b": ping\n\n")
        except OSError:
            log.gone.set()
            return


def endless(handler: BaseHTTPRequestHandler, log: Log) -> None:
    """Goes on talking until it is left alone."""
    _open(handler)
    while not log.over.is_set():
        try:
            handler.wfile.write(_event({"content": "word "}))
        except OSError:
            log.gone.set()
            return


def hung_up(handler: BaseHTTPRequestHandler, log: Log) -> None:
    handler.connection.close()


def _open(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Type", "text/event-stream")
    handler.end_headers()


def _event(delta: Mapping[str, str]) -> bytes:
    chunk = {
        "id": "1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "m",
        "choices": [{"index": 0, "delta": delta, "finish_reason": None}],
    }
    return b"data: " + json.dumps(chunk).encode() + b"\n\n"
