"""The formats that are read: which suffix stands for which, and the limits of each.

A reader is a file of this folder with `read(path, content) -> Extract`; it raises a `LoadError` and nothing
else, whatever the bytes. It is imported when it is needed: most questions are asked without any.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from qa.documents.formats.extract import Extract
from qa.errors import FileTooLarge, FormatUnknown

VERSION = 3
"""Change it whenever a reader gives another text for the same bytes: files are then read again."""

MAX_CHARS = 5_000_000
"""Longest text of one document, three thousand pages: its token vectors take half a gigabyte to write."""


@dataclass(frozen=True, slots=True)
class Format:
    """A reader and the most bytes it is given; `is_apart` where a library in C parses what may be hostile."""

    module: str
    max_bytes: int
    is_apart: bool = False


_PLAIN = Format("plain", 4 * MAX_CHARS)
_MARKDOWN = Format("markdown", 4 * MAX_CHARS)
_HTML = Format("html", 20_000_000, is_apart=True)
_LINES = (".jsonl", ".ndjson")
_FORMATS: Mapping[str, Format] = {
    ".txt": _PLAIN,
    ".md": _MARKDOWN,
    ".markdown": _MARKDOWN,
    ".html": _HTML,
    ".htm": _HTML,
    ".pdf": Format("pdf", 200_000_000, is_apart=True),
    ".docx": Format("docx", 100_000_000, is_apart=True),
}


def is_loadable(path: Path) -> bool:
    """Whether the type of the file is one that is read."""
    return path.suffix.lower() in _FORMATS or holds_many(path)


def holds_many(path: Path) -> bool:
    """Whether the file holds a document a line."""
    return path.suffix.lower() in _LINES


def format_of(path: Path, size: int = 0) -> Format:
    """The format of a file of one document. Raises `FormatUnknown`, or `FileTooLarge` for so many bytes."""
    found = _FORMATS.get(path.suffix.lower())
    if found is None:
        known = ", ".join(sorted([*_FORMATS, *_LINES]))
        kind = f"files of type '{path.suffix}'" if path.suffix else "files without a type in their name"
        raise FormatUnknown(f"{path}: {kind} can't be read; convert it to one of {known}.")
    if size > found.max_bytes:
        raise FileTooLarge(f"{path} has {size:,} bytes; split it into files of at most {found.max_bytes:,}.")
    return found


def read(path: Path, content: bytes) -> Extract:
    """What the bytes of a file say; `path` tells its type and is named in complaints.

    Raises a `LoadError`.
    """
    module = import_module(f"qa.documents.formats.{format_of(path, len(content)).module}")
    extract: Extract = module.read(path, content)
    if len(extract.text) > MAX_CHARS:
        length = len(extract.text)
        raise FileTooLarge(f"{path} has {length:,} characters; split it into texts of at most {MAX_CHARS:,}.")
    return extract
