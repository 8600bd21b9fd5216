"""What files say → what is to be put into the index and taken out of it, and the report of both."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from qa.documents.sources import Source, has_lost_file, root_of
from qa.errors import NameTaken
from qa.storage.catalog import FileRead, Known
from qa.storage.index import Index
from qa.sync.reading import Done, Failure, FileEnd, Fresh, Item, Report, Told


class Noting:
    """Compares what files say with what `index` holds, and notes in `report` what becomes of each document.

    The files are to be told of one after the other, each whole. `corpus` is the folder of its origin.
    """

    def __init__(self, index: Index, manifest: str, report: Report, corpus: Path) -> None:
        self._index = index
        self.manifest = manifest
        self._corpus = corpus
        self._report = report
        self._claimed: dict[str, tuple[str, str]] = {}
        # Of the file that is being told of.
        self._found: set[str] = set()
        self._has_failed = False

    def fingerprint(self, source: Source) -> str | None:
        """That of a file when it was last put in whole."""
        try:
            return self._index.fingerprint(source.origin, source.uri)
        except UnicodeEncodeError:  # no file of such a name is ever put in
            return None

    def before(self, source: Source) -> tuple[str | None, frozenset[bytes]]:
        """The fingerprint of a file if all it said is in as it would be now, and digests of what it said."""
        try:
            known = self._index.of_file(source.origin, source.uri).values()
        except UnicodeEncodeError:  # no file of such a name is ever put in
            return None, frozenset()
        is_current = all(one.manifest == self.manifest for one in known)
        return self.fingerprint(source) if is_current else None, frozenset(one.digest() for one in known)

    def items(self, told: Iterable[Told]) -> Iterator[Item]:
        """The documents that are to be put in, and after those of a file that it is done."""
        for one in told:
            item = self.item(one)
            if item is not None:
                yield item

    def item(self, one: Told) -> Item | None:
        """What is to be done about one thing that a file says, if anything."""
        if isinstance(one, FileEnd):
            done = self._done(one)
            self._found, self._has_failed = set(), False
            return done
        if isinstance(one, Fresh):
            try:
                self._claim(one)
            except NameTaken as error:
                one = Failure(self._path(one), str(error))
            else:
                self._found.add(one.document.id)
                return one if self._has_changed(one) else None
        self._report.failed.append(one)
        self._has_failed = True
        return None

    def _done(self, end: FileEnd) -> Done:
        if self._has_failed:
            return Done(end.size)
        known = self._index.of_file(end.origin, end.file)
        if end.is_unchanged:
            unchanged = [one for one, before in known.items() if before.manifest == self.manifest]
            self._report.unchanged += unchanged
            return Done(end.size)
        removed = tuple(sorted(known.keys() - self._found))
        self._report.removed += removed
        return Done(end.size, removed, FileRead(end.origin, end.file, end.fingerprint or ""))

    def _has_changed(self, fresh: Fresh) -> bool:
        document_id = fresh.document.id
        before = self._index.known([document_id]).get(document_id)
        if before == known_as(fresh, self.manifest):
            self._report.unchanged.append(document_id)
            return False
        (self._report.changed if before else self._report.added).append(document_id)
        return True

    def _claim(self, fresh: Fresh) -> None:
        """Raise `NameTaken` where another file has the id that is still there, or may be.

        A folder that is gone may have been moved, and then says the same, or is not mounted.
        """
        document_id, here = fresh.document.id, (fresh.origin, fresh.file)
        claimed = self._claimed.get(document_id)
        if claimed is not None:
            raise self._taken(fresh, *claimed)
        before = self._index.known([document_id]).get(document_id)
        is_other = before is not None and (before.origin, before.file) != here
        if before and is_other:
            is_lost = has_lost_file(before.origin, before.file, self._corpus)
            is_away = is_lost and not root_of(before.origin, self._corpus).is_dir()
            if not is_lost or (is_away and before.document.sha256 != fresh.document.sha256):
                raise self._taken(fresh, before.origin, before.file)
        self._claimed[document_id] = here

    def _taken(self, fresh: Fresh, origin: str, file: str) -> NameTaken:
        owner = f"to {file}" if origin == fresh.origin else f"to a document from {origin}"
        return NameTaken(
            f"{self._path(fresh)}: the id '{fresh.document.id}' belongs {owner}; rename the file."
        )

    def _path(self, fresh: Fresh) -> Path:
        return root_of(fresh.origin, self._corpus) / fresh.file


def known_as(fresh: Fresh, manifest: str) -> Known:
    """What the index knows of a document once it is in."""
    return Known(replace(fresh.document, text=""), fresh.origin, fresh.file, manifest)
