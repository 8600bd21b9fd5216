"""ingest(paths): load → split → embed → index, for what has changed, and nothing twice."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from qa.errors import CorpusMissing, LoadError
from qa.index import Index, manifest_of
from qa.instructions import as_read
from qa.interfaces import Embedder
from qa.load import load
from qa.sources import Scan, Source, scan
from qa.split import split
from qa.store import Entry, Known
from qa.types import Document, Passage

_BATCH_PASSAGES = 256
"""Passages encoded and written together: enough to fill the encoder, little to do again after a kill."""

Progress = Callable[[int, int], None]
"""Called with the passages done and the passages in all."""

EmbedderFor = Callable[[int], Embedder]
"""Gives the encoder that suits a number of passages."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A file that is not in the index as it stands, and why."""

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
class _Work:
    """A document to be indexed, split already."""

    document: Document
    origin: str
    passages: tuple[Passage, ...]


def ingest(
    paths: Sequence[Path],
    *,
    corpus: Path,
    index_folder: Path,
    reader: Embedder,
    embedder_for: EmbedderFor,
    progress: Progress = lambda done, total: None,
) -> Report:
    """Make the index hold what the files at `paths` say.

    Unchanged files are skipped, changed ones replaced, and documents whose file is gone removed.
    A file that can't be read is reported, and what was indexed of it before stays. `reader` counts
    word pieces, `embedder_for` gives the encoder of the passages; both are of one vector space.
    Raises `CorpusMissing` for a path that isn't there or holds no file, `IndexBusy` or `IndexForeign`.
    """
    scans = [_nonempty(scan(path, corpus), path) for path in paths]
    with Index.write(index_folder, reader) as index:
        report = Report()
        changed = _changed(scans, index, manifest_of(reader), report)
        index.remove(report.removed)
        index_documents(changed, index, reader, embedder_for, progress)
    return report


def index_documents(
    documents: Iterable[tuple[Document, str]],
    index: Index,
    reader: Embedder,
    embedder_for: EmbedderFor,
    progress: Progress = lambda done, total: None,
) -> None:
    """Split, encode and put in documents, each with its origin, in the place of what has its id."""
    work = [_Work(document, origin, split(document, reader.count_tokens)) for document, origin in documents]
    total = sum(len(one.passages) for one in work)
    embedder = embedder_for(total)
    done = 0
    progress(done, total)
    for batch in _batches(work):
        _index(batch, index, embedder)
        done += sum(len(one.passages) for one in batch)
        progress(done, total)


def _nonempty(found: Scan, path: Path) -> Scan:
    # An unmounted folder looks empty; taking it at its word would remove every document.
    if not found.sources:
        raise CorpusMissing(
            f"{path} holds no document; put documents there or name another folder (QA_CORPUS)."
        )
    return found


def _changed(
    scans: Iterable[Scan], index: Index, manifest: str, report: Report
) -> Iterable[tuple[Document, str]]:
    """The documents to index, with their origins; what becomes of each is noted in `report`."""
    known = index.known()
    whole = index.is_whole()
    changed: dict[str, tuple[Document, str]] = {}
    for one in scans:
        report.removed += _gone(one, known)
        for source in one.sources:
            try:
                document = _load(source, known, changed)
            except LoadError as error:
                report.failed.append(Failure(source.path, str(error)))
                continue
            before = known.get(document.id)
            if before == Known(replace(document, text=""), source.origin, manifest) and whole:
                report.unchanged.append(document.id)
            else:
                (report.changed if before else report.added).append(document.id)
                changed[document.id] = document, source.origin
    for document_id, before in known.items():
        outdated = before.manifest != manifest or not whole
        if outdated and document_id not in changed and document_id not in report.removed:
            report.changed.append(document_id)
            changed[document_id] = index.document(document_id), before.origin
    return changed.values()


def _gone(one: Scan, known: dict[str, Known]) -> list[str]:
    standing = {source.document_id for source in one.sources}
    return sorted(
        document_id
        for document_id, before in known.items()
        if one.prefix is not None
        and before.origin == one.origin
        and document_id.startswith(one.prefix)
        and document_id not in standing
    )


def _load(source: Source, known: dict[str, Known], changed: dict[str, tuple[Document, str]]) -> Document:
    before = known.get(source.document_id)
    _, origin = changed.get(source.document_id, (None, before.origin if before else source.origin))
    if origin != source.origin:
        raise LoadError(
            f"{source.path}: the id '{source.document_id}' belongs to a document from {origin};"
            " rename the file."
        )
    try:
        source.document_id.encode()
    except UnicodeEncodeError as error:
        raise LoadError(f"{source.path!r}: the name is not UTF-8; rename the file.") from error
    return load(source.path, source.document_id, source.uri)


def _batches(work: Iterable[_Work]) -> Iterator[list[_Work]]:
    batch: list[_Work] = []
    size = 0
    for one in work:
        batch.append(one)
        size += len(one.passages)
        if size >= _BATCH_PASSAGES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _index(batch: Sequence[_Work], index: Index, embedder: Embedder) -> None:
    passages = [passage for one in batch for passage in one.passages]
    spans = [[(passage.start, passage.end) for passage in one.passages] for one in batch]
    texts = [as_read(one.document.text, own) for one, own in zip(batch, spans, strict=True)]
    encodings = embedder.encode([text for own in texts for text in own])
    entries = []
    tokens = iter(encoding.tokens for encoding in encodings)
    for one in batch:
        own = tuple(next(tokens) for _ in one.passages)
        entries.append(Entry(one.document, one.origin, manifest_of(embedder), one.passages, own))
    vectors = np.array([encoding.vector for encoding in encodings], dtype=np.float32)
    index.replace(entries, vectors.reshape(len(passages), embedder.dimension))
