"""TOML that somebody else has written: metadata files, and what stands before a Markdown text."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from typing import Any

MAX_BYTES = 20_000
"""A hundred times what a title, a date and an address take."""
_MAX_PARTS = 100
_PART = r"""(?:[\w-]++|"(?:[^"\\\n]|\\.)*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+"""
_DEEP = re.compile(rf"(?<![\w-])(?:{_PART}){{{_MAX_PARTS}}}")
"""A key of that many parts: `tomllib` keeps the way to each of them, which takes their number squared."""


def parse_toml(text: str) -> Mapping[str, Any]:
    """What a TOML text of at most `MAX_BYTES` says. Raises `ValueError`, whatever is wrong with it."""
    if _DEEP.search(text):
        raise ValueError(f"a key has over {_MAX_PARTS} parts")
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        raise
    except RecursionError as error:
        raise ValueError("its values lie too deep in each other") from error
    except ValueError as error:
        raise ValueError("a number has too many digits") from error
