"""Reads files in a process of its own, so that a hostile one can neither stop this one nor fill its memory.

The process is `python -m qa.documents.apart`: it takes a line of JSON with the path and the number of
bytes, then the bytes, and answers with a line of JSON, over and over until its input ends.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

from qa import errors
from qa.documents import formats
from qa.documents.formats.extract import Extract
from qa.errors import FileDamaged, FileTooLarge, LoadError

COMMAND = (sys.executable, "-P", "-m", "qa.documents.apart")
"""-P: nothing is imported from the folder that one is in, which may hold what is read."""
MAX_SECONDS = 120.0
"""Ten times what the longest PDF that is read takes on two cores."""
_MAX_MEMORY = 3_000_000_000
"""Bytes of addresses; an HTML page of the largest size takes half of it."""


class ReadingProcess:
    """Reads one file after the other; starts when there is one, and again after a file that ended it."""

    def __init__(self, max_seconds: float = MAX_SECONDS) -> None:
        self._max_seconds = max_seconds
        self._process: subprocess.Popen[bytes] | None = None
        self._interrupted = False

    def read(self, path: Path, content: bytes) -> Extract:
        """What `formats.read` gives, from the other process if the format asks for it.

        Raises a `LoadError`: also where the file takes too long, too much memory, or ends the process.
        """
        if not formats.format_of(path, len(content)).is_apart:
            return formats.read(path, content)
        process = self._process = self._process or _start()
        if self._interrupted:  # after it is known to `interrupt`: one of the two sees the other
            process.kill()
        late = threading.Event()

        def end() -> None:
            late.set()
            process.kill()

        timer = threading.Timer(self._max_seconds, end)
        timer.start()
        try:
            answer = _exchange(process, path, content)
        finally:
            timer.cancel()
        if answer is None:
            self.close()
            if late.is_set():
                raise FileTooLarge(
                    f"{path} takes over {self._max_seconds:.0f} s to read; split or simplify it."
                )
            raise FileDamaged(f"{path} makes the program that reads it fail; convert it to another format.")
        return _extract(answer)

    def interrupt(self) -> None:
        """End the process while another thread reads with it, which then fails, as all later reading does."""
        self._interrupted = True
        if self._process is not None:
            self._process.kill()

    def close(self) -> None:
        """End the process, if it runs."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def __enter__(self) -> ReadingProcess:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _start() -> subprocess.Popen[bytes]:
    # A session of its own: Ctrl-C is for this process, which then ends the other.
    return subprocess.Popen(
        COMMAND,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _exchange(process: subprocess.Popen[bytes], path: Path, content: bytes) -> dict[str, Any] | None:
    """The answer, or None if the process ended instead."""
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(json.dumps([str(path), len(content)]).encode() + b"\n" + content)
        process.stdin.flush()
        answer = process.stdout.readline()
    except BrokenPipeError:
        return None
    return json.loads(answer) if answer.endswith(b"\n") else None


def _extract(answer: dict[str, Any]) -> Extract:
    if "error" in answer:
        kind: type[LoadError] = getattr(errors, answer["error"])
        raise kind(answer["message"])
    return Extract(**{**answer, "pages": tuple(answer["pages"])})


def serve(requests: IO[bytes], answers: IO[bytes]) -> None:
    """Answer requests until there are no more."""
    while line := requests.readline():
        path, size = json.loads(line)
        answers.write(json.dumps(_answer(Path(path), requests.read(size))).encode() + b"\n")
        answers.flush()


def _answer(path: Path, content: bytes) -> dict[str, Any]:
    try:
        return asdict(formats.read(path, content))
    except LoadError as error:
        return {"error": type(error).__name__, "message": str(error)}
    except MemoryError:
        return {"error": "FileTooLarge", "message": f"{path} takes too much memory to read; split it."}


def _limit_memory() -> None:
    try:
        import resource
    except ImportError:  # not on Windows
        return
    resource.setrlimit(resource.RLIMIT_AS, (_MAX_MEMORY, _MAX_MEMORY))


if __name__ == "__main__":
    _limit_memory()
    serve(sys.stdin.buffer, sys.stdout.buffer)
