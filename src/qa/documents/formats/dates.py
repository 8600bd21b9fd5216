"""Dates that a file gives for itself: which of them say when it was published."""

from __future__ import annotations

import datetime
import re

_ISO_DATE = re.compile(r"\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?")
_YEAR_FIRST = re.compile(r"(\d{4})(?:([-/.]?)(\d\d)(?:\2(\d\d)(?=$|[T\s])|$)|$)")
_MONTHS = [
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
]
_CLOCK_ZERO = "1970-01-01"
"""What a computer writes for a date that was never set."""


def is_date(value: str) -> bool:
    """Whether it is an ISO date of a year, a month or a day that there is."""
    try:
        datetime.date.fromisoformat((value + "-01-01")[:10])
    except ValueError:
        return False
    return _ISO_DATE.fullmatch(value) is not None


def iso_date(value: object) -> str | None:
    """A date as ISO writes it, from a date or a string that begins with the year; None for any other.

    "2021", "2021-03", "2021/03/04", "20210304", "2021-03-04T08:00:00Z". A date that begins with the day
    or the month means different days in different countries.
    """
    if isinstance(value, datetime.date):
        return iso_date(value.isoformat())
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**8:
        value = str(value)
    found = _YEAR_FIRST.match(value.strip()) if isinstance(value, str) else None
    if found is None:
        return None
    date = "-".join(part for part in (found[1], found[3], found[4]) if part)
    return date if is_date(date) and date != _CLOCK_ZERO else None


def borne_out(written: str | None, opening: str) -> str | None:
    """When a file was published, given the day it was written and the text of its first page.

    The day on which a program wrote a file is that of a conversion or of a copy as often as that of
    publication, so it counts only as far as the first page says the same: to the month where it names
    that month and year, to the year where it has that year.
    """
    if written is None or len(written) < 10:
        return None
    year, month = written[:4], int(written[5:7])
    name = _MONTHS[month - 1]
    day = r"(?: \d{1,2}(?:st|nd|rd|th)?)?"
    months = rf"\b(?:{name}|{name[:3]}\.?){day},? {year}\b|\b{year}-{month:02}(?:-\d\d)?\b"
    if re.search(months, opening):
        return written[:7]
    return year if re.search(rf"\b{year}\b", opening) else None
