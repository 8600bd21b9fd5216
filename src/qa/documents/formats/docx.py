"""DOCX: the text of paragraphs, tables and notes, without headers, footers, and what is hidden or deleted."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import docx
import lxml.etree
from docx.document import Document as WordDocument
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml import parse_xml

from qa.documents.formats.dates import borne_out, iso_date
from qa.documents.formats.extract import Extract, office_author, office_title, one_line
from qa.documents.formats.layout import Layout
from qa.errors import FileDamaged, FileEncrypted, FileTooLarge

_OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""Begins an OLE compound file: what Word wrote before 2007, and what it wraps an encrypted DOCX in."""
_MAX_BYTES, _MAX_XML_BYTES, _MAX_PARTS = 300_000_000, 60_000_000, 10_000
"""Sizes once decompressed: of the whole, and of one part in XML, which takes ten times as much to parse."""
_OPENING_CHARS = 3000
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_LEFT_OUT = {f"{_W}del", f"{_W}moveFrom", _FALLBACK}  # a fallback says again what its alternative says
_TITLE_STYLES = {"Title", "Heading1"}


def read(path: Path, content: bytes) -> Extract:
    """The text with its title, author and date. Raises a `LoadError`."""
    if content.startswith(_OLD_OFFICE):
        raise FileEncrypted(
            f"{path} is protected by a password, or an old .doc file; save it as .docx without a password."
        )
    try:
        _refuse_bombs(path, content)
        document = docx.Document(io.BytesIO(content))
        parts = [document.element.body, *_notes(document)]
        properties = _properties(document)
        title = _styled_title(document)
    except (FileTooLarge, MemoryError):
        raise
    except Exception as error:  # python-docx says nowhere what it raises on a damaged file
        raise FileDamaged(
            f"{path} is damaged or no DOCX file; open it in a word processor and save it again."
        ) from error
    layout = Layout()
    for part in parts:
        _write(part, layout)
        layout.end_paragraph()
    text = layout.text()
    opening = text[:_OPENING_CHARS]
    return Extract(
        text,
        title=office_title(properties.title) or title,
        published=next(filter(None, (borne_out(day, opening) for day in properties.days)), None),
        author=office_author(properties.author),
    )


def _refuse_bombs(path: Path, content: bytes) -> None:
    """Look at the sizes that the archive states; zipfile reads no more of a part than that."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = archive.infolist()
        xml = [part.file_size for part in parts if part.filename.lower().endswith((".xml", ".rels"))]
    total = sum(part.file_size for part in parts)
    if total > _MAX_BYTES or max(xml, default=0) > _MAX_XML_BYTES or len(parts) > _MAX_PARTS:
        raise FileTooLarge(f"{path} decompresses to {total:,} bytes in {len(parts)} parts; split it.")


def _notes(document: WordDocument) -> Iterator[lxml.etree._Element]:
    """Footnotes and endnotes; the ones that have a type draw the line above them."""
    for relation in document.part.rels.values():
        if relation.reltype.endswith(("/footnotes", "/endnotes")):
            for note in parse_xml(relation.target_part.blob):
                if note.get(f"{_W}type") is None:
                    yield note


def _write(part: lxml.etree._Element, layout: Layout) -> None:
    """The words of a part; a row of a table is a paragraph, its cells between bars."""
    rows = 0
    walk = lxml.etree.iterwalk(part, events=("start", "end"))
    for event, element in walk:
        tag, starts = element.tag, event == "start"
        if starts and (tag in _LEFT_OUT or (tag == f"{_W}r" and _is_hidden(element))):
            walk.skip_subtree()
        elif tag == f"{_W}tr":
            rows += 1 if starts else -1
            layout.end_paragraph()
        elif tag == f"{_W}tc" and starts and _is_cell(element.getprevious()):
            layout.add(" | ")
        elif tag == f"{_W}p":
            layout.add(" ") if rows else layout.end_paragraph()
        elif starts:
            _write_run(element, layout)


def _write_run(element: lxml.etree._Element, layout: Layout) -> None:
    if element.tag == f"{_W}t":
        layout.add(element.text or "")
    elif element.tag in (f"{_W}tab", f"{_W}ptab"):
        layout.add(" ")
    elif element.tag in (f"{_W}br", f"{_W}cr"):
        layout.end_line()
    elif element.tag == f"{_W}noBreakHyphen":
        layout.add("-")


def _is_cell(element: lxml.etree._Element | None) -> bool:
    return element is not None and element.tag == f"{_W}tc"


def _is_hidden(run: lxml.etree._Element) -> bool:
    hidden = run.find(f"{_W}rPr/{_W}vanish")
    return hidden is not None and hidden.get(f"{_W}val", "true") not in ("0", "false", "off")


@dataclass(frozen=True, slots=True)
class _Properties:
    """What the word processor noted; `days` are those of the last change and of the making."""

    title: str | None = None
    author: str | None = None
    days: tuple[str | None, ...] = ()


def _properties(document: WordDocument) -> _Properties:
    for relation in document.part.package.rels.values():  # python-docx makes some up where there are none
        if relation.reltype == RELATIONSHIP_TYPE.CORE_PROPERTIES:
            core = document.core_properties
            return _Properties(core.title, core.author, (iso_date(core.modified), iso_date(core.created)))
    return _Properties()


def _styled_title(document: WordDocument) -> str | None:
    """The first paragraph, if it is in the style of a title or of a heading."""
    first = next((one for one in document.paragraphs if one.text.strip()), None)
    properties = first._p.pPr if first is not None else None
    styled = properties is not None and properties.style in _TITLE_STYLES
    return one_line(first.text) if first is not None and styled else None
