"""JSON Lines: one document a line, read line by line so that a file may be of any length.

They are UTF-8 (jsonlines.org), and no other encoding is guessed: a guess for each line would differ.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from qa.documents.formats.dates import iso_date
from qa.documents.formats.encoding import marked
from qa.documents.formats.extract import Extract, one_line, web_address
from qa.errors import FileDamaged, FileNotText, FileTooLarge, LoadError, NameInvalid, NameTaken

_MAX_LINE_BYTES = 20_000_000
_MAX_KEY_CHARS = 200
_MAX_BAD_LINES = 100
"""A file with more lines than that which can't be read is damaged as a whole."""

# The first of these that a line has is taken; other keys are passed over.
_KEYS = ("id", "_id", "doc_id", "docid")
_TEXTS = ("text", "content", "contents", "body")
_TITLES = ("title", "headline")
_ADDRESSES = ("url", "uri", "link")
_DATES = ("published", "published_at", "publication_date", "date")
_AUTHORS = ("author", "authors")


def read_lines(path: Path, file: BinaryIO) -> Iterator[Extract | LoadError]:
    """What each line says, its `key` being its id or number, or why it can't be read; blank lines are none.

    Of lines with the same id the first counts; a `NameTaken` stands for each other one. Ends with a
    `FileDamaged` after too many lines that can't be read, or with a `FileNotText` where the file begins
    with the mark of another encoding.
    """
    bad = 0
    number = 0
    owners: dict[str | None, int] = {}
    while line := file.readline(_MAX_LINE_BYTES + 1):
        number += 1
        if number == 1 and (encoding := marked(line)) not in (None, "utf-8-sig"):
            yield FileNotText(f"{path} is {encoding.upper()}, and JSON Lines are UTF-8; save it as UTF-8.")
            return
        try:
            extract = _read_line(path, number, line, file)
        except LoadError as error:
            bad += 1
            yield error
            if bad > _MAX_BAD_LINES:
                yield FileDamaged(
                    f"{path} has over {_MAX_BAD_LINES} such lines; the rest was not read. Correct it."
                )
                return
            continue
        if extract is None:
            continue
        owner = owners.setdefault(extract.key, number)
        yield extract if owner == number else _repeated(path, number, extract.key, owner)


def _repeated(path: Path, number: int, key: str | None, owner: int) -> NameTaken:
    return NameTaken(
        f"{path}, line {number}: the id '{key}' is that of line {owner}; give each an 'id' of its own"
        " (a line without one has its number)."
    )


def _read_line(path: Path, number: int, line: bytes, file: BinaryIO) -> Extract | None:
    place = f"{path}, line {number}"
    if len(line) > _MAX_LINE_BYTES:
        while line and not line.endswith(b"\n"):
            line = file.readline(_MAX_LINE_BYTES)
        raise FileTooLarge(f"{place} has over {_MAX_LINE_BYTES:,} bytes; split that document.")
    if number == 1:
        line = line.removeprefix(b"\xef\xbb\xbf")
    if not line.strip():
        return None
    try:
        given = json.loads(line.decode())
    except UnicodeDecodeError as error:
        wrong = f"byte {error.start} is {line[error.start]:#04x}"
        raise FileNotText(f"{place} is not UTF-8 ({wrong}); save the file as UTF-8.") from error
    except (ValueError, RecursionError) as error:
        raise FileDamaged(f"{place} is not valid JSON; correct it.") from error
    if not isinstance(given, dict):
        raise FileDamaged(f"{place} is no JSON object; write one with 'id', 'title' and 'text' a line.")
    text = _first(given, _TEXTS)
    if not isinstance(text, str) or not text.strip():
        raise FileDamaged(f"{place} has no text; give it as 'text'.")
    return Extract(
        text,
        title=one_line(_first(given, _TITLES)),
        published=next(filter(None, (iso_date(given.get(key)) for key in _DATES)), None),
        author=_names(_first(given, _AUTHORS)),
        url=next(filter(None, (web_address(given.get(key)) for key in _ADDRESSES)), None),
        publisher=one_line(given.get("publisher")),
        key=_key(place, _first(given, _KEYS), number),
    )


def _first(given: Mapping[str, Any], keys: tuple[str, ...]) -> Any:
    return next((given[key] for key in keys if given.get(key) is not None), None)


def _key(place: str, given: object, number: int) -> str:
    """The id that a line gives itself, or its number. Raises `NameInvalid`."""
    if given is None:
        return str(number)
    key = str(given) if isinstance(given, str | int) and not isinstance(given, bool) else ""
    # It becomes part of an address, where "." and ".." are no names and blanks at the ends get lost.
    is_path = all(part.strip() == part and part not in ("", ".", "..") for part in key.split("/"))
    if not is_path or not key.isprintable() or len(key) > _MAX_KEY_CHARS:
        raise NameInvalid(
            f"{place}: {str(given)[:50]!r} is no usable id; give a short line of text or a number."
        )
    return key


def _names(value: object) -> str | None:
    names = value if isinstance(value, list) else [value]
    return one_line(", ".join(name for name in names[:100] if isinstance(name, str)))
