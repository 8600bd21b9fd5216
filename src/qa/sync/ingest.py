"""ingest(paths): load → split → embed → index, for what has changed, and nothing twice.

Files are read and split in some threads and processes, passages encoded in another, and the index is
written by the thread that calls: each works ahead of the next by a bounded amount, so that memory does
not grow with the folder. A `Cluster` takes the place of all but the writer.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from itertools import chain, islice
from pathlib import Path

from qa.documents.sources import Scan, Source, holds_no_document, scan
from qa.documents.split import CountTokens
from qa.interfaces import Embedder
from qa.storage.index import Index, manifest_of
from qa.storage.packing import PackedEncoding
from qa.sync.flow import ahead
from qa.sync.noting import Noting
from qa.sync.reading import Done, Fresh, Item, Reading, Report, with_passages
from qa.sync.writing import (
    AHEAD,
    Chunk,
    EmbedderFor,
    Encoded,
    OnProgress,
    Piece,
    Progress,
    Writer,
    chunks,
    encoded,
)

Cluster = Callable[[Iterator[Source], Noting], Generator[Encoded]]
"""Reads, splits and encodes files elsewhere; its chunks hold what they say (`Told`), in order."""


def ingest(
    paths: Sequence[Path],
    *,
    corpus: Path,
    index_folder: Path,
    chroma_url: str = "",
    reader: Embedder,
    embedder_for: EmbedderFor,
    progress: OnProgress = lambda done: None,
    cluster: Cluster | None = None,
) -> Report:
    """Make the index hold what the files at `paths` say.

    Unchanged files are skipped, changed ones replaced, and documents whose file is gone removed.
    A file that can't be read is reported, and what was indexed of it before stays. `reader` counts
    word pieces, `embedder_for` gives the encoder of the passages; both are of one vector space. Where there
    is a `cluster`, files are read and encoded there.
    Raises `CorpusMissing` for a path that isn't there or holds no file, `IndexBusy` or `IndexForeign`.
    """
    scans = _distinct([scan(path, corpus, index_folder) for path in paths])
    total = _total(scans)
    manifest = manifest_of(reader)
    report = Report()
    with Index.write(index_folder, reader, chroma_url) as index:
        writer = Writer(index, manifest, total, progress)
        noting = Noting(index, manifest, report, corpus)
        if cluster is not None:
            with closing(cluster(_sources(scans), noting)) as elsewhere:
                for chunk, encodings in _noted(elsewhere, noting):
                    writer.add(chunk, encodings)
        reading = Reading(noting, reader.count_tokens)
        read_here = reading.items(() if cluster else _sources(scans))
        items = chain(read_here, _outdated(scans, index, manifest, report, reader.count_tokens))
        with (
            closing(ahead(chunks(items), AHEAD)) as read,
            closing(ahead(encoded(read, embedder_for), 2)) as made,
        ):
            try:
                for chunk, encodings in made:
                    writer.add(chunk, encodings)
            except BaseException:
                reading.interrupt()  # else this would wait for the file that is being read
                raise
        gone = _gone(scans, index, report)
        index.remove(gone)
        report.removed += gone
    return report


def index_documents(
    documents: Iterable[Fresh],
    index: Index,
    reader: Embedder,
    embedder_for: EmbedderFor,
    progress: OnProgress = lambda done: None,
) -> None:
    """Encode and put in documents, split already, each in the place of what has its id; see `ingest`."""
    writer = Writer(index, manifest_of(reader), progress=progress)
    for chunk, encodings in encoded(chunks(documents), embedder_for):
        writer.add(chunk, encodings)


def _distinct(scans: Sequence[Scan]) -> list[Scan]:
    """The scans without those that another one reads as well."""
    once = {one.path: one for one in scans}.values()
    return [one for one in once if not any(other.covers(one.path) for other in once)]


def _total(scans: Sequence[Scan]) -> Progress:
    """The files that there are. Raises `CorpusMissing` where a path has none.

    An unmounted folder looks empty; taking it at its word would remove every document.
    """
    files = size = 0
    for one in scans:
        before = files
        for source in one.sources:
            files += 1
            size += source.size()
        if files == before:
            raise holds_no_document(one.path)
    return Progress(files_total=files, bytes_total=size)


def _sources(scans: Sequence[Scan]) -> Iterator[Source]:
    return (source for one in scans for source in one.sources)


def _noted(elsewhere: Iterable[Encoded], noting: Noting) -> Iterator[Encoded]:
    """The chunks without the documents that are not to be put in."""
    item: Item | None = None
    for chunk, encodings in elsewhere:
        following = iter(encodings)
        pieces: Chunk = []
        theirs: list[PackedEncoding] = []
        for piece in chunk:
            of_piece = list(islice(following, piece.stop - piece.start))
            if piece.start == 0:
                assert not isinstance(piece.item, Done)
                item = noting.item(piece.item)
            if item is not None:
                pieces.append(Piece(item, piece.start, piece.stop))
                theirs += of_piece
        yield pieces, theirs


def _outdated(
    scans: Sequence[Scan], index: Index, manifest: str, report: Report, count_tokens: CountTokens
) -> Iterator[Item]:
    """What was indexed otherwise than now and no file told of."""
    handled = {*report.added, *report.changed, *report.removed, *_gone(scans, index, report)}
    for document_id in index.outdated(manifest):
        if document_id not in handled:
            before = index.known([document_id])[document_id]
            report.changed.append(document_id)
            fresh = Fresh(index.document(document_id), before.origin, before.file)
            yield with_passages(fresh, count_tokens)


def _gone(scans: Sequence[Scan], index: Index, report: Report) -> list[str]:
    """The documents whose file is there no longer."""
    gone: list[str] = []
    failed = {one.path for one in report.failed}
    for one in scans:
        if one.prefix is not None:
            files = one.gone([*index.files(one.origin, one.prefix)], failed)
            gone += [document_id for file in files for document_id in index.of_file(one.origin, file)]
    return sorted(gone)
