"""load(path) → Document: one file and the metadata file beside it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

from qa.documents import formats
from qa.documents.formats.extract import Extract
from qa.documents.formats.jsonl import read_lines
from qa.documents.instructions import holds_instruction
from qa.documents.metadata import METADATA_SUFFIX, parse_metadata, refuse_large
from qa.errors import CorpusMissing, FileEmpty, FileScanned, FileTooLarge, FileUnreadable, LoadError
from qa.types import Document

_NOT_STORABLE = re.compile("[\0\ud800-\udfff]")
Read = Callable[[Path, bytes], Extract]
"""`formats.read`, here or in another process."""


def load(path: Path, document_id: str, uri: str) -> Document:
    """Read `path`, with what the metadata file beside it (`<name>.meta.toml`) says of it.

    Raises a `LoadError` that says what to do with the file.
    """
    try:
        size = path.stat().st_size
    except OSError as error:
        raise unreadable(path, error) from error
    formats.format_of(path, size)  # before reading what may be gigabytes of a film
    return parse(path, read_bytes(path), document_id, uri, _described(path))[0]


def documents_of(path: Path, document_id: str, uri: str) -> Iterator[Document]:
    """The one document of a file, or one a line. Raises a `LoadError`, also for a line."""
    if not formats.holds_many(path):
        yield load(path, document_id, uri)
        return
    for one in load_lines(path, document_id, uri):
        if isinstance(one, LoadError):
            raise one
        yield one


def load_lines(path: Path, document_id: str, uri: str) -> Iterator[Document | LoadError]:
    """The documents of a file of one a line, or why a line is none. Raises a `LoadError` for the file."""
    given = _described(path)
    found = False
    try:
        with path.open("rb") as file:
            for one in parse_lines(path, file, document_id, uri, given):
                found = True
                yield one
    except OSError as error:
        raise unreadable(path, error) from error
    if not found:
        raise FileEmpty(f"{path} holds no text; remove it or fill it.")


def parse(
    path: Path,
    content: bytes,
    document_id: str,
    uri: str,
    metadata: Mapping[str, str],
    read: Read = formats.read,
) -> tuple[Document, FileScanned | None]:
    """The document that the bytes of a file say, and what it leaves out of them, if that is to be told.

    `path` tells the type of the file and is named in complaints. Raises a `LoadError` that says what to do
    with the file.
    """
    extract = read(path, content)
    document = _document(path, extract, document_id, uri, metadata)
    return document, FileScanned(extract.left_out) if extract.left_out else None


def parse_lines(
    path: Path, file: BinaryIO, document_id: str, uri: str, metadata: Mapping[str, str]
) -> Iterator[Document | LoadError]:
    """The documents of a file that holds one a line, or why a line is none.

    The id of each is that of the file, "/" and the line's id or number.
    """
    for line in read_lines(path, file):
        if isinstance(line, LoadError):
            yield line
        elif len(line.text) > formats.MAX_CHARS:
            yield FileTooLarge(
                f"{path}: '{line.key}' is longer than {formats.MAX_CHARS:,} characters; split it."
            )
        else:
            line_id = f"{document_id}/{line.key}"
            try:
                yield _document(path, line, line_id, f"{uri}#{line.key}", metadata)
            except FileEmpty:
                yield FileEmpty(f"{path}: '{line.key}' holds no text; remove it or fill it.")


def _document(path: Path, extract: Extract, document_id: str, uri: str, given: Mapping[str, str]) -> Document:
    text = _NOT_STORABLE.sub("\ufffd", normalise(extract.text))
    if not text.strip():
        raise FileEmpty(f"{path} holds no text; remove it or fill it.")
    own = {"author": extract.author, "publisher": extract.publisher}
    name = document_id if extract.key else path.stem
    # What is given as empty is none, whatever the file says.
    told = {"url": extract.url, "title": extract.title, "published": extract.published, **given}
    return Document(
        id=document_id,
        uri=told.get("url") or uri,
        title=_title(told.get("title"), extract.title if told.get("title") else None, name),
        text=text,
        sha256=hashlib.sha256(text.encode()).hexdigest(),
        published=told.get("published") or None,
        metadata={key: value for key, value in {**own, **given}.items() if value},
        pages=extract.pages,
    )


def _title(*candidates: str | None) -> str:
    """The first that is one. What tells its reader what to answer is none, wherever a file has it: a title
    stands before a model with every sentence of its document."""
    return next((one for one in candidates if one and not holds_instruction(one)), "")


def normalise(text: str) -> str:
    """The text as it is stored: line ends are LF and there is no byte order mark; nothing else changes."""
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def _described(path: Path) -> Mapping[str, str]:
    content = read_beside(path)
    return {} if content is None else parse_metadata(beside(path), content)


def beside(path: Path) -> Path:
    """Where the metadata file of a document is looked for."""
    return path.with_name(path.name + METADATA_SUFFIX)


def read_beside(path: Path) -> bytes | None:
    """The metadata file of a document, if there is one. Raises a `LoadError`."""
    found = beside(path)
    if not found.exists():
        return None
    refuse_large(found, found.stat().st_size)
    return read_bytes(found)


def read_bytes(path: Path) -> bytes:
    """The content of a file. Raises `CorpusMissing` or `FileUnreadable`."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise unreadable(path, error) from error


def unreadable(path: Path, error: OSError) -> LoadError:
    """What the operating system's refusal to read a file means to a user."""
    if isinstance(error, FileNotFoundError):
        return CorpusMissing(f"{path} does not exist; name a file or folder that does.")
    return FileUnreadable(f"{path} can't be read ({error.strerror}); correct its permissions.")
