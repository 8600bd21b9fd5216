"""Plain text: as it is."""

from __future__ import annotations

import re
from pathlib import Path

from qa.documents.formats.encoding import decode
from qa.documents.formats.extract import Extract
from qa.documents.instructions import holds_instruction
from qa.documents.planted import seems_planted
from qa.language.text import sentence_spans

_HEADLINE_MAX_CHARS = 160

_PARAGRAPH = re.compile(r"\s*(\S.{0,2000}?)\n[^\S\n]*\n", re.DOTALL)


def read(path: Path, content: bytes) -> Extract:
    """The text of a file, and its headline as the title. Raises `FileNotText`."""
    text = decode(path, content)
    return Extract(text, title=headline(text))


def headline(text: str) -> str | None:
    """The first line where it stands alone above a blank line, as a headline does.

    Paragraphs before it don't count that are instructions, or of several sentences and seem planted.
    """
    text = text.lstrip("\ufeff\r\n").replace("\r\n", "\n").replace("\r", "\n")
    start = 0
    while (opening := _PARAGRAPH.match(text, start)) and _is_foreign(opening[1]):
        start = opening.end()
    lines = text[start:].lstrip("\n").split("\n", 2)
    first = lines[0].strip()
    stands_alone = len(lines) > 2 and not lines[1].strip()
    return first if stands_alone and len(first) <= _HEADLINE_MAX_CHARS else None


def _is_foreign(paragraph: str) -> bool:
    return holds_instruction(paragraph) or (len(sentence_spans(paragraph)) > 1 and seems_planted(paragraph))
