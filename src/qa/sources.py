"""Which files a path stands for, and the id of each as a document."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from qa.errors import CorpusMissing, FileUnreadable
from qa.load import METADATA_SUFFIX, is_loadable


@dataclass(frozen=True, slots=True)
class Source:
    """A file to read; `origin` names the folder that its id is relative to."""

    path: Path
    document_id: str
    uri: str
    origin: str


@dataclass(frozen=True, slots=True)
class Scan:
    """What one path named on the command line stands for.

    `prefix` limits what counts as removed: documents of `origin` whose id starts with it, and that no
    file stands for any longer. A single file has none: it says nothing of other documents.
    """

    origin: str
    prefix: str | None
    sources: tuple[Source, ...]


CORPUS_ORIGIN = "corpus"


def scan(path: Path, corpus: Path) -> Scan:
    """The files under `path`, with ids relative to `corpus` where it lies inside, else to itself.

    A document's id is its path without the suffix, or with it where two files would share an id.
    Hidden files and metadata files are passed over. Raises `CorpusMissing`, or `FileUnreadable` for a
    folder that can't be listed: taken for empty, it would remove its documents.
    """
    try:
        path.stat()
    except FileNotFoundError as error:
        raise CorpusMissing(
            f"{path} does not exist; put documents there or name another folder (QA_CORPUS)."
        ) from error
    except OSError as error:
        raise _unreadable(error) from error
    path, corpus = path.resolve(), corpus.resolve()
    inside = path.is_relative_to(corpus)
    folder = path if path.is_dir() else path.parent
    root = corpus if inside else folder
    origin = CORPUS_ORIGIN if inside else str(root)
    chosen = sorted(_files(path)) if path.is_dir() else [path]
    ids = _ids(root, chosen if path.is_dir() else [path, *_files(folder)])
    sources = tuple(
        Source(file, ids[file], file.relative_to(root).as_posix(), origin) for file in dict.fromkeys(chosen)
    )
    prefix = "" if folder == root else folder.relative_to(root).as_posix() + "/"
    return Scan(origin, prefix if path.is_dir() else None, sources)


def _files(folder: Path) -> list[Path]:
    def fail(error: OSError) -> None:
        raise _unreadable(error) from error

    found: list[Path] = []
    for place, folders, names in os.walk(folder, onerror=fail):
        folders[:] = [name for name in folders if not name.startswith(".")]
        shown = [name for name in names if not name.startswith(".") and not name.endswith(METADATA_SUFFIX)]
        found += [Path(place, name) for name in shown if Path(place, name).is_file()]
    return found


def _unreadable(error: OSError) -> FileUnreadable:
    return FileUnreadable(f"{error.filename} can't be read ({error.strerror}); correct its permissions.")


def _ids(root: Path, files: Iterable[Path]) -> dict[Path, str]:
    files = set(files)
    bare = {file: file.relative_to(root).with_suffix("").as_posix() for file in files}
    shared = Counter(bare[file] for file in files if is_loadable(file))
    return {
        file: file.relative_to(root).as_posix() if shared[name] > 1 or not is_loadable(file) else name
        for file, name in bare.items()
    }
