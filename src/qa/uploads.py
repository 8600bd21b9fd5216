"""Documents that are handed in rather than read from a folder: their text is kept in the index alone."""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Literal

from pathvalidate import ValidationError, validate_filename

from qa.apart import ReadingProcess
from qa.catalog import Known
from qa.errors import DocumentKept, FileEmpty, LoadError, NameInvalid, NameTaken
from qa.formats import holds_many
from qa.index import Index, manifest_of
from qa.ingest import index_documents
from qa.interfaces import Embedder
from qa.load import parse_lines, parse_told
from qa.metadata import METADATA_SUFFIX, parse_metadata
from qa.reading import Fresh
from qa.sources import CORPUS_ORIGIN, UPLOAD_ORIGIN, has_lost_file
from qa.types import Document

Outcome = Literal["created", "replaced", "unchanged"]
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


def read_upload(
    name: str, content: bytes, metadata: tuple[str, bytes] | None = None
) -> list[Document | LoadError]:
    """The documents that an uploaded file says, or why a line or some pages of it are none.

    The id of a file that is one document is its name without the suffix; that of a line of JSON Lines is
    that, "/" and the id of the line. `metadata` is the metadata file beside it. Raises a `LoadError`.
    """
    name = _checked_name(name)
    path = Path(name)
    known = parse_metadata(Path(metadata[0]), metadata[1]) if metadata else {}
    if holds_many(path):
        found = list(parse_lines(path, io.BytesIO(content), path.stem, name, known))
        if not found:
            raise FileEmpty(f"{path} holds no text; remove it or fill it.")
        return [one if isinstance(one, LoadError) else _of_file(one, name) for one in found]
    with ReadingProcess() as process:
        document, left_out = parse_told(path, content, path.stem, name, known, process.read)
        return [_of_file(document, name), *([left_out] if left_out else [])]


def add(document: Document, index: Index, embedder: Embedder) -> Outcome:
    """Put an uploaded document in, or in the place of the upload of the same name.

    To be called inside `index.change()`. Raises `NameTaken` where another document has its id.
    """
    before = index.known([document.id]).get(document.id)
    if before is not None:
        _refuse_other(document, before)
    file = document.metadata["file"]
    entry = Known(replace(document, text=""), UPLOAD_ORIGIN, file, manifest_of(embedder))
    if before == entry:
        return "unchanged"
    index_documents([Fresh(document, UPLOAD_ORIGIN, file)], index, embedder, lambda _: embedder)
    return "replaced" if before else "created"


def remove_others(documents: Sequence[Document], index: Index) -> None:
    """Take out what earlier uploads of the files of `documents` said and these, being all of them, don't say.

    To be called inside `index.change()`.
    """
    kept = {document.id for document in documents}
    for file in {document.metadata["file"] for document in documents}:
        index.remove(sorted(set(index.of_file(UPLOAD_ORIGIN, file)) - kept))


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


def _refuse_other(document: Document, before: Known) -> None:
    if before.origin != UPLOAD_ORIGIN:
        folder = "the corpus folder" if before.origin == CORPUS_ORIGIN else before.origin
        raise NameTaken(f"The id '{document.id}' belongs to a document from {folder}; rename the file.")
    file = before.document.metadata["file"]
    if file != document.metadata["file"]:
        raise NameTaken(f"The id '{document.id}' belongs to the upload '{file}'; rename the file.")
