"""Kills `qa ingest` and `qa documents rm` at random moments, and looks at what is left of the index.

The victim is a process of its own that runs the command line; only its encoder is a fake, and what
takes seconds to import is in the process that it is forked from. `make torture` runs hundreds of
these, tests/test_kills.py a few.
"""

from __future__ import annotations

import importlib
import multiprocessing
import os
import random
import shutil
import signal
import sqlite3
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from fakes import FakeEmbedder
from indexing import INDEX, answers, examined, run
from qa.storage import vectors
from qa.storage.chroma import HALF_SAVED
from qa.storage.index import Index
from qa.sync.uploads import add, read_upload
from qa.types import Document

Operation = Literal["ingest", "update", "delete", "remove an upload"]
OPERATIONS: tuple[Operation, ...] = ("ingest", "update", "delete", "remove an upload")

POINTS = (
    "qa.storage.store:Store.announce",
    "qa.storage.store:Store.write",
    "qa.storage.store:Store.settle",
    "qa.storage.vectors:Vectors.upsert",
    "qa.storage.vectors:Vectors.delete",
    "chromadb:Collection.upsert",
    "chromadb:Collection.delete",
)
"""Functions that a victim may kill itself before or after; else it is killed by the clock."""

SMALL_GRAPH = vectors.HNSW | {"sync_threshold": 8, "batch_size": 4}
"""Makes Chroma save the graph of a small index every few vectors, as it does that of a large one."""

_UPLOAD = "note"
_WORDS = ["harbour", "tower", "river", "bridge", "market", "garden", "mill", "castle"]

State = dict[str, tuple[object, ...]]
"""Of each document its text, and the places and texts of its passages."""


@dataclass(frozen=True)
class Moment:
    """When a victim dies: after `seconds`, or at the `call`-th call of `point`, before or `after` it."""

    seconds: float | None = None
    point: str = ""
    call: int = 1
    after: bool = False

    @classmethod
    def at_random(cls, chance: random.Random, longest: float) -> Moment:
        if chance.random() < 0.5:
            return cls(seconds=chance.uniform(0.0, longest))
        return cls(point=chance.choice(POINTS), call=chance.randint(1, 3), after=chance.random() < 0.5)


@dataclass(frozen=True)
class Outcome:
    """What a kill has led to.

    `loss` says which document, passage, vector or answer is not as it should be; `leftovers` are
    vectors that belong to nothing, `half_saved` is a graph that the next run makes again.
    """

    operation: Operation
    moment: Moment
    killed: bool
    leftovers: bool = False
    half_saved: bool = False
    loss: str = ""


class Bench:
    """Corpora before and after each operation, with the results of undisturbed runs."""

    def __init__(self, folder: Path, chroma_url: str = "") -> None:
        self._work = folder / "work"
        self._url = chroma_url
        self._forking = multiprocessing.get_context("forkserver")
        self._forking.set_forkserver_preload(["kills", "qa.build", "qa.cli"])
        self._expected: dict[Operation, tuple[State, dict[str, object]]] = {}
        self._seconds: dict[Operation, float] = {}
        self._run(
            "ingest", self._prepared("ingest"), Moment(seconds=600)
        )  # starts what others are forked from
        for operation in OPERATIONS:
            corpus = self._prepared(operation)
            start = time.perf_counter()
            assert self._run(operation, corpus, Moment(seconds=600)) == 0
            self._seconds[operation] = time.perf_counter() - start
            self._expected[operation] = state(corpus), answers(corpus, self._url)

    def trial(self, operation: Operation, chance: random.Random) -> Outcome:
        """Kill the operation once, and see that the next run completes it."""
        corpus = self._prepared(operation)
        before, (after, result) = state(corpus), self._expected[operation]
        moment = Moment.at_random(chance, self._seconds[operation])
        code = self._run(operation, corpus, moment)
        leftovers, half_saved, loss = self._examined(corpus)
        if code not in {0, -signal.SIGKILL}:
            loss = f"it ended with {code}"
        for one in before.keys() | after.keys():
            if state(corpus).get(one) not in {before.get(one), after.get(one)}:
                loss = f"'{one}' is neither as before nor as after"
        self._complete(operation, corpus)
        left, still_half_saved, flaw = self._examined(corpus)
        if left or still_half_saved or flaw:
            loss = loss or f"after the next run: {flaw or ('leftovers' if left else 'half a graph')}"
        elif (state(corpus), answers(corpus, self._url)) != (after, result):
            loss = loss or "the next run leads to something else than an undisturbed one"
        return Outcome(operation, moment, code == -signal.SIGKILL, leftovers, half_saved, loss)

    def _prepared(self, operation: Operation) -> Path:
        """A corpus in a new folder, changed, with the index as it was before the change."""
        shutil.rmtree(self._work, ignore_errors=True)
        corpus = self._work / "corpus"
        corpus.mkdir(parents=True)
        for n in range(8):
            _write(corpus, n, "first")
        if operation == "ingest":
            return corpus
        run(corpus, url=self._url)
        with Index.write(self._work / INDEX, FakeEmbedder(), self._url) as index:
            (note,) = read_upload(f"{_UPLOAD}.txt", b"A note on the ferry. " * 40)
            assert isinstance(note, Document)
            add([note], index, FakeEmbedder(), corpus)
        for n in range(4):
            if operation == "update":
                _write(corpus, n, "second")
                _write(corpus, n + 8, "new")
            elif operation == "delete":
                (corpus / f"doc{n}.txt").unlink()
        return corpus

    def _run(self, operation: Operation, corpus: Path, moment: Moment) -> int:
        """Run the operation in a process, to be killed at `moment`; its exit code."""
        arguments = ["documents", "rm", _UPLOAD] if operation == "remove an upload" else ["ingest", "--quiet"]
        process = self._forking.Process(target=_victim, args=(corpus, self._url, arguments, moment))
        process.start()
        process.join(moment.seconds)
        process.kill()
        process.join()
        assert process.exitcode is not None
        return process.exitcode

    def _examined(self, corpus: Path) -> tuple[bool, bool, str]:
        """Whether there are leftovers, whether the graph is half saved, and what else is wrong."""
        if not state(corpus):
            return False, False, ""  # killed before there was an index, or a document in it
        diagnosis = examined(corpus.parent / INDEX, self._url)
        wrong = [one for one in diagnosis.checks if not one.ok]
        half_saved = [one for one in wrong if one.found.startswith(HALF_SAVED)]
        other = "; ".join(f"{one.name}: {one.found}" for one in wrong if one not in half_saved)
        return diagnosis.leftovers > 0, bool(half_saved), other

    def _complete(self, operation: Operation, corpus: Path) -> None:
        if operation == "remove an upload" and _UPLOAD in state(corpus):
            self._run(operation, corpus, Moment(seconds=600))
        else:
            run(corpus, url=self._url)


def _write(corpus: Path, n: int, version: str) -> None:
    word = _WORDS[n % len(_WORDS)]
    sentences = (f"The {version} {word} number {n} has part {part} of it. " for part in range(n * 7 + 5))
    (corpus / f"doc{n}.txt").write_text("".join(sentences))


def state(corpus: Path) -> State:
    """What is in the index beside `corpus`."""
    database = corpus.parent / INDEX / "qa.sqlite3"
    if not database.is_file():
        return {}
    connection = sqlite3.connect(database)
    try:
        if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'documents'").fetchall():
            return {}
        found: State = {}
        for one, *rest in connection.execute("SELECT id, text, sha256, origin, manifest FROM documents"):
            passages = connection.execute(
                'SELECT id, start, "end", text FROM passages WHERE document_id = ? ORDER BY start', (one,)
            )
            found[one] = (*rest, *passages.fetchall())
        return found
    finally:
        connection.close()


def _victim(corpus: Path, url: str, arguments: list[str], moment: Moment) -> None:
    """Runs in the process that is killed."""
    from qa import build, cli
    from qa.sync import writing

    os.chdir(corpus.parent)
    os.environ.update(QA_CORPUS=str(corpus), QA_INDEX=str(corpus.parent / INDEX), QA_CHROMA_URL=url)
    changes: dict[str, Any] = {"OnnxEmbedder": FakeEmbedder, "TorchEmbedder": FakeEmbedder}
    for name, value in changes.items():
        setattr(build, name, value)
    writing._CHUNK_PASSAGES = 8  # several writes, as a large corpus has
    vectors.HNSW = SMALL_GRAPH
    if moment.point:
        _mine(moment)
    with open(os.devnull, "w") as nowhere:
        sys.stdout = sys.stderr = nowhere
        sys.argv = ["qa", *arguments]
        cli.main()


def _mine(moment: Moment) -> None:
    module, _, path = moment.point.partition(":")
    kind, _, name = path.partition(".")
    owner = getattr(importlib.import_module(module), kind)
    original: Callable[..., object] = getattr(owner, name)
    calls = 0

    def mined(*arguments: object, **named: object) -> object:
        nonlocal calls
        calls += 1
        if calls == moment.call and not moment.after:
            os.kill(os.getpid(), signal.SIGKILL)
        result = original(*arguments, **named)
        if calls == moment.call:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(owner, name, mined)
