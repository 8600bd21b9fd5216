"""The folders under one, each under one name, where symbolic links give it more."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import cached_property
from os.path import realpath
from pathlib import Path

Fail = Callable[[OSError], None]


class Folders:
    """Those under `root`, also behind links, but no hidden one, and not `left_out`, the index.

    A folder is read under its name without a link in it, where it has one in `root`, else under the first
    in order. What it finds of links holds for as long as it lives.
    """

    def __init__(self, root: Path, left_out: Path | None) -> None:
        self._root = root
        self._left_out = left_out
        self._reals: dict[Path, Path] = {}

    def under(self, folder: Path, fail: Fail) -> Iterator[tuple[Path, list[str]]]:
        """`folder`, if that is its name, and each one under it, in order, with the names of its files.

        `fail` is told of those that can't be listed.
        """
        return self._walk(folder, lambda place: self.name(place) == place, fail)

    def name(self, folder: Path) -> Path:
        """The name that `folder`, one of those under the root, is read under."""
        real = self._real(folder)
        return self._inside(real) or self._elsewhere.get(real, folder)

    def _real(self, folder: Path) -> Path:
        """Where a folder lies; for one in a folder that was asked about before, by a look at itself alone."""
        above = self._reals.get(folder.parent)
        real = Path(realpath(folder)) if above is None or folder.is_symlink() else above / folder.name
        self._reals[folder] = real
        return real

    def _inside(self, real: Path) -> Path | None:
        """The name of a folder under the root without a link, if it has one that is not hidden."""
        if not real.is_relative_to(self._real_root):
            return None
        name = self._root / real.relative_to(self._real_root)
        return None if is_hidden(name, self._root) else name

    @cached_property
    def _real_root(self) -> Path:
        return Path(realpath(self._root))

    @cached_property
    def _elsewhere(self) -> dict[Path, Path]:
        """The first names of the folders that links lead to and that have none of their own in the root."""
        names: dict[Path, Path] = {}

        def is_first(place: Path) -> bool:
            real = self._real(place)
            return (self._inside(real) or names.setdefault(real, place)) == place

        for _ in self._walk(self._root, is_first, lambda _: None):
            pass
        return names

    def _walk(
        self, folder: Path, is_read: Callable[[Path], bool], fail: Fail
    ) -> Iterator[tuple[Path, list[str]]]:
        for name, folders, names in os.walk(folder, onerror=fail, followlinks=True):
            place = Path(name)
            if (self._left_out is not None and _is_same(place, self._left_out)) or not is_read(place):
                folders.clear()
                continue
            shown = (one for one in folders if not one.startswith("."))
            folders[:] = sorted(one for one in shown if not _leads_back(place / one))
            yield place, names


def is_hidden(path: Path, root: Path) -> bool:
    """Whether `path`, or a folder between it and `root`, has a name that hides it."""
    return any(part.startswith(".") for part in path.relative_to(root).parts)


def _leads_back(folder: Path) -> bool:
    return folder.is_symlink() and any(_is_same(folder, one) for one in folder.parents)


def _is_same(one: Path, other: Path) -> bool:
    """Whether both are one folder, by device and inode."""
    try:
        return one.samefile(other)
    except OSError:  # gone meanwhile, or there is no index yet
        return False
