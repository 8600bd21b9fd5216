"""Keeps the index up to date with folders while their files change."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import watchfiles

from qa.errors import IndexBusy, QAError
from qa.sources import CORPUS_ORIGIN, Scan, does_not_exist, scan

_DEBOUNCE_MS, _QUIET_MS = 1600, 400
"""Changes are taken together until none came for `_QUIET_MS`, or for `_DEBOUNCE_MS`: an editor or a copy
makes many."""
_RETRY_MS = 500

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

    What it fails with is given to `complain`; where another process writes the index, `sync` is called
    again with the same until it is free. Raises `CorpusMissing` for a path that is not there.
    """
    scans = [scan(path, corpus, index_folder) for path in paths]
    roots = [one.path for one in scans]
    folders = {root if root.is_dir() else root.parent for root in roots}
    stop = stop or threading.Event()
    following = _Following(scans, sync, complain)
    while not stop.is_set():
        inodes = _inodes(folders)
        following.drop_missing()
        there = [folder for folder, inode in inodes.items() if inode is not None]
        if not there:
            stop.wait(_RETRY_MS / 1000)
            continue
        changes = watchfiles.watch(
            *there,
            watch_filter=lambda _, name: _counts(Path(name), index_folder.resolve()),
            debounce=_DEBOUNCE_MS,
            step=_QUIET_MS,
            rust_timeout=_RETRY_MS,
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
        self._is_waiting = False
        self._missing: set[Path] = set()
        self.due: set[Path] = set()

    def follow(self, changed: Iterable[Path]) -> None:
        """Have what is due read, with what `changed`; later, where another process writes the index."""
        self.due |= _affected(changed, self._scans)
        self.drop_missing()
        if not self.due:
            return
        try:
            self._sync(sorted(self.due))
        except IndexBusy as error:
            if not self._is_waiting:
                self._complain(error)
            self._is_waiting = True
            return
        except QAError as error:
            if self.drop_missing():
                return  # it failed because of one; the others are due still
            self._complain(error)
        self._is_waiting = False
        self.due.clear()

    def drop_missing(self) -> bool:
        """Complain, once, of each path to follow that is there no longer; whether there was one to tell of.

        What is missing isn't due: one missing path would have the reading of all others refused.
        """
        missing = {one.path for one in self._scans if not one.path.exists()}
        untold, self._missing = missing - self._missing, missing
        for path in sorted(untold):
            self._complain(does_not_exist(path))
        self.due = {path for path in self.due if path.exists()}
        return bool(untold)


def _inodes(folders: Iterable[Path]) -> dict[Path, int | None]:
    """Tells a folder from another one that is put in its place; None where there is none."""
    return {folder: folder.stat().st_ino if folder.is_dir() else None for folder in folders}


def _counts(path: Path, index_folder: Path) -> bool:
    """Whether a change of this file can be one of a document; the index may lie in a watched folder."""
    return not path.name.startswith(".") and not path.is_relative_to(index_folder)


def _affected(changed: Iterable[Path], scans: Sequence[Scan]) -> set[Path]:
    """What is to be read again: of a file that came, went or changed its folder, as ids depend on that.

    A folder that is gone or holds no file any longer is found missing from the one above it. Outside of
    the corpus ids begin at the folder that was named, so all of it is read again.
    """
    affected: set[Path] = set()
    for path in changed:
        for one in scans:
            if one.path.is_dir() and path.is_relative_to(one.path):
                affected.add(_filled(path, one.path) if one.origin == CORPUS_ORIGIN else one.path)
            elif path.parent == one.path.parent and path.name.startswith(one.path.name):
                affected.add(one.path)
    return affected


def _filled(path: Path, root: Path) -> Path:
    folder = path.parent if path != root else root
    while folder != root and not any(files for _, _, files in os.walk(folder)):
        folder = folder.parent
    return folder
