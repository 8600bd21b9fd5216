"""HTML: the main text, without menus, scripts and what is hidden.

What is main the page says itself, by landmarks (WAI-ARIA 1.2, 5.3.4, and the elements of HTML that have
these roles); beyond them a box that is nearly all links is a menu. No sentence is judged by its words,
and a page without landmarks is read whole.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import lxml.etree
import lxml.html
from lxml.html import HtmlElement

from qa.documents.formats.encoding import decode
from qa.documents.formats.extract import Extract
from qa.documents.formats.html_metadata import read_metadata
from qa.documents.formats.layout import Layout
from qa.errors import FileDamaged, FileEmpty

_CHARSET = re.compile(rb"""<meta[^>]{0,200}charset\s*=\s*["']?\s*([\w.:-]{2,40})""", re.IGNORECASE)
_UNSEEN = frozenset(
    [
        "script",
        "style",
        "template",
        "noscript",
        "head",
        "iframe",
        "object",
        "embed",
        "applet",
        "svg",
        "math",
        "canvas",
        "audio",
        "video",
        "select",
        "datalist",
        "button",
        "input",
        "textarea",
        "dialog",
        "nav",
        "menu",
    ]
)
_LANDMARKS = frozenset(
    ["navigation", "banner", "contentinfo", "search", "menu", "menubar", "toolbar", "dialog", "alertdialog"]
)
_HIDING = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_SECTIONS = frozenset(["main", "article", "section", "aside", "nav"])
_BOXES = frozenset(["ul", "ol", "dl", "div", "section", "aside", "form", "center"])
_HEADINGS = frozenset(["h1", "h2", "h3", "h4", "h5", "h6"])
_BLOCKS = frozenset(
    [
        "html",
        "body",
        "main",
        "article",
        "header",
        "footer",
        "p",
        "li",
        "dt",
        "dd",
        "blockquote",
        "pre",
        "table",
        "caption",
        "tr",
        "figure",
        "figcaption",
        "details",
        "summary",
        "address",
        "fieldset",
        "legend",
        "hr",
    ]
)
_CELLS = frozenset(("td", "th"))
_MENU_LINKS = 0.7
"""Share of its characters in links from which a box is a menu."""
_MAIN_SHARE = 0.3
"""A page that has less left without its menus is a page of links, and they are what it says."""


def read(path: Path, content: bytes) -> Extract:
    """The main text of a page with its title, date, author and address. Raises a `LoadError`."""
    declared = _CHARSET.search(content[:2048])
    text = decode(path, content, declared[1].decode("ascii") if declared else None)
    page = _parse(path, text)
    metadata = read_metadata(page)
    _empty(_unseen(page))
    layout = Layout()
    for part in _main_parts(page):
        _empty(_menus(part))
        _write(part, layout)
    return Extract(layout.text(), **metadata)


def _parse(path: Path, text: str) -> HtmlElement:
    parser = lxml.html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, huge_tree=True)
    try:
        page = lxml.html.document_fromstring(text.encode("utf-8", "replace"), parser=parser)
    except lxml.etree.ParserError as error:  # nothing is left once comments are gone
        raise FileEmpty(f"{path} holds no text; remove it or fill it.") from error
    if any(entry.type == lxml.etree.ErrorTypes.ERR_RESOURCE_LIMIT for entry in parser.error_log):
        raise FileDamaged(f"{path} nests its elements deeper than is read; convert it to plain text.")
    return page


def _empty(elements: Sequence[HtmlElement]) -> None:
    for element in elements:  # taking them out would copy what follows each of them
        element.clear(keep_tail=True)


def _unseen(page: HtmlElement) -> list[HtmlElement]:
    return [element for element in page.iter() if element is not page and _is_unseen(element)]


def _is_unseen(element: HtmlElement) -> bool:
    tag, role = element.tag, element.get("role", "").strip().lower()
    if tag in ("html", "body") or role == "main":
        return False
    hidden = element.get("hidden")
    return (
        tag in _UNSEEN
        or role in _LANDMARKS
        or (hidden is not None and hidden != "until-found")
        or element.get("aria-hidden") == "true"
        or _HIDING.search(element.get("style", "")) is not None
        # A header of the page is its banner; one of an article is the article's.
        or (tag in ("header", "footer") and not any(one.tag in _SECTIONS for one in element.iterancestors()))
    )


def _main_parts(page: HtmlElement) -> list[HtmlElement]:
    """The part that is marked as the main one, or the articles where they are most of the page, or all."""
    marked = page.xpath("//main | //*[@role='main']")
    if marked:
        return [max(marked, key=_length)]
    articles: list[HtmlElement] = page.xpath("//article[not(ancestor::article)]")
    if sum(map(_length, articles)) > _length(page) / 2:
        return articles
    return [page]


def _length(element: HtmlElement) -> int:
    return sum(len(text.strip()) for text in element.itertext())


def _menus(part: HtmlElement) -> list[HtmlElement]:
    """The boxes of `part` that are nearly all links; links in headings name what follows and don't count."""
    elements = list(part.iter())
    length: dict[HtmlElement, int] = defaultdict(int)
    linked: dict[HtmlElement, int] = defaultdict(int)
    menus: list[HtmlElement] = []
    dropped = 0
    for element in reversed(elements):  # what is inside comes before what is around it
        length[element] += len((element.text or "").strip())
        if element.tag == "a":
            linked[element] = length[element]
        elif element.tag in _HEADINGS:
            linked[element] = 0
        is_menu = element.tag in _BOXES and 0 < length[element] * _MENU_LINKS <= linked[element]
        parent = element.getparent()
        if element is part or parent is None:
            continue
        length[parent] += len((element.tail or "").strip())
        if is_menu:
            menus.append(element)
            dropped += length[element]
        else:
            length[parent] += length[element]
            linked[parent] += linked[element]
    return menus if length[part] >= _MAIN_SHARE * (length[part] + dropped) else []


def _write(part: HtmlElement, layout: Layout) -> None:
    """The words of `part`, its blocks set apart; a row of a table is a paragraph, its cells between bars."""
    verbatim = 0
    for event, element in lxml.etree.iterwalk(part, events=("start", "end")):
        tag = element.tag
        if event == "start" and tag in _CELLS and _is_cell(element.getprevious()):
            layout.add(" | ")
        elif tag in _BLOCKS or tag in _BOXES or tag in _HEADINGS:
            layout.end_paragraph()
        elif tag == "br" and event == "start":
            layout.end_line()
        if tag == "pre":
            verbatim += 1 if event == "start" else -1
        text = element.text if event == "start" else element.tail if element is not part else None
        if text:
            (layout.add_lines if verbatim else layout.add)(text)


def _is_cell(element: HtmlElement | None) -> bool:
    return element is not None and element.tag in _CELLS
