"""Which files a path stands for, and the id of each as a document."""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from qa.documents.folders import Folders, is_hidden
from qa.documents.formats import is_loadable
from qa.documents.metadata import METADATA_SUFFIX
from qa.errors import CorpusMissing, FileUnreadable


@dataclass(frozen=True, slots=True)
class Source:
    """A file to read; `origin` names the folder that its id, and `uri`, its path, are relative to."""

    path: Path
    document_id: str
    uri: str
    origin: str

    def size(self) -> int:
        """The bytes of the file; none if it can't be looked at."""
        try:
            return self.path.stat().st_size
        except OSError:
            return 0


@dataclass(frozen=True, slots=True)
class Scan:
    """What one path named on the command line stands for.

    `prefix` limits what counts as removed: documents of `origin` whose file begins with it and is no
    longer there. A single file has none: it says nothing of other documents. `root` is the folder that
    files of `origin` are relative to.
    """

    path: Path
    root: Path
    origin: str
    prefix: str | None
    index_folder: Path | None

    @property
    def sources(self) -> Iterator[Source]:
        """The files, a folder at a time, as they are found.

        Raises `FileUnreadable` for a folder that can't be listed: taken for empty, it would be emptied.
        """
        if self.prefix is None:
            named = _ids(self.root, {self.path, *_listed(self.path.parent)})
            yield self._source(self.path, named[self.path])
            return
        for files in self._files(self.path):
            named = _ids(self.root, files)
            for file in files:
                yield self._source(file, named[file])

    def covers(self, path: Path) -> bool:
        """Whether it reads `path`, another one, along with what lies around it."""
        return self.path in path.parents and not is_hidden(path, self.path)

    def filled(self, folder: Path) -> Path:
        """The nearest folder that holds a file to read: this one, or one above it up to `path`.

        One that is read under another name holds none.
        """
        while folder != self.path and not self._holds_file(folder):
            folder = folder.parent
        return folder

    @property
    def is_empty(self) -> bool:
        """Whether it is a folder that holds no file to read."""
        return self.prefix is not None and not self._holds_file(self.path)

    def _holds_file(self, folder: Path) -> bool:
        try:
            return any(self._files(folder))
        except FileUnreadable:
            return folder.exists()  # what it holds isn't known

    def gone(self, files: Collection[str], failed: Collection[Path]) -> list[str]:
        """Those of `files`, which are indexed, that are no longer there to be read, or are there twice.

        A file in a folder that is read under another name goes once it is indexed under that name, unless
        that is one of the `failed`: what is indexed under it may not be all, or not be what it says now.
        """
        folders = Folders(self.root, self.index_folder)
        name = cache(lambda folder: folders.name(self.root / folder).relative_to(self.root).as_posix())
        indexed = set(files)

        def is_twice(file: str) -> bool:
            folder, _, last = file.rpartition("/")
            now = (Path(name(folder)) / last).as_posix()
            return now != file and now in indexed and self.root / now not in failed

        return [file for file in files if is_gone(self.root, file) or is_twice(file)]

    def _files(self, folder: Path) -> Iterator[list[Path]]:
        """The files of `folder` and of each folder under it, where read by that name; none without one."""

        def fail(error: OSError) -> None:
            raise _unreadable(error) from error

        for place, names in Folders(self.root, self.index_folder).under(folder, fail):
            if files := _shown(place, names):
                yield [*files, *_misnamed(_metadata(place, names), files)]

    def _source(self, path: Path, document_id: str) -> Source:
        return Source(path, document_id, path.relative_to(self.root).as_posix(), self.origin)


CORPUS_ORIGIN = "corpus"
UPLOAD_ORIGIN = "upload"
"""Of what was handed in; any other origin is a folder."""


def root_of(origin: str, corpus: Path) -> Path:
    """The folder that files of `origin`, which is no upload, are relative to."""
    return corpus.resolve() if origin == CORPUS_ORIGIN else Path(origin)


def has_lost_file(origin: str, file: str, corpus: Path) -> bool:
    """Whether the file that a document was read from is gone; see `is_gone`. Uploads have none to lose."""
    return origin != UPLOAD_ORIGIN and is_gone(root_of(origin, corpus), file)


def is_gone(root: Path, file: str) -> bool:
    """Whether `file` of the folder `root` is there no longer, or in a hidden folder, which is not read.

    One that can't be looked at is not gone, nor one behind a link to what may not be mounted.
    """
    path = root / file
    try:
        return is_hidden(path.parent, root) or not stat.S_ISREG(path.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        between = (folder for folder in path.parents if root in folder.parents)
        return not any(folder.is_symlink() and not folder.exists() for folder in between)
    except OSError:
        return False


def scan(path: Path, corpus: Path, index_folder: Path | None = None) -> Scan:
    """The files under `path`, with ids relative to `corpus` where it lies inside, else to itself.

    A document's id is its path without the suffix, or with it where two files would share an id.
    Hidden files and folders, metadata files and the index are passed over. A folder that links give several
    names is read under one of them, whichever was named (see `Folders`). A hidden folder that is named
    is read like one outside of the corpus, which goes on passing it over.
    Raises `CorpusMissing` or `FileUnreadable`.
    """
    try:
        path.stat()
    except FileNotFoundError as error:
        raise does_not_exist(path) from error
    except OSError as error:
        raise _unreadable(error) from error
    corpus = corpus.resolve()
    path = _as_seen(path, corpus)
    folder = path if path.is_dir() else path.parent
    inside = folder.is_relative_to(corpus) and not is_hidden(folder, corpus)
    root = corpus if inside else folder
    origin = CORPUS_ORIGIN if inside else str(root)
    left_out = index_folder.resolve() if index_folder else None
    own = Folders(root, left_out).name(folder)
    prefix = "" if own == root else own.relative_to(root).as_posix() + "/"
    if path == folder:
        return Scan(own, root, origin, prefix, left_out)
    return Scan(own / path.name, root, origin, None, left_out)


def _as_seen(path: Path, corpus: Path) -> Path:
    """Where `path` lies: a link that is in the corpus, or is a file, lies there and not where it leads to."""
    named = path.resolve() if ".." in path.parts else path.absolute()
    for folder in (named, *named.parents):
        if folder.resolve() == corpus:
            return corpus / named.relative_to(folder)
    return named.resolve() if named.is_dir() else named.parent.resolve() / named.name


def does_not_exist(path: Path) -> CorpusMissing:
    """What is said of a path to read that isn't there."""
    return CorpusMissing(f"{path} does not exist; put documents there or name another folder (QA_CORPUS).")


def holds_no_document(path: Path) -> CorpusMissing:
    """What is said of a folder to read in which there is nothing to be read."""
    return CorpusMissing(f"{path} holds no document; put documents there or name another folder (QA_CORPUS).")


def _listed(folder: Path) -> list[Path]:
    try:
        return _shown(folder, os.listdir(folder))
    except OSError as error:
        raise _unreadable(error) from error


def _shown(folder: Path, names: Iterable[str]) -> list[Path]:
    shown = sorted(name for name in names if not name.startswith(".") and not name.endswith(METADATA_SUFFIX))
    return [path for name in shown if (path := folder / name).is_file()]


def _metadata(folder: Path, names: Iterable[str]) -> list[Path]:
    return [folder / name for name in names if name.endswith(METADATA_SUFFIX) and not name.startswith(".")]


def described_by(metadata: Path) -> str | None:
    """The name of the file beside it that a metadata file is for but is not called after, if there is one."""
    return _misnamed([metadata], _listed(metadata.parent)).get(metadata)


def _misnamed(metadata: Iterable[Path], files: Sequence[Path]) -> dict[Path, str]:
    names = {file.name for file in files}
    near = {
        name.lower(): file.name
        for file in reversed(files)
        if is_loadable(file)
        for name in (file.stem, file.name)
    }
    called = {path: path.name.removesuffix(METADATA_SUFFIX) for path in sorted(metadata)}
    return {
        path: near[name.lower()]
        for path, name in called.items()
        if name not in names and name.lower() in near
    }


def _unreadable(error: OSError) -> FileUnreadable:
    return FileUnreadable(f"{error.filename} can't be read ({error.strerror}); correct its permissions.")


def _ids(root: Path, files: Iterable[Path]) -> dict[Path, str]:
    """The ids of the files of one folder; only such can collide."""
    bare = {file: file.relative_to(root).with_suffix("").as_posix() for file in files}
    shared = Counter(name for file, name in bare.items() if is_loadable(file))
    return {
        file: file.relative_to(root).as_posix() if shared[name] > 1 or not is_loadable(file) else name
        for file, name in bare.items()
    }
