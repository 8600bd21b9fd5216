"""`qa serve` as it is installed, in a process of its own, for tests of what becomes of the process."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx

_TO_START = 120.0


@dataclass(frozen=True)
class Served:
    """A service that answers at `url`."""

    url: str
    process: subprocess.Popen[bytes]

    def memory(self) -> float:
        """Its memory in MB that is not on disk."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.partition("RssAnon:")[2].split()[0]) / 1000

    def descriptors(self) -> int:
        """How many files and connections it has open."""
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def ended(self) -> int:
        """Ask it to end as systems do; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)


@contextmanager
def served(
    folder: Path,
    prepare: Callable[[], None] | None = None,
    variables: Mapping[str, str] | None = None,
    **settings: str,
) -> Iterator[Served]:
    """The service over `folder`/corpus; `prepare` runs in its process before it starts."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    own = {"corpus": folder / "corpus", "index": folder / "index", "port": port, **settings}
    environment = {name: value for name, value in os.environ.items() if not name.startswith("QA_")}
    environment |= variables or {}
    environment |= {f"QA_{name.upper()}": str(value) for name, value in own.items()}
    command = [str(Path(sys.executable).parent / "qa"), "serve"]
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=log, stderr=log, preexec_fn=prepare
        )
    service = Served(f"http://127.0.0.1:{port}", process)
    try:
        _wait_for(service)
        yield service
    finally:
        process.kill()
        process.wait()


def _wait_for(service: Served) -> None:
    deadline = time.monotonic() + _TO_START
    while time.monotonic() < deadline:
        assert service.process.poll() is None, "the service ended"
        with suppress(httpx.TransportError):
            if httpx.get(service.url + "/readyz").status_code == 200:
                return
        time.sleep(0.05)
    raise AssertionError("the service does not answer")
