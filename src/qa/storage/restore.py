"""Makes Chroma hold what SQLite says, from the vectors that SQLite keeps: no text is encoded again."""

from __future__ import annotations

from collections.abc import Callable

from qa.errors import IndexDamaged
from qa.storage.store import Store
from qa.storage.vectors import Vectors

SAMPLE = 16
"""Vectors that must be there as an index is opened: a graph that lost its files lacks some."""


def restore(
    store: Store,
    vectors: Vectors,
    manifest: str,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> None:
    """Make Chroma hold exactly the vectors of the passages made by `manifest`, from those in SQLite.

    It begins anew where Chroma can't give what it says it holds. `progress` is called with the
    passages done and those in all.
    """
    try:
        _fill(store, vectors, manifest, progress)
        found = vectors.holds(store.vectors.spread(manifest, SAMPLE))
    except IndexDamaged:
        found = False
    if not found:
        vectors.clear()
        _fill(store, vectors, manifest, progress)
    store.count_write()  # what others have open is not this


def _fill(store: Store, vectors: Vectors, manifest: str, progress: Callable[[int, int], None]) -> None:
    held, wanted = vectors.ids(), store.vectors.ids(manifest)
    vectors.delete(sorted(held - wanted))
    done = 0
    for batch in store.vectors.batches(manifest):
        same = vectors.compared(batch)
        lacking = [n for n, one in enumerate(batch.ids) if not same.get(one)]
        vectors.upsert(
            [batch.ids[n] for n in lacking],
            batch.vectors[lacking],
            [batch.document_ids[n] for n in lacking],
        )
        done += len(batch.ids)
        progress(done, len(wanted))
