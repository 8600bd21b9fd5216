"""What a file says, and what it says of itself; shared by the readers of all formats."""

from __future__ import annotations

import re
from dataclasses import dataclass

from qa.language.text import readable

_TITLE_MAX_CHARS = 300
_FILE_NAME = re.compile(r"\.[A-Za-z][A-Za-z0-9]{1,4}$|^Microsoft \w+ - ")
_NO_TITLE = {
    "untitled",
    "document",
    "dokument",
    "slide 1",
    "title",
    "word document",
    "powerpoint presentation",
}


@dataclass(frozen=True, slots=True)
class Extract:
    """The text of a document; title, author, date and address only where the file is to be trusted.

    `published` is an ISO date, `pages` the offsets in `text` at which pages begin, `key` the name that
    a line of a file of many documents gives itself. `left_out` says what of the file could not be read,
    and what to do about it.
    """

    text: str
    title: str | None = None
    published: str | None = None
    author: str | None = None
    url: str | None = None
    publisher: str | None = None
    pages: tuple[int, ...] = ()
    key: str | None = None
    left_out: str | None = None


def one_line(value: object) -> str | None:
    """A string as a title or a name: on one line, of at most 300 characters; None for anything else."""
    if not isinstance(value, str):
        return None
    return readable(" ".join(value.replace("\0", " ").split())[:_TITLE_MAX_CHARS]).strip() or None


def web_address(value: object) -> str | None:
    """A string that is an absolute web address, or None."""
    address = one_line(value)
    return address if address and re.fullmatch(r"https?://[^\s/]\S*", address) else None


def office_title(value: object) -> str | None:
    """The title in the properties of an office file or a PDF, unless it is what programs write there.

    They fill it, unasked, with the name of the file that was converted, or with a word that says nothing.
    """
    title = one_line(value)
    return None if title is None or _FILE_NAME.search(title) or title.lower() in _NO_TITLE else title


def office_author(value: object) -> str | None:
    """The author in such properties, if it is a name: programs write there who was logged in."""
    author = one_line(value)
    return author if author and " " in author else None
