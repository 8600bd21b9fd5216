"""Puts a text together from runs of words and the breaks between them."""

from __future__ import annotations

import re

_BLANKS = re.compile(r"[\s\0]+")


class Layout:
    """Collects text; runs of blanks become one, breaks that follow each other the strongest of them."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._break = ""
        self._blank = True  # nothing stands before: a blank would lead the line

    def add(self, text: str) -> None:
        """Words of the running line."""
        text = _BLANKS.sub(" ", text)
        if self._blank or self._break:
            text = text.lstrip(" ")
        if text:
            self._append(text)
            self._blank = text.endswith(" ")

    def add_lines(self, text: str) -> None:
        """Text whose line ends and blanks mean something, such as code."""
        text = text.replace("\0", " ")
        if text.strip():
            self._append(text.strip("\n") if self._break else text)
            self._blank = False

    def end_line(self) -> None:
        """What follows begins a line."""
        self._break = self._break or "\n"

    def end_paragraph(self) -> None:
        """What follows begins a paragraph."""
        self._break = "\n\n"

    def text(self) -> str:
        """All of it, without blanks at the ends of lines."""
        lines = "".join(self._parts).split("\n")
        return "\n".join(line.rstrip(" \t") for line in lines).strip("\n")

    def _append(self, text: str) -> None:
        if self._break and self._parts:
            self._parts.append(self._break)
        self._break = ""
        self._parts.append(text)
