"""A Chroma server in a process of its own, to be killed and started again."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx


class ChromaProcess:
    """`chroma run` on a free port of this machine; use it in `with`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        # What the command 'chroma' runs, without the seconds of importing the rest of the package.
        program = "import sys, chromadb_rust_bindings; chromadb_rust_bindings.cli(['chroma', *sys.argv[1:]])"
        arguments = ["run", "--path", str(self._folder), "--host", "127.0.0.1", "--port", str(self._port)]
        self._process = subprocess.Popen(
            [sys.executable, "-c", program, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        for _ in range(600):
            try:
                httpx.get(f"{self.url}/api/v2/heartbeat")
                return
            except httpx.TransportError:
                assert self._process.poll() is None, "the Chroma server did not start"
                time.sleep(0.05)
        raise AssertionError("the Chroma server does not answer")

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def __enter__(self) -> ChromaProcess:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
