"""Holds Chroma's vectors against those in SQLite.

Chroma may crash as it reads damaged files, and would take the process with it: so doctor has this
done in a process of its own, `python -m qa.doctor.vector_check`.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from qa.doctor.recall import Recall
from qa.errors import IndexDamaged, IndexUnreachable
from qa.storage.folder import database_in, vectors_of
from qa.storage.store import Store
from qa.storage.vectors import Vectors

PROGRAM = [sys.executable, "-m", "qa.doctor.vector_check"]
_QUERIES = 50
"""Passages whose nearest are looked for, by Chroma and among all vectors."""


@dataclass(frozen=True, slots=True)
class VectorReport:
    """What Chroma holds; `problem` says why that can't be told, and, after a semicolon, what to do.

    `leftovers` are vectors that a process which was stopped has announced, and that belong to nothing:
    they never answer, and the next write deletes them. `extra` are those that nobody announced.
    """

    problem: str = ""
    unreachable: bool = False
    right: int = 0
    wrong: int = 0
    missing: int = 0
    extra: int = 0
    leftovers: int = 0
    recall: float = 1.0


Progress = Callable[[int, int], None]


def check_vectors(
    folder: Path, space: str, manifest: str, chroma_url: str, progress: Progress = lambda done, total: None
) -> VectorReport:
    """Compare the vectors of all passages made by `manifest`, encoded by the encoder `space`."""
    store = Store(database_in(folder))
    try:
        vectors = Vectors(vectors_of(folder, store.identity(), chroma_url), space)
        try:
            return _compared(store, vectors, manifest, progress)
        finally:
            vectors.close()
    except IndexUnreachable as error:
        return VectorReport(str(error), unreachable=True)
    except IndexDamaged as error:
        return VectorReport(str(error))
    finally:
        store.close()


def check_vectors_apart(
    folder: Path, space: str, manifest: str, chroma_url: str, progress: Progress = lambda done, total: None
) -> VectorReport:
    """As `check_vectors`, in a process of its own, which may crash."""
    arguments = [str(folder), space, manifest, chroma_url]
    report = None
    with subprocess.Popen([*PROGRAM, json.dumps(arguments)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            found = json.loads(line)
            if isinstance(found, list):
                progress(*found)
            else:
                report = VectorReport(**found)
    if report is None:
        return VectorReport(
            f"Chroma crashed as it read the vectors (exit code {process.returncode});"
            " run 'qa doctor --repair' to make them again."
        )
    return report


def _compared(store: Store, vectors: Vectors, manifest: str, progress: Progress) -> VectorReport:
    gone, kept = (set(ids) for ids in store.unsettled())
    held, wanted = vectors.ids(), store.vectors.ids(manifest)
    right = wrong = done = 0
    recall = Recall(store.vectors.spread(manifest, _QUERIES).vectors)
    for batch in store.vectors.batches(manifest):
        recall.see(batch.vectors)
        for one, is_right in vectors.compared(batch).items():
            if one not in kept:
                right, wrong = right + is_right, wrong + (not is_right)
        done += len(batch.ids)
        progress(done, len(wanted))
    return VectorReport(
        right=right,
        wrong=wrong,
        missing=len(wanted - held),
        extra=len(held - wanted - gone),
        leftovers=len(held & (gone | kept)),
        recall=recall.share(
            lambda query, k: [hit for hit in vectors.search(query, k + len(gone), None) if hit[0] not in gone]
        ),
    )


def _main(arguments: str) -> None:
    folder, space, manifest, chroma_url = json.loads(arguments)

    def say(found: object) -> None:
        sys.stdout.write(json.dumps(found) + "\n")
        sys.stdout.flush()

    say(asdict(check_vectors(Path(folder), space, manifest, chroma_url, lambda *done: say(done))))


if __name__ == "__main__":
    _main(sys.argv[1])
