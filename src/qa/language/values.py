"""Typed values in a sentence: dates, amounts, counts, durations and proper names, with offsets.

Every value carries the interval it can mean ("about 2,000" is [1800, 2200], "December 1997" is
199712.00-199712.99), so that two values compare without a language model. Patterns are our own
because text2num, number-parser, dateparser and quantulum3 rewrite the text or report no offsets,
read no vague numbers ("hundreds", "one in three"), and are untyped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from qa.language.dates import find_dates
from qa.language.text import REMEMBERED
from qa.language.words import NUMBERS, SCALES, SMALL, fold, number, stem

Kind = Literal["date", "money", "percent", "count", "duration", "name", "phrase"]
Comparison = Literal["equal", "compatible", "different"]


@dataclass(frozen=True, slots=True)
class Value:
    """A value as it stands in a sentence: `sentence[start:end] == text`.

    `low` and `high` bound what it can mean: a number for counts, currency units for money, points
    for percent, days for durations, `year * 10000 + month * 100 + day` for dates (unknown month or
    day: 00 to 99). `unit` is the currency, the noun counted, the calendar of a date ("ce",
    "yearless", "weekday") or the key of a name or phrase. `exact` is False after "about", "nearly",
    "hundreds".
    """

    start: int
    end: int
    text: str
    kind: Kind
    low: float = 0.0
    high: float = 0.0
    unit: str = ""
    exact: bool = True


_DAYS = {
    "second": 1 / 86400,
    "minute": 1 / 1440,
    "hour": 1 / 24,
    "day": 1.0,
    "night": 1.0,
    "week": 7.0,
    "month": 30.44,
    "year": 365.25,
    "decade": 3652.5,
    "century": 36525.0,
    "centurie": 36525.0,
}
_PARTS = {"half": 2, "third": 3, "quarter": 4, "fourth": 4, "fifth": 5, "sixth": 6, "eighth": 8, "tenth": 10}
_CURRENCY = {
    "$": "dollar",
    "us$": "dollar",
    "usd": "dollar",
    "£": "pound",
    "gbp": "pound",
    "€": "euro",
    "eur": "euro",
    "¥": "yen",
    "₹": "rupee",
}

_WORD = rf"(?:{'|'.join(sorted(NUMBERS, key=len, reverse=True))})"
_SCALE = r"(?:hundred|thousand|million|billion|trillion|dozen)"
_DIGITS = r"\d{1,3}(?:,\d{2,3})+(?:\.\d+)?|\d+(?:\.\d+)?"
_NUMBER = (
    rf"(?:(?:{_DIGITS}|\b{_WORD}(?:[- ]{_WORD})*\b|\b(?:an?|several|a few|half a)(?= {_SCALE}\b))"
    rf"(?:[- ]?{_SCALE}\b(?: and)?(?: {_WORD}(?:[- ]{_WORD})*\b)?)*)"
)
_ABOUT = r"about|around|approximately|approx\.|roughly|some|circa|an estimated|estimated|~"
_BELOW = r"nearly|almost|close to|just under|up to|less than|fewer than|under|below"
_ABOVE = r"(?:slightly |just |well )?(?:more than|over|above)|at least|upwards of|exceeding"
_HEDGE = rf"(?:(?P<about>\b(?:{_ABOUT}))|(?P<below>\b(?:{_BELOW}))|(?P<above>\b(?:{_ABOVE})))\s?"
_MONEY = r"US\$|[A-Z]{0,2}\$|[£€¥₹]|\b(?:USD|GBP|EUR) ?"
_COINS = r"dollars?|euros?|pounds?|yen|rupees?|roubles?|rubles?|yuan|francs?|cents?"
_QUANTITY = re.compile(
    rf"(?:{_HEDGE})?(?P<cur>{_MONEY})?(?<![\w.,])(?P<num>{_NUMBER})"
    r"(?P<half> and a half(?: (?P<times>thousand|million|billion|trillion)\b)?(?= |$))?"
    r"(?P<abbr>(?:[kKmM]|mn|bn|tn)\b)?(?P<plus>\+| or more\b)?"
    rf"(?:(?P<pct>\s?%|[ -]per ?cent\b)|[ -](?:US )?(?P<coin>{_COINS})\b|"
    rf"[ -](?:(?:more|consecutive|straight|full|long|further) )?(?P<dur>(?:{'|'.join(_DAYS)})s?)\b)?",
    re.IGNORECASE,
)
_VAGUE = re.compile(
    r"\b(?:(?P<of>tens|dozens|hundreds) of )?(?P<vague>dozens|hundreds|thousands|millions|billions)\b", re.I
)
_FRACTION = re.compile(
    rf"(?:{_HEDGE})?(?:\b(?P<top>\d+|{_WORD}) (?:in|out of)(?: every)? (?P<base>\d+|{_WORD})\b|"
    rf"\b(?<!and a )(?!(?<=and )a half (?!of))(?:(?P<n>an?|\d+|{_WORD})[- ])?"
    r"(?P<part>(?:half|third|quarter|fourth|fifth|sixth|eighth|tenth)s?)\b(?= of|[ -]))",
    re.I,
)
_UNTIMED = re.compile(r"\b(?:an?|one) (decade|century|half[- ]century|year|month|week)\b", re.I)
_LARGEST = 1e18  # longer runs of digits are codes, not amounts
_UP = "A-ZÀ-ÖØ-Þ"
_NAME = re.compile(
    rf"(?<![\w])(?:(?:[{_UP}]\. ?)+)?(?:[{_UP}](?:[\w’'&-]*\w)?\.?(?:,? (?:Jr|Sr)\.)?)"
    rf"(?:[ ](?:(?:of|van|von|de|der|den|del|della|di|da|du|la|le|el|al|bin|ibn|the|y|&|[IVX]+|\d+)"
    r"[ ]){0,2}"
    rf"[{_UP}](?:[\w’'&-]*\w)?)*(?:(?<= [{_UP}])\.(?: [{_UP}][\w’'-]+)+)?"
)


@lru_cache(REMEMBERED)
def values(sentence: str) -> tuple[Value, ...]:
    """All values of a sentence in order; none overlap. Never raises; O(length)."""
    taken = bytearray(len(sentence))
    found: list[Value] = []
    for source in (_money_first, _dates, _quantities, _names):
        for value in source(sentence):
            if value.start < value.end and not any(taken[value.start : value.end]):
                taken[value.start : value.end] = b"\x01" * (value.end - value.start)
                found.append(value)
    return tuple(sorted(found, key=lambda v: v.start))


def compare(a: Value, b: Value) -> Comparison:
    """Whether two values say the same: in the same terms, in other words or precision, or not."""
    if a.kind != b.kind:
        return "different"
    if a.kind == "name":
        return _compare_names(a.unit, b.unit)
    if a.kind == "phrase":
        shared = set(a.unit.split()) & set(b.unit.split())
        return "equal" if a.unit == b.unit else "compatible" if shared else "different"
    if a.kind == "date":
        return _compare_dates(a, b)
    if a.kind == "money" and a.unit != b.unit:
        return "different"
    if (a.low, a.high) == (b.low, b.high):
        return "equal"
    overlap = a.low <= b.high and b.low <= a.high
    return "compatible" if overlap or _rounded(a, b) or _rounded(b, a) else "different"


def _rounded(a: Value, b: Value) -> bool:
    """Whether `a` is `b` rounded, within 5 % (571 and 570; not 5 and 4.6, nor 2 and 3)."""
    if not a.exact or not b.exact or a.low < 10 or abs(a.low - b.low) > 0.05 * a.low:
        return a.kind == "percent" and a.low > 0 and abs(a.low - b.low) <= 0.04 * a.low
    return round(b.low / _step(a.low)) * _step(a.low) == a.low


def _step(number: float) -> float:
    """The unit a writer rounded to: 2,000 to thousands, 185 to ones, 25 to fives."""
    if number < 1 or number != int(number):
        return 1.0
    zeros = len(str(int(number))) - len(str(int(number)).rstrip("0"))
    return 10.0**zeros * (
        5 if str(int(number)).rstrip("0").endswith("5") and number > 5 and zeros == 0 else 1
    )


def _compare_dates(a: Value, b: Value) -> Comparison:
    if a.unit != b.unit:
        if "weekday" in (a.unit, b.unit):
            return "compatible"
        if "yearless" in (a.unit, b.unit) and "bce" not in (a.unit, b.unit):
            plain, full = (a, b) if a.unit == "yearless" else (b, a)
            day = full.low % 10000
            return "compatible" if day in (0, plain.low) or full.high > full.low + 99 else "different"
        return "different"
    if (a.low, a.high) == (b.low, b.high):
        return "equal"
    nested = (a.low <= b.low and b.high <= a.high) or (b.low <= a.low and a.high <= b.high)
    return "compatible" if nested else "different"


def _compare_names(a: str, b: str) -> Comparison:
    if a == b:
        return "equal"
    left, right = a.split(), b.split()
    short, long = sorted((left, right), key=len)
    initials = "".join(word[0] for word in long)
    if all(
        any(
            s == w
            or (len(s) == 1 and w[0] == s)
            or (min(len(s), len(w)) > 3 and w[:4] == s[:4] and abs(len(w) - len(s)) < 4)
            for w in long
        )
        for s in short
    ):
        return "compatible"
    return "compatible" if len(short) == 1 and len(long) > 1 and short[0] == initials else "different"


def _money_first(text: str) -> Iterator[Value]:
    for match in _FRACTION.finditer(text):
        groups = match.groupdict()
        part = (groups["part"] or "").lower()
        top = number(groups["top"] or groups["n"] or "one")
        base = number(groups["base"]) if groups["base"] else float(_PARTS[part.rstrip("s")])
        if base >= 1 and top <= base and not (part and groups["n"] is None and part != "half"):
            yield _bounded(match, match.end(), 100 * top / base, "percent", "")
    for match in _QUANTITY.finditer(text):
        if match["cur"] or match["coin"] or match["pct"]:
            yield from _quantity(match, text)


def _quantities(text: str) -> Iterator[Value]:
    for match in _QUANTITY.finditer(text):
        yield from _quantity(match, text)
    for match in _VAGUE.finditer(text):
        scale = SCALES[match["vague"].lower()[:-1]]
        many = {"tens": 10.0, "dozens": 12.0, "hundreds": 100.0}.get((match["of"] or "").lower(), 1.0)
        noun = _noun(text, match.end())
        yield Value(
            match.start(),
            match.end(),
            match[0],
            "count",
            2 * many * scale,
            10 * many * scale - 1,
            noun,
            False,
        )
    for match in _UNTIMED.finditer(text):
        unit = match[1].lower()
        days = 18262.5 if "half" in unit else _DAYS[unit]
        yield Value(match.start(), match.end(), match[0], "duration", days * 0.9, days * 1.1, "day", False)


def _quantity(match: re.Match[str], text: str) -> Iterator[Value]:
    scale = SCALES.get((match["times"] or match["abbr"] or "").lower(), 1.0)
    amount = (number(match["num"]) + 0.5 * bool(match["half"])) * scale
    if match["abbr"] and not (match["cur"] or match["coin"]):
        return
    if amount > _LARGEST:
        return
    if match["cur"] or match["coin"]:
        symbol = (match["cur"] or match["coin"]).strip().lower()
        unit = _CURRENCY.get(symbol, _CURRENCY.get(symbol[-1], symbol.rstrip("s")))
        yield _bounded(match, match.end(), amount / (100 if symbol.startswith("cent") else 1), "money", unit)
    elif match["pct"]:
        yield _bounded(match, match.end(), amount, "percent", "")
    elif match["dur"]:
        word = match["dur"].lower()
        yield _bounded(match, match.end(), amount * _DAYS[word.removesuffix("s")], "duration", "day", amount)
    elif not re.match(r"(?:st|nd|rd|th)\b|\w", text[match.end() :]) and not _is_label(match, text):
        yield _bounded(match, match.end(), amount, "count", _noun(text, match.end()))


def _is_label(match: re.Match[str], text: str) -> bool:
    """Whether a number only names ("Route 8", "Season 6") or is a pronoun ("one of them", "this one")."""
    after = re.match(r" (?!of\b|is\b|was\b|another\b|and\b)[a-z]", text[match.end() :])
    named = re.search(r"\b[A-Z][\w.-]* $", text[: match.start()]) and match[0].isdigit()
    return after is None and bool(named or match[0].lower() == "one")


def _bounded(
    match: re.Match[str], end: int, number: float, kind: Kind, unit: str, base: float = 0.0
) -> Value:
    """The interval a hedged number means: "more than 1,000" stops where one would say "2,000"."""
    groups = match.groupdict()
    low = high = number
    if groups.get("about"):
        low, high = 0.9 * number, 1.1 * number
    elif groups.get("below"):
        low = 0.9 * number
    elif groups.get("above") or groups.get("plus"):
        shown = base or number
        high = number * max(1.1, 1 + _step(shown) / max(shown, 1.0))
    return Value(match.start(), end, match[0], kind, low, high, unit, low == high)


def _noun(text: str, at: int) -> str:
    """The stemmed words right after a number: what it counts."""
    return " ".join(stem(w) for w in re.findall(r"[^\W\d_]+", text[at : at + 48].split(".")[0])[:3])


def _dates(text: str) -> Iterator[Value]:
    for d in find_dates(text):
        yield Value(d.start, d.end, text[d.start : d.end], "date", d.low, d.high, d.calendar)


def _names(text: str) -> Iterator[Value]:
    """Capitalised runs, without a small word in front ("The", "In") or a possessive behind."""
    for match in _NAME.finditer(text):
        start, end = match.span()
        while (first := re.match(r"[\w’']+(?: |$)", text[start:end])) and first[0].strip().lower() in SMALL:
            start += first.end()
        body = re.sub(r"(?:['’]s?|(?<=[a-z]{3})\.)$", "", text[start:end])
        key = " ".join(w for w in fold(body).split() if w not in SMALL)
        if key and start < end:
            yield Value(start, start + len(body), body, "name", unit=key)
