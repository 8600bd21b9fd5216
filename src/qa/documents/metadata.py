"""The metadata file beside a document, `<name>.meta.toml`: what it says wins over what the document says."""

from __future__ import annotations

import datetime
import difflib
from collections.abc import Mapping
from pathlib import Path

from qa.documents.formats.dates import is_date
from qa.documents.formats.toml import MAX_BYTES, parse_toml
from qa.errors import FileNotText, FileTooLarge, MetadataInvalid

METADATA_SUFFIX = ".meta.toml"
_KEYS = ("title", "publisher", "published", "url", "author", "furniture")


def parse_metadata(path: Path, content: bytes) -> Mapping[str, str]:
    """What the bytes of a metadata file say. Raises `FileTooLarge`, `FileNotText` or `MetadataInvalid`."""
    refuse_large(path, len(content))
    try:
        given = parse_toml(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise FileNotText(f"{path} is not UTF-8 text; convert it.") from error
    except ValueError as error:
        raise MetadataInvalid(f"{path} is not valid TOML: {error}; correct it.") from error
    return {key: _value(path, key, value) for key, value in given.items()}


def refuse_large(path: Path, size: int) -> None:
    """Raises `FileTooLarge` for a metadata file of so many bytes."""
    if size > MAX_BYTES:
        raise FileTooLarge(f"{path} has over {MAX_BYTES:,} bytes; leave out what is no metadata.")


def _value(beside: Path, key: str, value: object) -> str:
    if key not in _KEYS:
        nearest = difflib.get_close_matches(key, _KEYS, n=1, cutoff=0.0)[0]
        raise MetadataInvalid(f"{beside}: there is no key {key[:100]!r}; did you mean '{nearest}'?")
    if key == "furniture":
        if not isinstance(value, list) or not all(isinstance(line, str) for line in value):
            raise MetadataInvalid(f"{beside}: 'furniture' must be a list of lines of the text.")
        return "\n".join(value)
    if key == "published" and isinstance(value, int) and not isinstance(value, bool):
        value = str(value) if 0 <= value <= 9999 else ""
    if isinstance(value, datetime.date) and not isinstance(value, datetime.datetime):
        value = value.isoformat()
    if not isinstance(value, str):
        raise MetadataInvalid(f"{beside}: '{key}' must be a string.")
    if key == "url" and value and not value.startswith(("https://", "http://")):
        raise MetadataInvalid(f"{beside}: 'url' must begin with https:// or http://.")
    if key == "published" and value and not is_date(value):
        raise MetadataInvalid(f"{beside}: 'published' must be a date like 2019, 2019-12 or 2019-12-20.")
    return value
