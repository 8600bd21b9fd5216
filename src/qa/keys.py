"""Keys of the service. Only their SHA-256 is kept: a key is 256 random bits, so that needs no salt."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from qa.errors import SettingsError

_ENTRY = re.compile(r"([\w.-]+):([0-9a-f]{64})(:read)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Key:
    """What is known of a key; `sha256` is a hex digest."""

    name: str
    sha256: str
    read_only: bool


def new_key(name: str, *, read_only: bool) -> tuple[str, str]:
    """A key, to be shown once, and its entry for `QA_API_KEYS`. Raises `SettingsError` on a bad name."""
    key = "qa-" + secrets.token_urlsafe(32)
    entry = f"{name}:{_digest(key)}" + (":read" if read_only else "")
    parse_keys(entry)
    return key, entry


def parse_keys(entries: str) -> tuple[Key, ...]:
    """The keys of `QA_API_KEYS`: entries `name:sha256[:read]`, with commas between them.

    Raises `SettingsError`.
    """
    keys = []
    for number, entry in enumerate((one.strip() for one in entries.split(",")), start=1):
        if not entry:
            continue
        match = _ENTRY.fullmatch(entry)
        if match is None:
            # The entry itself is not repeated: it may be a key by mistake.
            raise SettingsError(
                f"Entry {number} of QA_API_KEYS is not name:sha256 or name:sha256:read; 'qa key' prints one."
            )
        keys.append(Key(match[1], match[2], match[3] is not None))
    return tuple(keys)


def find_key(given: str, keys: Sequence[Key]) -> Key | None:
    """The key that was given, or None; takes as long whichever it is."""
    digest = _digest(given)
    found = None
    for key in keys:
        if hmac.compare_digest(digest, key.sha256):
            found = key
    return found


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
