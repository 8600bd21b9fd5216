"""Keeps the index up to date with folders while their files change."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from os.path import realpath
from pathlib import Path
from time import monotonic

import watchfiles

from qa.documents.folders import is_hidden
from qa.documents.sources import CORPUS_ORIGIN, Scan, does_not_exist, holds_no_document, scan
from qa.errors import CorpusMissing, QAError

_DEBOUNCE_MS, _QUIET_MS = 1600, 400
"""Changes are taken together until none came for `_QUIET_MS`, or for `_DEBOUNCE_MS`: an editor or a copy
makes many."""
_TICK_MS = 500
_MIN_WAIT_S, _MAX_WAIT_S = 1.0, 60.0
"""What failed is tried again after the first, then after twice as long each time, up to the second."""

Sync = Callable[[Sequence[Path]], object]


def watch(
    paths: Sequence[Path],
    *,
    corpus: Path,
    index_folder: Path,
    sync: Sync,
    complain: Callable[[QAError], None],
    stop: threading.Event | None = None,
) -> None:
    """Call `sync` with `paths`, then with what has changed among them, until `stop` or Ctrl-C.

    What it fails with is given to `complain`, once, and `sync` called again with the same, later and later:
    the index may be free, or its server or disk back. Raises `CorpusMissing` for a path that is not there.
    """
    scans = [scan(path, corpus, index_folder) for path in paths]
    roots = [one.path for one in scans]
    folders = {root if root.is_dir() else root.parent for root in roots}
    stop = stop or threading.Event()
    following = _Following(scans, sync, complain)
    while not stop.is_set():
        inodes = _inodes(folders)
        following.drop_unfit()
        there = [folder for folder, inode in inodes.items() if inode is not None]
        if not there:
            stop.wait(_TICK_MS / 1000)
            continue
        changes = watchfiles.watch(
            *there,
            watch_filter=lambda _, name: _counts(Path(name), folders, index_folder.resolve()),
            debounce=_DEBOUNCE_MS,
            step=_QUIET_MS,
            rust_timeout=_TICK_MS,
            yield_on_timeout=True,  # at once after the watch begins: nothing that changes meanwhile is missed
            stop_event=stop,
            raise_interrupt=False,
        )
        following.due |= {root for root in roots if root.exists()}
        for changed in changes:
            following.follow(Path(name) for _, name in changed)
            if _inodes(folders) != inodes:
                break  # of a folder in the place of another nothing would be told
        else:
            return  # stopped, or by Ctrl-C


class _Following:
    """What is `due` to be read again, until `sync` has done it."""

    def __init__(self, scans: Sequence[Scan], sync: Sync, complain: Callable[[QAError], None]) -> None:
        self._scans = scans
        self._sync = sync
        self._complain = complain
        self._unfit: dict[Path, CorpusMissing] = {}
        self._failed_with = ""
        self._wait = _MIN_WAIT_S
        self._not_before = 0.0
        self.due: set[Path] = set()

    def follow(self, changed: Iterable[Path]) -> None:
        """Have what is due read, with what `changed`; later, where that failed a moment ago."""
        self.due |= _affected(changed, self._scans)
        if monotonic() < self._not_before:
            return
        self.drop_unfit()
        if not self.due:
            return
        try:
            self._sync(sorted(self.due))
        except QAError as error:
            if self.drop_unfit():
                return  # it failed because of one; the others are due still
            self._put_off(error)
            return
        self.due.clear()
        self._failed_with, self._wait = "", _MIN_WAIT_S

    def _put_off(self, error: QAError) -> None:
        """Complain, unless it was the same last time, and wait twice as long as then."""
        if str(error) != self._failed_with:
            self._complain(error)
        self._failed_with = str(error)
        self._not_before = monotonic() + self._wait
        self._wait = min(2 * self._wait, _MAX_WAIT_S)

    def drop_unfit(self) -> bool:
        """Complain, once, of each path to follow that isn't there or holds nothing; whether one was new.

        What is in such a path isn't due: one would have the reading of all others refused.
        """
        unfit = {one.path: why for one in self._scans if (why := self._unfitness(one))}
        told, self._unfit = {str(why) for why in self._unfit.values()}, unfit
        untold = [why for _, why in sorted(unfit.items()) if str(why) not in told]
        for why in untold:
            self._complain(why)
        self.due = {
            path for path in self.due if path.exists() and unfit.keys().isdisjoint([path, *path.parents])
        }
        return bool(untold)

    def _unfitness(self, one: Scan) -> CorpusMissing | None:
        if not one.path.exists():
            return does_not_exist(one.path)
        if not self.due:
            return self._unfit.get(one.path)  # nothing has happened to it, and looking may take long
        return holds_no_document(one.path) if one.is_empty else None


def _inodes(folders: Iterable[Path]) -> dict[Path, int | None]:
    """Tells a folder from another one that is put in its place; None where there is none."""
    return {folder: folder.stat().st_ino if folder.is_dir() else None for folder in folders}


def _counts(path: Path, folders: Iterable[Path], index_folder: Path) -> bool:
    """Whether a change of this file can be one of a document; the index may lie in a watched folder."""
    is_shown = any(path.is_relative_to(one) and not is_hidden(path, one) for one in folders)
    return is_shown and not Path(realpath(path)).is_relative_to(index_folder)


def _affected(changed: Iterable[Path], scans: Sequence[Scan]) -> set[Path]:
    """What is to be read again: of a file that came, went or changed its folder, as ids depend on that.

    A folder that is gone or holds no document any longer is found missing from the one above it. Outside
    of the corpus ids begin at the folder that was named, so all of it is read again.
    """
    affected: set[Path] = set()
    filled = cache(lambda one, folder: one.filled(folder))  # many changes may lie in one folder
    for path in changed:
        for one in scans:
            if one.path.is_dir() and path.is_relative_to(one.path):
                is_inside = one.origin == CORPUS_ORIGIN and path != one.path
                affected.add(filled(one, path.parent) if is_inside else one.path)
            elif path.parent == one.path.parent and path.name.startswith(one.path.name):
                affected.add(one.path)
    return affected
