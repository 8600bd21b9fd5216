"""Documents that are handed in rather than read from a folder: their text is kept in the index alone."""

from __future__ import annotations

import io
import threading
import time
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Literal

from pathvalidate import ValidationError, validate_filename

from qa.documents import formats
from qa.documents.apart import ReadingProcess
from qa.documents.formats import format_of, holds_many
from qa.documents.formats.extract import Extract
from qa.documents.load import Read, parse, parse_lines
from qa.documents.metadata import METADATA_SUFFIX, parse_metadata
from qa.documents.sources import CORPUS_ORIGIN, UPLOAD_ORIGIN, has_lost_file
from qa.errors import DocumentKept, FileEmpty, FileTooLarge, IndexBusy, LoadError, NameInvalid, NameTaken
from qa.interfaces import Embedder
from qa.processors import processors
from qa.storage.catalog import Known
from qa.storage.index import Index
from qa.sync.ingest import index_documents
from qa.sync.reading import Fresh, with_passages
from qa.sync.writing import OnProgress
from qa.types import Document

Outcome = Literal["created", "replaced", "unchanged"]
MAX_DOCUMENTS = 1000
"""Of one upload, which holds up other changes; 5 MB of lines could be 380,000."""
MAX_PASSAGES = 6000
"""Of one upload: other changes wait while they are encoded and written, about a minute on two cores, which
are through 80 passages a second (eval/LOG.md). As long as passages are, that is 5.4 million characters."""
_READERS = min(4, processors())
"""Files that are read at the same time; a process that reads one may take 3 GB."""
_READING_SECONDS = 60.0
_PATIENCE = 10.0
"""Seconds to wait for other uploads: who waits holds a thread that could answer."""
_MAX_NAME_BYTES = 200
_UNSHOWN = {"Cc", "Cs", "Zl", "Zp"}
"""Unicode categories of controls, halves of surrogates and line ends."""
_TURNS = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
"""Bidirectional classes of embeddings, overrides and isolates: 'ann<RLO>txt.exe' is shown as 'annexe.txt'."""


def pair(files: list[tuple[str, bytes]]) -> list[tuple[str, bytes, tuple[str, bytes] | None]]:
    """Files with the metadata file (`<name>.meta.toml`) that is among them for each, if any.

    A metadata file without its document stands for itself and will be refused as what it is.
    """
    names = {name for name, _ in files}
    metadata = {
        name.removesuffix(METADATA_SUFFIX): (name, content)
        for name, content in files
        if name.endswith(METADATA_SUFFIX) and name.removesuffix(METADATA_SUFFIX) in names
    }
    return [
        (name, content, metadata.get(name))
        for name, content in files
        if name.removesuffix(METADATA_SUFFIX) not in metadata or name in metadata
    ]


class Reading:
    """Reads the files of uploads, only a few at a time, some of them in processes of their own.

    Whatever is read or put in while `ended` is set is given up with `IndexBusy`.
    """

    def __init__(self) -> None:
        self.ended = threading.Event()
        self._room = threading.BoundedSemaphore(_READERS)
        self._processes: set[ReadingProcess] = set()

    def deadline(self) -> float:
        """Monotonic seconds until when all files of an upload that begins now are to be read."""
        return time.monotonic() + _READING_SECONDS

    @contextmanager
    def one_file(self, deadline: float) -> Iterator[Read]:
        """What reads one file, once there is room for its reader. Raises `IndexBusy` or `FileTooLarge`."""
        if not self._room.acquire(timeout=_PATIENCE):
            raise IndexBusy("Other uploads are still being read; try again when they are done.")
        try:
            self.go_on()
            seconds = deadline - time.monotonic()
            if seconds <= 0:
                raise FileTooLarge(
                    f"The files before this one took {_READING_SECONDS:.0f} s to read; upload fewer at once."
                )
            yield partial(self._read, seconds)
        finally:
            self._room.release()

    def go_on(self, _: object = None) -> None:
        """Raises `IndexBusy` once `end` was called: an upload ends between two of its steps."""
        if self.ended.is_set():
            raise IndexBusy("The service is ending; upload again once it runs.")

    def end(self) -> None:
        """Give up what is read and put in."""
        self.ended.set()
        for process in tuple(self._processes):
            process.interrupt()

    def _read(self, seconds: float, path: Path, content: bytes) -> Extract:
        if not format_of(path, len(content)).is_apart:
            return formats.read(path, content)
        with ReadingProcess(seconds) as process:
            self._processes.add(process)
            try:
                self.go_on()  # once `end` knows of the process: one of the two sees the other
                return process.read(path, content)
            finally:
                self._processes.discard(process)
                self.go_on()  # what fails because of `end` is no fault of the file


def read_upload(
    name: str,
    content: bytes,
    metadata: tuple[str, bytes] | None = None,
    read: Read = formats.read,
    most: int = MAX_DOCUMENTS,
) -> list[Document | LoadError]:
    """The documents that an uploaded file says, at most `most`, or why a line or some pages of it are none.

    The id of a file that is one document is its name without the suffix; that of a line of JSON Lines is
    that, "/" and the id of the line. `metadata` is the metadata file beside it. Raises a `LoadError`.
    """
    name = _checked_name(name)
    path = Path(name)
    known = parse_metadata(Path(metadata[0]), metadata[1]) if metadata else {}
    if holds_many(path):
        found = list(islice(parse_lines(path, io.BytesIO(content), path.stem, name, known), most + 1))
        if not found:
            raise FileEmpty(f"{path} holds no text; remove it or fill it.")
        count = len(found)
    else:
        document, left_out = parse(path, content, path.stem, name, known, read)
        found = [document, *([left_out] if left_out else [])]
        count = 1
    if count > most:
        raise FileTooLarge(
            f"{path} brings this upload over {MAX_DOCUMENTS:,} documents;"
            " upload less at once, or put it into the corpus folder and run 'qa ingest'."
        )
    return [one if isinstance(one, LoadError) else _of_file(one, name) for one in found]


def add(
    documents: Sequence[Document],
    index: Index,
    embedder: Embedder,
    corpus: Path,
    progress: OnProgress = lambda done: None,
) -> list[Outcome | LoadError]:
    """Put uploaded documents in, each in the place of the upload of the same name; what became of each.

    To be called inside `index.change()`. `NameTaken` stands for one whose id another document has,
    `FileTooLarge` for those from where `MAX_PASSAGES` are exceeded. What `progress` raises is raised between
    two chunks; the documents until then are in.
    """
    known = index.known([document.id for document in documents])
    fresh: dict[str, Fresh] = {}
    outcomes: list[Outcome | LoadError] = []
    room = MAX_PASSAGES
    for document in documents:
        before = known.get(document.id)
        file = document.metadata["file"]
        entry = Known(replace(document, text=""), UPLOAD_ORIGIN, file, index.manifest)
        taken = before and _taken(document, before, corpus)
        if taken:
            outcomes.append(taken)
        elif before == entry:
            outcomes.append("unchanged")
        elif room < 0 or len((split := _split(document, embedder)).passages) > room:
            room = -1  # those after it are not even split
            outcomes.append(_beyond(document))
        else:
            room -= len(split.passages)
            # Names of two files may be one once they are normalised: the last counts.
            known[document.id], fresh[document.id] = entry, split
            outcomes.append("replaced" if before else "created")
    if fresh:
        index_documents(fresh.values(), index, embedder, lambda _: embedder, progress)
    return outcomes


def remove_others(documents: Sequence[Document], index: Index) -> None:
    """Take out what earlier uploads of the files of `documents` said and these, being all of them, don't say.

    To be called inside `index.change()`.
    """
    kept = {document.id for document in documents}
    for file in {document.metadata["file"] for document in documents}:
        if gone := sorted(set(index.of_file(UPLOAD_ORIGIN, file)) - kept):
            index.remove(gone)


def remove(document_id: str, index: Index, corpus: Path) -> None:
    """Take out a document that was uploaded, or whose file is gone; to be called inside `index.change()`.

    Raises `DocumentNotFound`, and `DocumentKept` for a document whose file is still in `corpus` or in
    another folder: the next ingest would bring it back.
    """
    index.document(document_id)
    known = index.known([document_id])[document_id]
    if known.origin != UPLOAD_ORIGIN and not has_lost_file(known.origin, known.file, corpus):
        folder = "the corpus folder" if known.origin == CORPUS_ORIGIN else known.origin
        raise DocumentKept(
            f"'{document_id}' was read from {folder}; remove its file there and run 'qa ingest'."
        )
    index.remove([document_id])


def _split(document: Document, embedder: Embedder) -> Fresh:
    fresh = Fresh(document, UPLOAD_ORIGIN, document.metadata["file"])
    return with_passages(fresh, embedder.count_tokens)


def _beyond(document: Document) -> FileTooLarge:
    return FileTooLarge(
        f"With '{document.id}' this upload is over {MAX_PASSAGES:,} passages, about 5 MB of text;"
        " upload less at once, or put it into the corpus folder and run 'qa ingest'."
    )


def _of_file(document: Document, name: str) -> Document:
    return replace(document, metadata={**document.metadata, "file": name})


def _checked_name(given: str) -> str:
    """The last part of a file name as a browser gives it. Raises `NameInvalid`."""
    name = unicodedata.normalize("NFC", PurePosixPath(PureWindowsPath(given).name).name)
    if any(unicodedata.category(one) in _UNSHOWN or unicodedata.bidirectional(one) in _TURNS for one in name):
        raise NameInvalid(
            f"The name {given[:100]!a} holds control characters or marks that turn the direction of"
            " reading; rename the file."
        )
    try:
        validate_filename(name, platform="universal", max_len=_MAX_NAME_BYTES)
    except ValidationError as error:
        raise NameInvalid(f"'{given[:100]}' is no usable file name; rename the file.") from error
    if name.startswith(".") or Path(name).stem.strip() != Path(name).stem:
        raise NameInvalid(f"'{given[:100]}' is a hidden file or has blanks at its ends; rename the file.")
    return name


def _taken(document: Document, before: Known, corpus: Path) -> NameTaken | None:
    """Why the document can't take the place of what has its id."""
    if before.origin != UPLOAD_ORIGIN:
        folder = "the corpus folder" if before.origin == CORPUS_ORIGIN else before.origin
        owner = f"The id '{document.id}' belongs to a document from {folder}"
        if has_lost_file(before.origin, before.file, corpus):
            return NameTaken(f"{owner} whose file is gone; delete that document first, or rename the file.")
        return NameTaken(f"{owner}; rename the file.")
    file = before.document.metadata["file"]
    if file != document.metadata["file"]:
        return NameTaken(f"The id '{document.id}' belongs to the upload '{file}'; rename the file.")
    return None
