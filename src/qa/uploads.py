"""Documents that are handed in rather than read from a folder: their text is kept in the index alone."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Literal

from pathvalidate import ValidationError, validate_filename

from qa.errors import DocumentKept, NameInvalid, NameTaken
from qa.index import Index, manifest_of
from qa.ingest import index_documents
from qa.interfaces import Embedder
from qa.load import METADATA_SUFFIX, parse, parse_metadata
from qa.sources import CORPUS_ORIGIN
from qa.store import Known
from qa.types import Document

UPLOAD_ORIGIN = "upload"
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


def read_upload(name: str, content: bytes, metadata: tuple[str, bytes] | None = None) -> Document:
    """The document that an uploaded file says; its id is the file's name without the suffix.

    `metadata` is the metadata file beside it. Raises a `LoadError`.
    """
    name = _checked_name(name)
    path = Path(name)
    known = parse_metadata(Path(metadata[0]), metadata[1]) if metadata else {}
    document = parse(path, content, path.stem, name, known)
    return replace(document, metadata={**known, "file": name})


def add(document: Document, index: Index, embedder: Embedder) -> Outcome:
    """Put an uploaded document in, or in the place of the upload of the same name.

    To be called inside `index.change()`. Raises `NameTaken` where another document has its id.
    """
    before = index.known().get(document.id)
    if before is not None:
        _refuse_other(document, before)
    entry = Known(replace(document, text=""), UPLOAD_ORIGIN, manifest_of(embedder))
    if before == entry:
        return "unchanged"
    index_documents([(document, UPLOAD_ORIGIN)], index, embedder, lambda _: embedder)
    return "replaced" if before else "created"


def remove(document_id: str, index: Index) -> None:
    """Take an uploaded document out; to be called inside `index.change()`.

    Raises `DocumentNotFound`, and `DocumentKept` for a document that was read from a folder: the next
    ingest would bring it back.
    """
    index.document(document_id)
    origin = index.known()[document_id].origin
    if origin != UPLOAD_ORIGIN:
        folder = "the corpus folder" if origin == CORPUS_ORIGIN else origin
        raise DocumentKept(
            f"'{document_id}' was read from {folder}; remove its file there and run 'qa ingest'."
        )
    index.remove([document_id])


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
