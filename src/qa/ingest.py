"""ingest(paths): load → split → embed → index, for what has changed, and nothing twice.

Files are read and split in some threads and processes, passages encoded in another, and the index is
written by the thread that calls: each works ahead of the next by a bounded amount, so that memory does
not grow with the folder.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

from qa.errors import CorpusMissing
from qa.flow import ahead
from qa.index import Index, manifest_of
from qa.interfaces import Embedder
from qa.reading import Fresh, Item, Reading, Report
from qa.sources import Scan, scan
from qa.writing import AHEAD, EmbedderFor, OnProgress, Progress, Writer, chunks, encoded


def ingest(
    paths: Sequence[Path],
    *,
    corpus: Path,
    index_folder: Path,
    chroma_url: str = "",
    reader: Embedder,
    embedder_for: EmbedderFor,
    progress: OnProgress = lambda done: None,
) -> Report:
    """Make the index hold what the files at `paths` say.

    Unchanged files are skipped, changed ones replaced, and documents whose file is gone removed.
    A file that can't be read is reported, and what was indexed of it before stays. `reader` counts
    word pieces, `embedder_for` gives the encoder of the passages; both are of one vector space.
    Raises `CorpusMissing` for a path that isn't there or holds no file, `IndexBusy` or `IndexForeign`.
    """
    scans = _distinct([scan(path, corpus, index_folder) for path in paths])
    total = _total(scans)
    manifest = manifest_of(reader)
    report = Report()
    with Index.write(index_folder, reader, chroma_url) as index:
        writer = Writer(index, manifest, total, progress)
        reading = Reading(index, manifest, reader.count_tokens, report)
        with (
            closing(ahead(chunks(_items(scans, index, manifest, reading)), AHEAD)) as read,
            closing(ahead(encoded(read, embedder_for), 2)) as made,
        ):
            try:
                for chunk, encodings in made:
                    writer.add(chunk, encodings)
            except BaseException:
                reading.interrupt()  # else this would wait for the file that is being read
                raise
        gone = _gone(scans, index)
        index.remove(gone)
        report.removed += gone
    return report


def index_documents(documents: Iterable[Fresh], index: Index, embedder: Embedder) -> None:
    """Split, encode and put in documents, each in the place of what has its id."""
    manifest = manifest_of(embedder)
    writer = Writer(index, manifest)
    reading = Reading(index, manifest, embedder.count_tokens, Report())
    for chunk, encodings in encoded(chunks(map(reading.split, documents)), lambda _: embedder):
        writer.add(chunk, encodings)


def _distinct(scans: Sequence[Scan]) -> list[Scan]:
    """The scans without those that lie in another."""
    once = list({one.path: one for one in scans}.values())
    paths = {one.path for one in once}
    return [one for one in once if paths.isdisjoint(one.path.parents)]


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
            raise CorpusMissing(
                f"{one.path} holds no document; put documents there or name another folder (QA_CORPUS)."
            )
    return Progress(files_total=files, bytes_total=size)


def _items(scans: Sequence[Scan], index: Index, manifest: str, reading: Reading) -> Iterator[Item]:
    """What is to be put in: what files say, then what was indexed otherwise than now and no file told of."""
    yield from reading.items(source for one in scans for source in one.sources)
    report = reading.report
    handled = {*report.added, *report.changed, *report.removed, *_gone(scans, index)}
    for document_id in index.outdated(manifest):
        if document_id not in handled:
            before = index.known([document_id])[document_id]
            report.changed.append(document_id)
            yield reading.split(Fresh(index.document(document_id), before.origin, before.file))


def _gone(scans: Sequence[Scan], index: Index) -> list[str]:
    """The documents whose file is there no longer."""
    gone: list[str] = []
    for one in scans:
        if one.prefix is not None:
            files = [file for file in index.files(one.origin, one.prefix) if one.is_gone(file)]
            gone += [document_id for file in files for document_id in index.of_file(one.origin, file)]
    return sorted(gone)
