"""The files of an ingest → the documents to be indexed: read and split by several threads, in order.

What has not changed is told by a fingerprint of the file's bytes and passed over unread.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import takewhile
from pathlib import Path
from queue import SimpleQueue

from qa import formats
from qa.apart import ReadingProcess
from qa.catalog import FileRead, Known
from qa.errors import LoadError, NameInvalid, NameTaken
from qa.flow import in_order
from qa.index import Index
from qa.load import beside, load_lines, parse, read_beside, read_bytes, unreadable
from qa.metadata import parse_metadata
from qa.sources import Source
from qa.split import CountTokens, split
from qa.types import Document, Passage

_MAX_THREADS = 4
"""Files read at a time; the encoder wants the processors more than they do."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A file, or a line of one, that is not in the index as it stands, and why."""

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
class Done:
    """A file of `size` bytes is through: what it said came before, and `removed` it says no longer.

    `read` is None where it was passed over, or some of it could not be read.
    """

    size: int
    removed: tuple[str, ...] = ()
    read: FileRead | None = None


Item = Fresh | Done


@dataclass(frozen=True, slots=True)
class _Content:
    """What became of a file: `document` is None if it failed, has not changed, or holds a document a line."""

    source: Source
    size: int
    fingerprint: str | None = None
    has_changed: bool = False
    document: Document | None = None
    failure: LoadError | None = None


class Reading:
    """Reads files for `index`, and notes in `report` what becomes of each of their documents."""

    def __init__(self, index: Index, manifest: str, count_tokens: CountTokens, report: Report) -> None:
        self._index = index
        self._manifest = manifest
        self._count_tokens = count_tokens
        self.report = report
        self._claimed: dict[str, Source] = {}
        self._all_processes = [ReadingProcess() for _ in range(min(_MAX_THREADS, os.cpu_count() or 1))]
        self._processes: SimpleQueue[ReadingProcess] = SimpleQueue()
        self._interrupted = threading.Event()

    def items(self, sources: Iterable[Source]) -> Iterator[Item]:
        """The documents to be indexed, and after those of a file that it is done."""
        with self._pool() as pool:
            begun = 2 * len(self._all_processes)
            contents = in_order(pool, self._read, sources, begun)
            fresh = (item for content in contents for item in self._items_of(content))
            going_on = takewhile(lambda _: not self._interrupted.is_set(), fresh)
            yield from in_order(pool, self.split, going_on, begun)

    def interrupt(self) -> None:
        """Let `items` end soon, in whatever thread it is being made."""
        self._interrupted.set()
        for process in self._all_processes:
            process.interrupt()

    def split(self, item: Item) -> Item:
        """A document with its passages; anything else as it is."""
        return (
            replace(item, passages=split(item.document, self._count_tokens))
            if isinstance(item, Fresh)
            else item
        )

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

    def _read(self, source: Source) -> _Content:
        size = 0
        try:
            if self._interrupted.is_set():
                raise LoadError(f"{source.path} was not read any more.")
            _check_name(source)
            try:
                size = source.path.stat().st_size
                return (
                    self._read_many(source, size)
                    if formats.holds_many(source.path)
                    else self._read_one(source, size)
                )
            except OSError as error:
                raise unreadable(source.path, error) from error
        except LoadError as error:
            return _Content(source, size, failure=error)

    def _read_one(self, source: Source, size: int) -> _Content:
        formats.format_of(source.path, size)  # before reading what may be gigabytes of a film
        metadata, content = read_beside(source.path), read_bytes(source.path)
        fingerprint = _fingerprint(source, metadata, hashlib.sha256(content).hexdigest())
        if fingerprint == self._index.fingerprint(source.origin, source.uri):
            return _Content(source, size, fingerprint)
        given = parse_metadata(beside(source.path), metadata) if metadata is not None else {}
        process = self._processes.get()
        try:
            document = parse(source.path, content, source.document_id, source.uri, given, process.read)
        finally:
            self._processes.put(process)
        return _Content(source, size, fingerprint, has_changed=True, document=document)

    def _read_many(self, source: Source, size: int) -> _Content:
        with source.path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        fingerprint = _fingerprint(source, read_beside(source.path), digest)
        has_changed = fingerprint != self._index.fingerprint(source.origin, source.uri)
        return _Content(source, size, fingerprint, has_changed)

    def _items_of(self, content: _Content) -> Iterator[Item]:
        source, report = content.source, self.report
        if content.failure is not None:
            report.failed.append(Failure(source.path, str(content.failure)))
            yield Done(content.size)
        elif not content.has_changed:
            known = self._index.of_file(source.origin, source.uri)
            report.unchanged += [one for one, before in known.items() if before.manifest == self._manifest]
            yield Done(content.size)
        else:
            before = set(self._index.of_file(source.origin, source.uri))
            failures = len(report.failed)
            found: set[str] = set()
            for document in self._documents(content):
                found.add(document.id)
                if self._has_changed(document, source):
                    yield Fresh(document, source.origin, source.uri)
            if len(report.failed) > failures:
                yield Done(content.size)
                return
            removed = tuple(sorted(before - found))
            report.removed += removed
            yield Done(content.size, removed, FileRead(source.origin, source.uri, content.fingerprint or ""))

    def _documents(self, content: _Content) -> Iterator[Document]:
        """The documents of a file whose ids are its own; the others are reported."""
        source = content.source
        try:
            lines = load_lines(source.path, source.document_id, source.uri)
            for document in [content.document] if content.document else lines:
                try:
                    if isinstance(document, LoadError):
                        raise document
                    self._claim(document.id, source)
                except LoadError as error:
                    self.report.failed.append(Failure(source.path, str(error)))
                else:
                    yield document
        except LoadError as error:
            self.report.failed.append(Failure(source.path, str(error)))

    def _has_changed(self, document: Document, source: Source) -> bool:
        before = self._index.known([document.id]).get(document.id)
        if before == Known(replace(document, text=""), source.origin, source.uri, self._manifest):
            self.report.unchanged.append(document.id)
            return False
        (self.report.changed if before else self.report.added).append(document.id)
        return True

    def _claim(self, document_id: str, source: Source) -> None:
        """Raise `NameTaken` where another file that is still there has the id."""
        claimed = self._claimed.get(document_id)
        if claimed is not None:
            other = f"another line of {source.uri}" if claimed is source else claimed.uri
            raise _taken(source, document_id, claimed.origin, other)
        before = self._index.known([document_id]).get(document_id)
        if before is not None and (before.origin, before.file) != (source.origin, source.uri):
            root = source.path.parents[source.uri.count("/")]
            if before.origin != source.origin or (root / before.file).exists():
                raise _taken(source, document_id, before.origin, before.file)
        self._claimed[document_id] = source


def _taken(source: Source, document_id: str, origin: str, file: str) -> NameTaken:
    owner = f"to {file}" if origin == source.origin else f"to a document from {origin}"
    return NameTaken(f"{source.path}: the id '{document_id}' belongs {owner}; rename the file.")


def _check_name(source: Source) -> None:
    try:
        source.uri.encode()
    except UnicodeEncodeError as error:
        raise NameInvalid(f"{source.path!r}: the name is not UTF-8; rename the file.") from error


def _fingerprint(source: Source, metadata: bytes | None, digest: str) -> str:
    """Changes with all that makes a document: the bytes of its file, the metadata, its name, the readers."""
    parts = (str(formats.VERSION), source.document_id, source.uri, digest)
    return hashlib.sha256(
        "\0".join(parts).encode() + b"\0" + (b"-" if metadata is None else b"+" + metadata)
    ).hexdigest()
