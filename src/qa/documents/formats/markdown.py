"""Markdown: the text as it is written, without its front matter, which says title, date and author."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from qa.documents.formats.dates import iso_date
from qa.documents.formats.encoding import decode
from qa.documents.formats.extract import Extract, one_line, web_address
from qa.documents.formats.plain import headline
from qa.documents.formats.toml import parse_toml
from qa.documents.instructions import holds_instruction

_FRONT_MATTER = re.compile(r"\ufeff?(---|\+\+\+)[ \t]*\n(.{0,20000}?)\n\1[ \t]*(?:\n|$)", re.DOTALL)
_HEADING = re.compile(r"^#{1,6}[ \t]+(\S.*)$", re.MULTILINE)


def read(path: Path, content: bytes) -> Extract:
    """The text, titled by its front matter or its first heading. Raises `FileNotText`."""
    text = decode(path, content).replace("\r\n", "\n").replace("\r", "\n")
    front, start = _front_matter(text)
    text = text[start:]
    return Extract(
        text,
        title=one_line(front.get("title")) or _heading(text) or headline(text),
        published=next(filter(None, (iso_date(front.get(key)) for key in ("published", "date"))), None),
        author=_author(front.get("author", front.get("authors"))),
        url=next(filter(None, (web_address(front.get(key)) for key in ("url", "canonical"))), None),
    )


def _front_matter(text: str) -> tuple[Mapping[str, Any], int]:
    """What stands between two lines of "---" (YAML) or "+++" (TOML) at the beginning, and where it ends.

    What is no mapping is text: a line of dashes may be a line of dashes.
    """
    found = _FRONT_MATTER.match(text)
    if found is None:
        return {}, 0
    try:
        # The base loader makes strings of all values, and so can't fail on malformed numbers and dates.
        front = yaml.load(found[2], yaml.BaseLoader) if found[1] == "---" else parse_toml(found[2])
    except (yaml.YAMLError, ValueError, RecursionError):
        return {}, 0
    return (front, found.end()) if isinstance(front, dict) else ({}, 0)


def _author(value: object) -> str | None:
    names = value if isinstance(value, list) else [value]
    return one_line(", ".join(name for name in names[:100] if isinstance(name, str)))


def _heading(text: str) -> str | None:
    """The first heading that is none of the instructions that a text may carry."""
    for found in _HEADING.finditer(text):
        heading = found[1].rstrip()
        bare = heading.rstrip("#")
        # "C#" is no heading closed by a mark.
        title = one_line(bare if bare.endswith((" ", "\t")) else heading)
        if title and not holds_instruction(title):
            return title
    return None
