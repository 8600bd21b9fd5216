"""qa doctor: whether every document, passage, word and vector of an index is there and right."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from qa.doctor import audit, column_types
from qa.doctor.audit import Flaw
from qa.doctor.sample import differences
from qa.doctor.vector_check import VectorReport
from qa.errors import IndexDamaged, IndexMissing
from qa.interfaces import Embedder
from qa.storage.folder import database_in, make_writable, refuse_foreign, writing
from qa.storage.index import manifest_of
from qa.storage.store import Store

_SAMPLED_DOCUMENTS = 10
"""They are split and encoded anew, which takes about a second."""

_RECALL = 0.5
"""Share of the nearest passages below which the graph must be damaged; whole ones are above 0.99, but for
texts that repeat each other."""

REPAIR = "run 'qa doctor --repair'"

Progress = Callable[[str, int, int], None]
"""Called with the name of the check, and with what it has done and has to do."""

CheckVectors = Callable[[Path, str, str, str, Callable[[int, int], None]], VectorReport]
"""Holds Chroma against SQLite: `qa.doctor.vector_check.check_vectors`, or that in a process of its own."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at; `todo` says what to do where it is not `ok`."""

    name: str
    ok: bool
    found: str
    todo: str = ""


@dataclass(slots=True)
class Diagnosis:
    """What was found, and what there is to mend.

    `leftovers` are vectors that belong to nothing and need no mending: see `VectorReport`.
    """

    checks: list[Check] = field(default_factory=list)
    unreadable: bool = False
    types: bool = False
    orphans: bool = False
    words: bool = False
    vectors: bool = False
    graph: bool = False
    leftovers: int = 0
    documents: set[str] = field(default_factory=set)

    @property
    def healthy(self) -> bool:
        """Whether nothing is wrong."""
        return all(one.ok for one in self.checks)

    def add(self, name: str, ok: bool, found: str, todo: str = REPAIR) -> bool:
        """Note a check; gives `ok`."""
        self.checks.append(Check(name, ok, found, "" if ok else todo))
        return ok


def examine(
    folder: Path,
    embedder: Embedder,
    chroma_url: str,
    check_vectors: CheckVectors,
    progress: Progress = lambda name, done, total: None,
) -> Diagnosis:
    """Look at all of the index in `folder`; nobody may write it meanwhile.

    Raises `IndexMissing`, `IndexStale`, `IndexForeign` or `IndexBusy`.
    """
    refuse_foreign(folder)
    if not database_in(folder).is_file():
        raise IndexMissing(f"There is no index in {folder}; run 'qa ingest' to build it.")
    make_writable(folder)
    diagnosis = Diagnosis()
    with writing(folder):
        try:
            store = Store(database_in(folder))
        except IndexDamaged as error:
            diagnosis.unreadable = True
            diagnosis.add("database", False, *_parted(str(error)))
            return diagnosis
        try:
            _examine_store(store, embedder, diagnosis, progress)
        finally:
            store.close()
        if any(one.ok for one in diagnosis.checks if one.name == "stored vectors"):
            _examine_vectors(folder, embedder, chroma_url, check_vectors, diagnosis, progress)
    return diagnosis


def _parted(message: str) -> tuple[str, str]:
    """What an error says is wrong, and what it says to do."""
    what, _, todo = message.partition("; ")
    return what, todo.rstrip(".")


def _examine_store(store: Store, embedder: Embedder, diagnosis: Diagnosis, progress: Progress) -> None:
    connection = store.connection
    progress("database", 0, 1)
    damage = audit.damage(connection)
    if not diagnosis.add("database", not damage, damage or "the file is sound"):
        diagnosis.unreadable = True
        return
    mistyped = column_types.mistyped(connection)
    found = f"values of another type: {', '.join(mistyped)}" if mistyped else "each value is of its column's"
    if not diagnosis.add("types", not mistyped, found):
        diagnosis.types = True  # nothing else can be told before they are turned back
        return
    documents, passages = store.counts()
    if not documents:
        diagnosis.add("documents", False, "there is none", "run 'qa ingest'")
        return
    lost = audit.orphans(connection)
    diagnosis.orphans = not diagnosis.add(
        "belonging", not lost, f"{lost} rows belong to nothing" if lost else "every row belongs to a document"
    )
    each = (
        ("documents", documents, audit.document_flaws(connection), "the text that its SHA-256 names"),
        ("passages", passages, audit.passage_flaws(connection), "byte for byte the text at its place"),
        ("coverage", documents, audit.coverage_flaws(connection), "whole in its passages"),
        ("token vectors", passages, audit.token_flaws(connection, embedder.dimension), "one a word piece"),
        ("stored vectors", passages, audit.vector_flaws(connection, embedder.dimension), "of length 1"),
    )
    for name, total, flaws, promise in each:
        _note_flaws(diagnosis, name, total, flaws, promise, progress)
    wrong = audit.words_flaw(connection)
    diagnosis.words = not diagnosis.add("words", not wrong, wrong or f"those of {passages} passages")
    _examine_manifest(store, embedder, diagnosis)
    _examine_sample(store, embedder, diagnosis, progress)


def _note_flaws(
    diagnosis: Diagnosis,
    name: str,
    total: int,
    flaws: Iterable[Flaw | None],
    promise: str,
    progress: Progress,
) -> None:
    found: list[Flaw] = []
    for done, flaw in enumerate(flaws):
        if done % 1000 == 0:
            progress(name, done, total)
        if flaw is not None:
            found.append(flaw)
    diagnosis.documents |= {one.document_id for one in found}
    diagnosis.add(name, not found, _listed(found, total) if found else f"{total}, each {promise}")


def _listed(flaws: Sequence[Flaw], total: int) -> str:
    first = f"'{flaws[0].document_id}': {flaws[0].what}"
    return f"{len(flaws)} of {total} are wrong, as in {first}"


def _examine_manifest(store: Store, embedder: Embedder, diagnosis: Diagnosis) -> None:
    others = [one for one in store.manifests() if one != manifest_of(embedder)]
    named = ", ".join(one or "an earlier version" for one in others)
    diagnosis.add(
        "manifest",
        not others,
        f"some documents were indexed with {named}" if others else manifest_of(embedder),
        "run 'qa ingest'",
    )


def _examine_sample(store: Store, embedder: Embedder, diagnosis: Diagnosis, progress: Progress) -> None:
    """Split and encode some documents again, and compare."""
    ids = audit.document_ids(store.connection, manifest_of(embedder))
    ids = [one for one in ids if one not in diagnosis.documents]
    chosen = random.sample(ids, min(_SAMPLED_DOCUMENTS, len(ids)))
    wrong: list[Flaw] = []
    compared = 0
    for done, document_id in enumerate(chosen):
        progress("encoder", done, len(chosen))
        encoded, what = differences(store, embedder, document_id)
        compared += encoded
        if what:
            wrong.append(Flaw(document_id, what))
    diagnosis.documents |= {one.document_id for one in wrong}
    right = f"{compared} passages of {len(chosen)} documents drawn at random are what encoding them gives"
    diagnosis.add("encoder", not wrong, _listed(wrong, len(chosen)) if wrong else right)


def _examine_vectors(
    folder: Path,
    embedder: Embedder,
    chroma_url: str,
    check_vectors: CheckVectors,
    diagnosis: Diagnosis,
    progress: Progress,
) -> None:
    report = check_vectors(
        folder,
        embedder.name,
        manifest_of(embedder),
        chroma_url,
        lambda done, total: progress("vectors", done, total),
    )
    if report.problem:
        diagnosis.graph = not report.unreachable
        diagnosis.add("vectors", False, *_parted(report.problem))
        return
    diagnosis.leftovers = report.leftovers
    faults = [
        f"{number} {what}"
        for number, what in (
            (report.missing, "are missing"),
            (report.wrong, "are not the stored ones"),
            (report.extra, "belong to nothing"),
        )
        if number
    ]
    left = f"; {report.leftovers} of what is gone or was never finished, for a later write to clear"
    found = f"{report.right} in Chroma, each the stored one{left if report.leftovers else ''}"
    diagnosis.vectors = not diagnosis.add("vectors", not faults, ", ".join(faults) or found)
    diagnosis.graph = not diagnosis.add(
        "search", report.recall >= _RECALL, f"finds {report.recall:.1%} of the 10 nearest passages"
    )
