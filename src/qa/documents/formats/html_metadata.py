"""What an HTML page says of itself to search engines and reference managers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, TypedDict

from lxml.html import HtmlElement

from qa.documents.formats.dates import iso_date
from qa.documents.formats.extract import one_line, web_address

# Publishers put these in for others to read; the date of a file or of the last change is in none of them.
_TITLES = ("og:title", "citation_title", "dc.title", "dcterms.title", "twitter:title")
_DATES = (
    "article:published_time",
    "citation_publication_date",
    "citation_date",
    "dcterms.issued",
    "dc.date.issued",
    "datepublished",
    "dc.date",
)
_AUTHORS = ("author", "citation_author", "dc.creator", "dcterms.creator")
_ADDRESSES = ("og:url", "citation_public_url")
_MAX_LINKED_DATA = 200_000


class Metadata(TypedDict):
    """The fields of an `Extract` that are no text."""

    title: str | None
    published: str | None
    author: str | None
    url: str | None
    publisher: str | None


def read_metadata(page: HtmlElement) -> Metadata:
    """Title, date, author and address by meta elements, JSON-LD (schema.org) and links, in this order."""
    given = _meta(page)
    linked = next(_linked_articles(page), {})
    canonical = page.xpath("//link[translate(@rel, 'CANOIL', 'canoil')='canonical']/@href")
    return Metadata(
        title=_first(one_line, *map(given.get, _TITLES), linked.get("headline")) or _heading(page),
        published=_first(iso_date, *map(given.get, _DATES), linked.get("datePublished"), *_times(page)),
        author=_first(_name, *map(given.get, _AUTHORS), linked.get("author")),
        url=_first(web_address, *canonical, *map(given.get, _ADDRESSES)),
        publisher=_first(_name, given.get("og:site_name"), linked.get("publisher")),
    )


def _first(read: Callable[[object], str | None], *values: object) -> str | None:
    return next(filter(None, map(read, values)), None)


def _meta(page: HtmlElement) -> dict[str, str]:
    """The contents of the meta elements by name; of several of one name the first."""
    given: dict[str, str] = {}
    for element in page.iter("meta"):
        name = element.get("property") or element.get("name") or element.get("itemprop") or ""
        given.setdefault(name.strip().lower(), element.get("content", ""))
    return given


def _times(page: HtmlElement) -> list[str]:
    """Elements that are marked as the date of publication."""
    found: list[str] = page.xpath("//time[@itemprop='datePublished' or @pubdate]/@datetime")
    return found


def _heading(page: HtmlElement) -> str | None:
    """What the browser's window is called, without the name of the site that mostly follows it there."""
    window = _first(one_line, *(one.text_content() for one in page.xpath("//head/title")))
    headings = [one_line(" ".join(one.itertext())) for one in page.xpath("//h1")]
    if window is None:
        return headings[0] if len(headings) == 1 else None
    return next((one for one in headings if one and window.startswith(one)), window)


def _linked_articles(page: HtmlElement) -> Iterator[dict[str, Any]]:
    """What JSON-LD says of articles and pages."""
    for script in page.xpath("//script[@type='application/ld+json']"):
        try:
            data = json.loads((script.text or "")[:_MAX_LINKED_DATA])
        except (ValueError, RecursionError):
            continue
        if isinstance(data, dict) and isinstance(data.get("@graph"), list):
            data = data["@graph"]
        for one in data if isinstance(data, list) else [data]:
            if isinstance(one, dict) and str(one.get("@type")).endswith(
                ("Article", "Posting", "Report", "WebPage")
            ):
                yield one


def _name(value: object) -> str | None:
    """A person or an organisation: a string, an object with a name, or the first of a list."""
    if isinstance(value, list):
        value = value[0] if value else None
    name = one_line(value.get("name") if isinstance(value, dict) else value)
    return None if name is None or web_address(name) else name
