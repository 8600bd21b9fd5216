"""load(path) → Document: one file and the metadata file beside it."""

from __future__ import annotations

import datetime
import difflib
import hashlib
import re
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path

from qa.errors import CorpusMissing, FileEmpty, FileNotText, FileUnreadable, FormatUnknown, MetadataInvalid
from qa.instructions import is_instruction
from qa.types import Document

METADATA_SUFFIX = ".meta.toml"
_METADATA_KEYS = ("title", "publisher", "published", "url", "author", "furniture")
_ISO_DATE = re.compile(r"\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?")
_TITLE_MAX_CHARS = 160
_PARAGRAPH = re.compile(r"\s*(\S.{0,2000}?)\n[^\S\n]*\n", re.DOTALL)


def load(path: Path, document_id: str, uri: str) -> Document:
    """Read `path`, with what the metadata file beside it (`<name>.meta.toml`) says of it.

    Raises a `LoadError` that says what to do with the file.
    """
    _title_reader(path)  # before reading what may be gigabytes of a film
    beside = path.with_name(path.name + METADATA_SUFFIX)
    metadata = parse_metadata(beside, _read(beside)) if beside.exists() else {}
    return parse(path, _read(path), document_id, uri, metadata)


def parse(path: Path, content: bytes, document_id: str, uri: str, metadata: Mapping[str, str]) -> Document:
    """The document that the bytes of a file say; `path` tells its type and is named in complaints.

    Raises a `LoadError` that says what to do with the file.
    """
    read_title = _title_reader(path)
    text = normalise(_decode(path, content))
    if not text.strip():
        raise FileEmpty(f"{path} holds no text; remove it or fill it.")
    return Document(
        id=document_id,
        uri=metadata.get("url", uri),
        title=metadata.get("title") or read_title(text) or path.stem,
        text=text,
        sha256=hashlib.sha256(text.encode()).hexdigest(),
        published=metadata.get("published"),
        metadata=metadata,
    )


def normalise(text: str) -> str:
    """The text as it is stored: line ends are LF and there is no byte order mark; nothing else changes."""
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def _title_reader(path: Path) -> Callable[[str], str | None]:
    read_title = _TITLE_READERS.get(path.suffix.lower())
    if read_title is None:
        known = ", ".join(sorted(_TITLE_READERS))
        raise FormatUnknown(
            f"{path}: files of type '{path.suffix}' can't be read; convert it to one of {known}."
        )
    return read_title


def is_loadable(path: Path) -> bool:
    """Whether the type of the file is one that `load` reads."""
    return path.suffix.lower() in _TITLE_READERS


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise CorpusMissing(f"{path} does not exist; name a file or folder that does.") from error
    except OSError as error:
        raise FileUnreadable(f"{path} can't be read ({error.strerror}); correct its permissions.") from error


def _decode(path: Path, content: bytes) -> str:
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise FileNotText(
            f"{path} is not UTF-8 text (byte {error.start} is {content[error.start]:#04x}); convert it."
        ) from error
    if "\0" in text:
        raise FileNotText(f"{path} holds NUL characters and so is no text; convert it to UTF-8 text.")
    return text


def parse_metadata(path: Path, content: bytes) -> Mapping[str, str]:
    """What the bytes of a metadata file say. Raises `FileNotText` or `MetadataInvalid`."""
    try:
        given = tomllib.loads(_decode(path, content))
    except tomllib.TOMLDecodeError as error:
        raise MetadataInvalid(f"{path} is not valid TOML: {error}; correct it.") from error
    return {key: _metadata_value(path, key, value) for key, value in given.items()}


def _metadata_value(beside: Path, key: str, value: object) -> str:
    if key not in _METADATA_KEYS:
        nearest = difflib.get_close_matches(key, _METADATA_KEYS, n=1, cutoff=0.0)[0]
        raise MetadataInvalid(f"{beside}: there is no key '{key}'; did you mean '{nearest}'?")
    if key == "furniture":
        if not isinstance(value, list) or not all(isinstance(line, str) for line in value):
            raise MetadataInvalid(f"{beside}: 'furniture' must be a list of lines of the text.")
        return "\n".join(value)
    if key == "published" and isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if isinstance(value, datetime.date) and not isinstance(value, datetime.datetime):
        value = value.isoformat()
    if not isinstance(value, str):
        raise MetadataInvalid(f"{beside}: '{key}' must be a string.")
    if key == "url" and not value.startswith(("https://", "http://")):
        raise MetadataInvalid(f"{beside}: 'url' must begin with https:// or http://.")
    if key == "published" and not _is_date(value):
        raise MetadataInvalid(f"{beside}: 'published' must be a date like 2019, 2019-12 or 2019-12-20.")
    return value


def _is_date(value: str) -> bool:
    """Whether it is an ISO date of a year, a month or a day that there is."""
    try:
        datetime.date.fromisoformat((value + "-01-01")[:10])
    except ValueError:
        return False
    return _ISO_DATE.fullmatch(value) is not None


def _first_line(text: str) -> str | None:
    """The first line where it stands alone above a blank line, as a headline does.

    Paragraphs before it that are instructions don't count.
    """
    start = 0
    while (opening := _PARAGRAPH.match(text, start)) and is_instruction(opening[1]):
        start = opening.end()
    lines = text[start:].lstrip("\n").split("\n", 2)
    headline = lines[0].strip()
    stands_alone = len(lines) > 2 and not lines[1].strip()
    return headline if stands_alone and len(headline) <= _TITLE_MAX_CHARS else None


def _first_heading(text: str) -> str | None:
    headings = (one[1] for one in re.finditer(r"^#{1,6}[ \t]+(.+?)[ \t]*#*$", text, re.MULTILINE))
    return next((one for one in headings if not is_instruction(one)), None) or _first_line(text)


_TITLE_READERS: Mapping[str, Callable[[str], str | None]] = {
    ".txt": _first_line,
    ".md": _first_heading,
}
