"""Dates in a text: absolute ones as intervals, relative ones explained from the publication date.

Intervals are on the scale `year * 10000 + month * 100 + day`, with 00 to 99 for what is not known:
"December 1997" is 19971200 to 19971299, the 1990s 19900000 to 19999999; years BC are negative.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from qa.language.words import NUMBERS
from qa.types import DateNote

Calendar = Literal["ce", "yearless", "weekday"]


@dataclass(frozen=True, slots=True)
class DateSpan:
    """A date as it stands in a text; "yearless" is 20 December (1220), a weekday is 0 to 6."""

    start: int
    end: int
    low: int
    high: int
    calendar: Calendar = "ce"


_MONTHS = ["January", "February", "March", "April", "May", "June"]
_MONTHS += ["July", "August", "September", "October", "November", "December"]
_WEEKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
_NUMBERS = {word: int(number) for word, number in NUMBERS.items() if number} | {"a": 1, "an": 1}

_MON = "(?:" + "|".join(f"{m[:3]}(?:{m[3:]}|t?\\b\\.?)" if m[3:] else m for m in _MONTHS) + r")(?!\w)"
_DAY = r"[0-3]?\d(?:st|nd|rd|th)?\b"
_YEAR = r"(?:1\d|20)\d\d(?!\d|,\d)"
_WEEKDAY = rf"(?:{'|'.join(_WEEKDAYS)})"
_FULL = re.compile(
    rf"(?:\b{_WEEKDAY},? (?:the )?)?(?:\b(?P<d1>{_DAY})(?: of)? (?P<m1>{_MON})(?:,? (?P<y1>{_YEAR}))?"
    rf"|\b(?P<m2>{_MON}) (?P<d2>{_DAY})(?!,\d|%)(?: ?,? (?P<y2>{_YEAR}))?"
    rf"|\b(?P<m3>{_MON}),?(?: of)? (?P<y3>{_YEAR}))|\b(?P<y4>{_YEAR})-(?P<m4>[01]\d)-(?P<d4>[0-3]\d)\b",
    re.I,
)
_RANGE = re.compile(
    rf"(?<![\w,.$£€-])(?:between )?(?P<a>{_YEAR})"
    rf"(?: ?[–—-] ?| to | until | and )(?P<b>{_YEAR}|\d\d(?![\w,%]))"
)
_DECADE = re.compile(r"(?:\b(?:early|mid|late)[- ])?\b(?P<decade>[1-9]\d{1,2}0)['’]?s\b", re.I)
_CENTURY = re.compile(r"\b(?P<century>\d{1,2})(?:st|nd|rd|th)[- ]centur(?:y|ies)\b(?P<bc> b\.?c)?", re.I)
_ERA = re.compile(
    r"\b(?P<bc>\d{1,4}) b\.?c\b\.?(?:e\b\.?)?|\ba\.?d\b\.? (?P<ad>\d{1,4})\b"
    r"|\b(?P<ce>\d{1,4}) (?:a\.?d|c\.?e)\b\.?",
    re.I,
)
_PLAIN = re.compile(
    rf"(?<![\w$£€¥#.,–-])(?P<year>{_YEAR})(?![%\w]|\.\d|-\w| (?:people|men|women|km|miles|square)\b)"
)
_LONE = re.compile(
    rf"(?:(?<=\bin )|(?<=\bsince )|(?<=\buntil )|(?<=\bby )|(?<=\bon ))"
    rf"(?:(?P<month>{'|'.join(_MONTHS)})|(?P<weekday>{_WEEKDAY}))\b"
)


def find_dates(text: str) -> Iterator[DateSpan]:
    """Absolute dates, the most specific first; spans may overlap, earlier ones take precedence."""
    for match in _FULL.finditer(text):
        groups = {k: v for k, v in match.groupdict().items() if v}
        fields = {k[0]: v for k, v in groups.items()}
        month = int(fields["m"]) if fields["m"].isdigit() else _month(fields["m"])
        day = int(re.sub(r"\D", "", fields.get("d", "0")))
        base = int(fields.get("y", "0")) * 10000 + month * 100
        span = (base + day, base + day) if day else (base, base + 99)
        yield DateSpan(*match.span(), *span, calendar="ce" if "y" in fields else "yearless")
    for match in _RANGE.finditer(text):
        end = int(match["b"]) if len(match["b"]) == 4 else int(match["a"]) // 100 * 100 + int(match["b"])
        if end > int(match["a"]):
            yield DateSpan(*match.span(), int(match["a"]) * 10000, end * 10000 + 9999)
    for match in _CENTURY.finditer(text):
        first = (int(match["century"]) - 1) * 100
        low, high = first * 10000, (first + 99) * 10000 + 9999
        yield DateSpan(*match.span(), *((-high, -low) if match["bc"] else (low, high)))
    for match in _DECADE.finditer(text):
        first = int(match["decade"])
        yield DateSpan(*match.span(), first * 10000, (first + (99 if first % 100 == 0 else 9)) * 10000 + 9999)
    for match in (m for pattern in (_ERA, _PLAIN) for m in pattern.finditer(text)):
        name, year = next((k, int(v)) for k, v in match.groupdict().items() if v)
        low, high = year * 10000, year * 10000 + 9999
        yield DateSpan(*match.span(), *((-high, -low) if name == "bc" else (low, high)))
    for match in _LONE.finditer(text):
        if match["weekday"]:
            index = _WEEKDAYS.index(match["weekday"])
            yield DateSpan(*match.span(), index, index, "weekday")
        else:
            month = _month(match["month"]) * 100
            yield DateSpan(*match.span(), month, month + 99, "yearless")


def _month(name: str) -> int:
    return next(i for i, m in enumerate(_MONTHS, 1) if m[:3].lower() == name[:3].lower())


_COUNT = rf"\d{{1,3}}|{'|'.join(sorted(_NUMBERS, key=len, reverse=True))}"
_RELATIVE = re.compile(
    r"(?<!\bthe )\b(?:(?P<part>earlier|later|late|early)\s+)?"
    r"(?P<which>this|last|next)\s+(?P<what>week|month|year|decade|century)\b"
    r"|\b(?:(?P<about>about|around|some|almost|nearly|more than|over|at least)\s+)?"
    rf"(?P<n>{_COUNT})\s+(?P<unit>day|week|month|year|decade)s?\s+(?P<ago>ago)\b"
    r"|\b(?P<span>over|in|during|for|within)\s+the\s+(?P<past>last|past|next|coming)\s+"
    rf"(?:(?P<n2>{_COUNT})\s+)?"
    r"(?P<unit2>day|week|month|year|decade)s?\b(?! of\b)"
    rf"|\b(?P<near>today|yesterday|tomorrow|tonight)\b"
    rf"|\b(?:(?P<rel>on|last|next|this)\s+)(?P<weekday>{_WEEKDAY})\b(?!,?\s+(?:the\s+)?(?:\d|{_MON}))",
    re.I,
)


def explain(quote: str, published: str | None) -> tuple[DateNote, ...]:
    """What the relative dates of a quote mean, given when it was published.

    `published` is an ISO 8601 date of year, month or day precision, or None; without one, or with
    one that is not a date, there is nothing to say. A note is never more precise than what follows:
    "on Friday" needs the day of publication, "last month" its month, "last year" its year.
    """
    known = _parse(published)
    if known is None:
        return ()
    notes = []
    for match in _RELATIVE.finditer(quote):
        said = {k: v.lower() for k, v in match.groupdict().items() if v}
        meaning = _meaning(said, _tense(quote), *known)
        if meaning:
            notes.append(DateNote(match.start(), match.end(), match[0], meaning))
    return tuple(notes)


def _parse(published: str | None) -> tuple[int, int, date | None] | None:
    """Year, month (0 when unknown) and the day when it is known."""
    match = re.fullmatch(r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:[T ].*)?)?)?", published or "")
    if match is None:
        return None
    year, month, day = int(match[1]), int(match[2] or 0), int(match[3] or 0)
    try:
        checked = date(year, month or 1, day or 1)
    except ValueError:
        return None
    return year, month, checked if day else None


def _meaning(said: dict[str, str], tense: int, year: int, month: int, day: date | None) -> str | None:
    try:
        if "weekday" in said:
            return _on_weekday(said["rel"], said["weekday"], tense, day)
        if "near" in said:
            shift = {"yesterday": -1, "tomorrow": 1}.get(said["near"], 0)
            return _day(day + timedelta(days=shift)) if day else None
        if "which" in said:
            return _calendar(said["which"], said["what"], year, month)
        if "ago" in said:
            return _ago(said, year, month, day)
        return _stretch(said, year, month, day)
    except (ValueError, OverflowError):  # before year 1 or after 9999: no date to name
        return None


def _calendar(which: str, what: str, year: int, month: int) -> str | None:
    """ "This", "last", "next" month or year as the calendar has them."""
    step = {"this": 0, "last": -1, "next": 1}[which]
    if what == "year":
        return _year(year + step)
    if what == "month" and month:
        return _month_of(year, month + step)
    if what == "decade":
        return f"the {(year // 10 + step) * 10}s" if which != "last" else None
    return None  # weeks: where they begin differs; "last decade" may be the last ten years


def _ago(said: dict[str, str], year: int, month: int, day: date | None) -> str | None:
    """ "Three years ago" is that year; a count that is only approximate is said to be so."""
    count, unit = _count(said["n"]), said["unit"]
    hedge = {"over": "before ", "more than": "before ", "at least": "in or before "}.get(
        said.get("about", ""), "about "
    )
    hedge = (
        hedge if "about" in said else "about " if count >= 10 else ""
    )  # round numbers are seldom meant to the year
    if unit in ("year", "decade"):
        count *= 10 if unit == "decade" else 1
        return (hedge or ("about " if unit == "decade" else "")) + _year(year - count)
    if unit == "month" and month:
        return hedge + _month_of(year, month - count)
    if unit in ("day", "week") and day:
        then = day - timedelta(days=count * (7 if unit == "week" else 1))
        return (hedge or ("about " if unit == "week" else "")) + _day(then)
    return None


def _stretch(said: dict[str, str], year: int, month: int, day: date | None) -> str | None:
    """ "In the last two years" runs up to the publication, "in the next two" from it."""
    count = _count(said.get("n2", "one"))
    unit = said["unit2"]
    forward = said["past"] in ("next", "coming")
    sign = 1 if forward else -1
    if unit in ("year", "decade"):
        years = year + sign * count * (10 if unit == "decade" else 1)
        here, there = (
            (_month_of(year, month), _month_of(years, month)) if month else (_year(year), _year(years))
        )
    elif unit == "month" and month:
        here, there = _month_of(year, month), _month_of(year, month + sign * count)
    elif unit in ("day", "week") and day:
        here, there = _day(day), _day(day + timedelta(days=sign * count * (7 if unit == "week" else 1)))
    else:
        return None
    return f"{here} to {there}" if forward else f"{there} to {here}"


def _tense(quote: str) -> int:
    """1 when the quote only looks ahead, -1 when it only looks back, 0 when it does both or neither."""
    ahead = re.search(
        r"\b(will|shall|is due|are due|is to|are to|scheduled|upcoming|going to|plans? to)\b", quote, re.I
    )
    back = re.search(
        r"\b(was|were|had|did|has|have|said|went|came|met|took|made|held|\w{2,}ed)\b", quote, re.I
    )
    if ahead and ahead[0].lower() == "scheduled":
        back = None
    return 0 if bool(ahead) == bool(back) else 1 if ahead else -1


def _on_weekday(relation: str, weekday: str, tense: int, day: date | None) -> str | None:
    """The day of "on Friday", only when the day of publication is known and the tense tells which one.

    "Next Friday" is left alone: writers mean by it the coming one as well as the one after.
    """
    if day is None or relation == "next":
        return None
    behind = (day.weekday() - _WEEKDAYS.index(weekday.capitalize())) % 7
    if relation == "last":
        return _day(day - timedelta(days=behind or 7))
    if behind == 0:
        return _day(day)
    if tense == 0 or relation == "this":
        return None
    return _day(day + timedelta(days=7 - behind if tense > 0 else -behind))


def _count(word: str) -> int:
    return int(word) if word.isdigit() else _NUMBERS[word]


def _year(year: int) -> str:
    return str(date(year, 1, 1).year)


def _month_of(year: int, month: int) -> str:
    year, month = year + (month - 1) // 12, (month - 1) % 12 + 1
    return f"{_MONTHS[month - 1]} {date(year, month, 1).year}"


def _day(day: date) -> str:
    return f"{_WEEKDAYS[day.weekday()]} {day.day} {_MONTHS[day.month - 1]} {day.year}"
