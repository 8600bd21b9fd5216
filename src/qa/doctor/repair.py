"""qa doctor --repair: mends what doctor found, from the text and the vectors that SQLite keeps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from qa.doctor import audit, column_types
from qa.doctor.doctor import Diagnosis, Progress
from qa.doctor.salvage import salvage
from qa.interfaces import Embedder
from qa.storage.folder import database_in, vectors_of, writing
from qa.storage.index import Index, manifest_of
from qa.storage.restore import restore
from qa.storage.store import Store
from qa.storage.vectors import Vectors
from qa.sync.ingest import index_documents
from qa.sync.reading import Fresh, with_passages
from qa.sync.writing import EmbedderFor

_AT_ONCE = 100


def repair(
    diagnosis: Diagnosis,
    folder: Path,
    reader: Embedder,
    embedder_for: EmbedderFor,
    chroma_url: str,
    progress: Progress = lambda name, done, total: None,
) -> list[str]:
    """Mend the index in `folder`; gives one sentence for each thing that was done, or that can't be.

    `reader` and `embedder_for` are those of `ingest`. Raises `IndexBusy`, `IndexUnwritable` or
    `IndexUnreachable`.
    """
    done: list[str] = []
    with writing(folder):
        if diagnosis.unreadable:
            done.append(_salvaged(folder))
        store = Store(database_in(folder))
        try:
            done += _mended(diagnosis, store)
            if diagnosis.vectors or diagnosis.graph:
                place = vectors_of(folder, store.identity(), chroma_url)
                restored = Vectors(place, reader.name, create=True)
                try:
                    if diagnosis.graph:
                        restored.clear()
                    restore(store, restored, manifest_of(reader), partial(progress, "vectors"))
                finally:
                    restored.close()
                done.append("Chroma has the stored vectors again.")
        finally:
            store.close()
    with Index.write(folder, reader, chroma_url) as index:
        done += _reindexed(index, reader, embedder_for, progress)
        if diagnosis.types or diagnosis.orphans or diagnosis.words:
            index.count_write()  # services remember how often words stand
    return done


def _salvaged(folder: Path) -> str:
    saved, lost = salvage(database_in(folder))
    return (
        f"The database was damaged: {saved} documents could be read and are in a new one,"
        f" {lost} or more could not; run 'qa ingest' to read those from their files again,"
        f" and upload again what was uploaded. The damaged file is kept beside it."
    )


def _mended(diagnosis: Diagnosis, store: Store) -> list[str]:
    done = []
    if diagnosis.types:
        concerned = column_types.turn_back(store.connection)
        audit.drop_orphans(store.connection)
        diagnosis.documents |= concerned
        named = f", in {_some(sorted(concerned))}" if concerned else ""
        done.append(
            f"Values of another type are turned back{named}: run 'qa ingest' to read the files again."
        )
    if diagnosis.orphans:
        audit.drop_orphans(store.connection)
        done.append(
            "Rows that belonged to nothing are deleted: run 'qa ingest' to read again what may be missing."
        )
    if diagnosis.words:
        audit.rebuild_words(store.connection)
        done.append("The index of words is made again from the passages.")
    if diagnosis.documents:
        altered = audit.take_as_they_are(store.connection, diagnosis.documents)
        if altered:
            done.append(
                f"What is stored of {_some(altered)} is not what was read, and counts as it is now:"
                " run 'qa ingest' to read the files again, and upload again what was uploaded."
            )
    return done


def _reindexed(index: Index, reader: Embedder, embedder_for: EmbedderFor, progress: Progress) -> list[str]:
    stale = index.outdated(index.manifest)
    if not stale:
        return []
    index_documents(_stored(index, stale, reader, progress), index, reader, embedder_for)
    return [f"{_some(stale)} indexed again from the stored text."]


def _stored(index: Index, stale: Sequence[str], reader: Embedder, progress: Progress) -> Iterator[Fresh]:
    """The documents of these ids, one after the other, split."""
    for done in range(0, len(stale), _AT_ONCE):
        progress("documents", done, len(stale))
        for one, was in index.known(stale[done : done + _AT_ONCE]).items():
            yield with_passages(Fresh(index.document(one), was.origin, was.file), reader.count_tokens)


def _some(ids: Sequence[str]) -> str:
    """Documents by name, of many the first."""
    named = ", ".join(f"'{one}'" for one in ids[:3])
    return f"{named} and {len(ids) - 3} more" if len(ids) > 3 else named
