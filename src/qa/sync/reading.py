"""The files of an ingest → the documents to be indexed: read and split by several threads, in order.

What has not changed is told by a fingerprint of the file's bytes and passed over unread. What a file says
(`told`) depends on the file alone; what it means to the index is for `noting`.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import chain, takewhile
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING

from qa.documents import formats
from qa.documents.apart import ReadingProcess
from qa.documents.load import Read, beside, load_lines, parse, read_beside, read_bytes, unreadable
from qa.documents.metadata import METADATA_SUFFIX, parse_metadata
from qa.documents.sources import Source, described_by
from qa.documents.split import CountTokens, split
from qa.errors import LoadError, MetadataInvalid, NameInvalid
from qa.processors import processors
from qa.storage.catalog import FileRead
from qa.sync.flow import in_order
from qa.types import Document, Passage

if TYPE_CHECKING:
    from qa.sync.noting import Noting

_MAX_THREADS = 4
"""Files read at a time; the encoder wants the processors more than they do."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A file, or a part of one, that is not in the index as it stands, and why."""

    path: Path
    reason: str


@dataclass(slots=True)
class Report:
    """What an ingest did, by document id."""

    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    failed: list[Failure] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Fresh:
    """A document to be indexed, with where it is from."""

    document: Document
    origin: str
    file: str
    passages: tuple[Passage, ...] = ()


@dataclass(frozen=True, slots=True)
class FileEnd:
    """All that a file of `size` bytes says came before; nothing if it `is_unchanged`.

    `fingerprint` is None if it could not be read.
    """

    origin: str
    file: str
    size: int
    fingerprint: str | None = None
    is_unchanged: bool = False


Told = Fresh | Failure | FileEnd
"""What a file says, in order."""


@dataclass(frozen=True, slots=True)
class Done:
    """A file of `size` bytes is through: what it said came before, and `removed` it says no longer.

    `read` is None where it was passed over, or some of it could not be read.
    """

    size: int
    removed: tuple[str, ...] = ()
    read: FileRead | None = None


Item = Fresh | Done


class Reading:
    """Reads files in threads, and has `noting` say what of them is to be indexed."""

    def __init__(self, noting: Noting, count_tokens: CountTokens) -> None:
        self._noting = noting
        self._count_tokens = count_tokens
        self._all_processes = [ReadingProcess() for _ in range(min(_MAX_THREADS, processors()))]
        self._processes: SimpleQueue[ReadingProcess] = SimpleQueue()
        self._interrupted = threading.Event()

    def items(self, sources: Iterable[Source]) -> Iterator[Item]:
        """The documents to be indexed, and after those of a file that it is done."""
        with self._pool() as pool:
            begun = 2 * len(self._all_processes)
            read = in_order(pool, self._read, sources, begun)
            items = self._noting.items(chain.from_iterable(read))
            going_on = takewhile(lambda _: not self._interrupted.is_set(), items)
            yield from in_order(pool, self.split, going_on, begun)

    def interrupt(self) -> None:
        """Let `items` end soon, in whatever thread it is being made."""
        self._interrupted.set()
        for process in self._all_processes:
            process.interrupt()

    def split(self, item: Item) -> Item:
        """A document with its passages; anything else as it is."""
        return with_passages(item, self._count_tokens) if isinstance(item, Fresh) else item

    @contextmanager
    def _pool(self) -> Iterator[ThreadPoolExecutor]:
        for process in self._all_processes:
            self._processes.put(process)
        pool = ThreadPoolExecutor(len(self._all_processes), thread_name_prefix="read")
        try:
            yield pool
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
            self.interrupt()
            pool.shutdown()
            for process in self._all_processes:
                process.close()

    def _read(self, source: Source) -> Iterable[Told]:
        process = self._processes.get()
        try:
            if self._interrupted.is_set():
                return ()
            return told(source, self._noting.fingerprint(source), process.read)
        finally:
            self._processes.put(process)


def told(source: Source, fingerprint: str | None, read: Read) -> Iterable[Told]:
    """What a file says; nothing where its fingerprint is still the one given.

    A file of a document a line is read as one asks, any other at once.
    """
    size = 0
    try:
        _check_name(source)
        _refuse_metadata(source.path)
        try:
            size = source.path.stat().st_size
            tell = _told_by_lines if formats.holds_many(source.path) else _told_by_one
            return tell(source, size, fingerprint, read)
        except OSError as error:
            raise unreadable(source.path, error) from error
    except LoadError as error:
        return Failure(source.path, str(error)), FileEnd(source.origin, source.uri, size)


def _told_by_one(source: Source, size: int, before: str | None, read: Read) -> Iterable[Told]:
    formats.format_of(source.path, size)  # before reading what may be gigabytes of a film
    metadata, content = read_beside(source.path), read_bytes(source.path)
    fingerprint = _fingerprint(source, metadata, hashlib.sha256(content).hexdigest())
    if fingerprint == before:
        return (FileEnd(source.origin, source.uri, size, fingerprint, is_unchanged=True),)
    given = parse_metadata(beside(source.path), metadata) if metadata is not None else {}
    document, left_out = parse(source.path, content, source.document_id, source.uri, given, read)
    fresh = Fresh(document, source.origin, source.uri)
    missing = [Failure(source.path, str(left_out))] if left_out else []
    return fresh, *missing, FileEnd(source.origin, source.uri, size, fingerprint)


def _told_by_lines(source: Source, size: int, before: str | None, _: Read) -> Iterable[Told]:
    with source.path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    fingerprint = _fingerprint(source, read_beside(source.path), digest)
    if fingerprint == before:
        return (FileEnd(source.origin, source.uri, size, fingerprint, is_unchanged=True),)
    return chain(_lines(source), (FileEnd(source.origin, source.uri, size, fingerprint),))


def _lines(source: Source) -> Iterator[Told]:
    try:
        for one in load_lines(source.path, source.document_id, source.uri):
            if isinstance(one, LoadError):
                yield Failure(source.path, str(one))
            else:
                yield Fresh(one, source.origin, source.uri)
    except LoadError as error:
        yield Failure(source.path, str(error))


def with_passages(fresh: Fresh, count_tokens: CountTokens) -> Fresh:
    """The document split."""
    return replace(fresh, passages=split(fresh.document, count_tokens))


def _check_name(source: Source) -> None:
    try:
        source.uri.encode()
    except UnicodeEncodeError as error:
        raise NameInvalid(f"{source.path!r}: the name is not UTF-8; rename the file.") from error


def _refuse_metadata(path: Path) -> None:
    if path.name.endswith(METADATA_SUFFIX) and (meant := described_by(path)):
        raise MetadataInvalid(
            f"{path} is not read: what describes {meant} is looked for in '{meant}{METADATA_SUFFIX}';"
            " rename it."
        )


def _fingerprint(source: Source, metadata: bytes | None, digest: str) -> str:
    """Changes with all that makes a document: the bytes of its file, the metadata, its name, the readers."""
    parts = (str(formats.VERSION), source.document_id, source.uri, digest)
    return hashlib.sha256(
        "\0".join(parts).encode() + b"\0" + (b"-" if metadata is None else b"+" + metadata)
    ).hexdigest()
