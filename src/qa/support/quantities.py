"""Numbers in a text, each with its unit, read so that two wordings of one number are equal.

`qa.language.values` asks what a number can mean ("about 2,000" is an interval); here the question is whether
two texts give the same number in the same unit: "$185 million" is "185 million dollars" and is not
"185 million" or "€185 million". Amounts are decimal: no two different numbers are equal.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache
from itertools import pairwise, zip_longest

from qa.language.text import REMEMBERED
from qa.language.words import NUMBERS, SCALES, fold, number


@dataclass(frozen=True, slots=True)
class Quantity:
    """`text[start:end]` gives the number that `key` stands for; equal keys say the same.

    `unit` is a currency, a measure ("km", "percent"), "ordinal", "" where things are counted, and
    "literal" where the number is no amount ("F-16", "10:30", "tens of thousands").
    """

    start: int
    end: int
    value: Decimal | str
    unit: str

    @property
    def key(self) -> tuple[Decimal | str, str]:
        """What two wordings of one quantity share."""
        return self.value, self.unit


def _table(lines: str) -> dict[str, str]:
    pairs = (line.split(": ", 1) for line in lines.strip().splitlines())
    return {pattern: unit.strip() for unit, patterns in pairs for pattern in patterns.split(" | ")}


# One line a unit: its name, then the ways to write it (regular expressions).
_UNITS = _table(
    r"""dollar: (?:US )?dollars?
    euro: euros?
    pound: pounds?(?: sterling)?
    yen: yen
    rupee: rupees?
    rouble: rou?bles?
    yuan: yuan | renminbi
    franc: (?:Swiss )?francs?
    hryvnia: hryvnias?
    zloty: zlotys?
    peso: pesos?
    cent: cents?
    penny: pence
    percent: % | per ?cent
    points: percentage points?
    age: years?[ -]olds? | years? of age
    km: kms? | kilomet(?:er|re)s?
    m: m | met(?:er|re)s?
    cm: cm | centimet(?:er|re)s?
    mm: mm | millimet(?:er|re)s?
    mile: miles?
    foot: feet | foot | ft
    inch: inch(?:es)?
    yard: yards?
    kg: kg | kilos? | kilogram(?:me)?s?
    g: grams?
    tonne: tonnes? | metric tons?
    ton: tons?
    lb: lbs?
    ounce: ounces? | oz
    litre: lit(?:er|re)s?
    gallon: gallons?
    barrel: barrels?
    acre: acres?
    hectare: hectares? | ha
    celsius: degrees? celsius | °C
    fahrenheit: degrees? fahrenheit | °F
    degree: degrees? | °
    kmh: km/h | kph | kilomet(?:er|re)s? (?:per|an) hour
    mph: mph | miles (?:per|an) hour
    knot: knots?
    watt: watts?
    kilowatt: kilowatts? | kW
    megawatt: megawatts? | MW
    gigawatt: gigawatts? | GW
    hertz: hertz | Hz
    megabyte: megabytes? | MB
    gigabyte: gigabytes? | GB
    second: seconds?
    minute: minutes?
    hour: hours?
    day: days?
    night: nights?
    week: weeks?
    month: months?
    year: years?
    decade: decades?
    century: century | centuries
    am: a\.?m\b
    pm: p\.?m\b"""
)
_UNIT = [(re.compile(pattern, re.I), unit) for pattern, unit in _UNITS.items()]
_SYMBOLS = {"us$": "dollar", "$": "dollar", "usd": "dollar", "£": "pound", "gbp": "pound", "€": "euro"}
_SYMBOLS |= {"eur": "euro", "¥": "yen", "₹": "rupee", "₽": "rouble"}

_WORD = rf"(?:{'|'.join(sorted(NUMBERS, key=len, reverse=True))})"
_WORDS = rf"{_WORD}(?:[- ]{_WORD})*\b"
_SCALE = r"(?:hundred|thousand|million|billion|trillion|dozen)"
_DIGITS = r"\d{1,3}(?:,\d{2,3})+(?:\.\d+)?|\d+(?:\.\d+)?|(?<!\d)\.\d+"
_PART = (
    rf"(?:(?P<whole>\d+|{_WORD}) and )?(?:an? |one )?(?P<fraction>half|quarter|three[- ]quarters)"
    r"(?: of)?(?: an?)?"
)
_FRACTIONS = {"half": Decimal("0.5"), "quarter": Decimal("0.25"), "three quarters": Decimal("0.75")}
_AMOUNT = re.compile(
    rf"(?P<sign>(?<![\w)])[-−](?=[\d.])|\b(?:minus|negative) )?"
    rf"(?P<currency>\b[A-Z]{{0,2}}\$|[£€¥₹₽$]|\b(?:USD|GBP|EUR) ?)?"
    rf"(?:\b(?P<part>{_PART})(?=[ -]{_SCALE}\b)"
    rf"|(?<![\w.,])(?P<digits>{_DIGITS})|\b(?P<words>{_WORDS}|an?(?= {_SCALE}\b)))"
    rf"(?P<scale>(?(currency)(?:k|m|mn|bn|tn)|(?:k|mn|bn|tn))\b"
    rf"|(?:[- ]?{_SCALE}\b(?: and(?= {_WORD}\b))?(?: {_WORDS})?)*)"
    rf"(?:(?P<ordinal>st|nd|rd|th)\b|[ -]?(?P<area>(?:square|sq\.?|cubic)[ -])?"
    rf"(?P<unit>{'|'.join(sorted(_UNITS, key=len, reverse=True))})(?!\w))?",
    re.I,
)
_SHORT = ("k", "m", "mn", "bn", "tn")
_TEN = "first second third fourth fifth sixth seventh eighth ninth tenth".split()  # noqa: SIM905 - as in words.py
_ORDINALS = {word: value for value, word in enumerate(_TEN, 1)}
_ORDINALS |= {"eleventh": 11, "twelfth": 12, "twentieth": 20, "thirtieth": 30, "hundredth": 100}
_ORDINALS |= {f"{word}th": int(value) for word, value in NUMBERS.items() if 13 <= value <= 19}
_TENS = {word: int(value) for word, value in NUMBERS.items() if value >= 20}
_ORDINAL = re.compile(rf"\b(?:(?P<tens>{'|'.join(_TENS)})-)?(?P<ones>{'|'.join(_ORDINALS)})\b", re.I)
_PARTS = {"half": 2, "halves": 2} | {f"{w}{s}": n for s in ("", "s") for w, n in _ORDINALS.items() if n > 2}
_PARTS |= {"quarter": 4, "quarters": 4}
_SHARE = re.compile(
    rf"\b(?P<top>\d+|{_WORD}) (?:in|out of)(?: every)? (?P<base>\d+|{_WORD})\b(?![,.]\d)"
    rf"|\b(?:(?P<count>an?|\d+|{_WORD})[- ])?(?P<part>{'|'.join(sorted(_PARTS, key=len, reverse=True))})\b"
    rf"(?=(?P<of> of\b| (?:the|its|their|his|her|all)\b)?)",
    re.I,
)
_SCALED = re.compile(rf"(?: of)?(?: an?)?[- ]{_SCALE}\b", re.I)
_LITERAL = re.compile(
    r"(?<!\w)(?:\d{1,2}:\d\d(?::\d\d)?"  # times
    r"|[^\W\d_]+[-–/]?\d\w*(?:[-/.]\w+)*"  # F-16, G7, COVID-19
    r"|(?:(?:tens|dozens|hundreds|thousands|many) of )*(?:dozens|hundreds|thousands|millions|billions)"
    r"|(?:several|a few|many|a couple of) (?:hundred|thousand|million|billion|dozen)"
    r"|twice|thrice|(?:doubl|tripl|quadrupl)(?:e[ds]?|ing))(?!\w)",
    re.I,
)
_RANGE = re.compile(r"\s?(?:-|–|—|to)\s?")
_JOINT = re.compile(rf"{_RANGE.pattern}|\s(?:or|and)\s")
# "One of them", "this one", "one another": a pronoun, not a number.
_PRONOUN = re.compile(
    r" (?:of|another|who|whose|that|which|is|was|has|can|could|must|may|and)\b|\s*(?:[^\w\s]|$)"
)
_POINTING = re.compile(r"\b(?:no|this|that|every|each|any|which|the|some|another|only) $", re.I)


@lru_cache(REMEMBERED)
def quantities(text: str) -> tuple[Quantity, ...]:
    """The quantities of a text in order; none overlap. Take dates out before: "1997" is a number here."""
    taken = bytearray(len(text))
    found: list[Quantity] = []
    for source in (_shares, _literals, _ordinals, _amounts):
        for one in source(text):
            if not any(taken[one.start : one.end]):
                taken[one.start : one.end] = b"\x01" * (one.end - one.start)
                found.append(one)
    found.sort(key=lambda one: one.start)
    return tuple(_sharing_units(text, found))


def ranges(text: str, *, loosely: bool = False) -> frozenset[tuple[Decimal | str, Decimal | str]]:
    """The pairs of numbers that a dash or "to" joins, as scores and ranges; loosely, "and" and "or" too."""
    joint = _JOINT if loosely else _RANGE
    pairs = pairwise(quantities(text))
    return frozenset((a.value, b.value) for a, b in pairs if joint.fullmatch(text[a.end : b.start]))


_PERIODS = {"day": r"day|daily", "night": r"night|nightly", "week": r"week|weekly", "month": r"month|monthly"}
_PERIODS |= {"year": r"year|yearly|annum|annual|annually", "hour": r"hour|hourly"}
_PERIODS |= {
    "minute": "minute",
    "second": "second",
    "decade": "decade",
    "season": "season",
    "century": "century",
}
_RATE = re.compile(
    rf"(?: [a-z]+){{0,3}}? (?:per|an?|each|every) (?P<period>{'|'.join(_PERIODS.values())})\b", re.I
)


def other_rates(text: str, cited: Sequence[str]) -> Iterator[str]:
    """What of "5 euros a month" is a rate in `text` that no cited text gives for that quantity.

    A text that only names the period ("a monthly fee of 5 euros") gives it too.
    """
    known = [rate for other in cited for rate in _rates(other)]
    for start, end, key, period in _rates(text):
        given = {one for _, _, other, one in known if other == key}
        named = any(re.search(rf"\b(?:{_PERIODS[period]})\b", other, re.I) for other in cited)
        if period not in given and (given or not named):
            yield text[start:end]


def _rates(text: str) -> Iterator[tuple[int, int, tuple[Decimal | str, str], str]]:
    for one in quantities(text):
        match = _RATE.match(text, one.end)
        if match:
            written = match["period"].lower()
            period = next(name for name, forms in _PERIODS.items() if written in forms.split("|"))
            yield one.start, match.end(), one.key, period


def _sharing_units(text: str, found: list[Quantity]) -> Iterator[Quantity]:
    """ "5 to 10 percent" is 5 percent to 10 percent."""
    for one, following in zip_longest(found, found[1:]):
        shared = following is not None and not one.unit and following.unit not in ("", "literal", "ordinal")
        if following and shared and _JOINT.fullmatch(text[one.end : following.start]):
            yield replace(one, unit=following.unit)
        else:
            yield one


def _shares(text: str) -> Iterator[Quantity]:
    """ "Half of", "two-thirds", "one in three" as percent."""
    for match in _SHARE.finditer(text):
        if _SCALED.match(text, match.end()):  # "a quarter of a million" is an amount
            continue
        if match["base"]:
            top, base = number(match["top"]), number(match["base"])
        else:
            top, base = number(match["count"] or "") or 1.0, float(_PARTS[match["part"].lower()])
            plural = match["part"].lower().endswith("s") and top > 1
            if not (plural or (match["of"] and (match["count"] or base == 2))):
                continue
        if 0 < top <= base:
            yield Quantity(*match.span(), Decimal(100) * Decimal(top) / Decimal(base), "percent")


def _literals(text: str) -> Iterator[Quantity]:
    for match in _LITERAL.finditer(text):
        yield Quantity(*match.span(), fold(match[0]), "literal")


def _ordinals(text: str) -> Iterator[Quantity]:
    for match in _ORDINAL.finditer(text):
        tens = _TENS[match["tens"].lower()] if match["tens"] else 0
        yield Quantity(*match.span(), Decimal(tens + _ORDINALS[match["ones"].lower()]), "ordinal")


def _amounts(text: str) -> Iterator[Quantity]:
    for match in _AMOUNT.finditer(text):
        if match["words"] and match[0].lower() == "one" and _is_pronoun(text, *match.span()):
            continue
        amount = _amount(match)
        if match["ordinal"]:
            unit = "ordinal"
        elif match["unit"]:
            unit = (match["area"] or "").lower()[:2] + next(u for p, u in _UNIT if p.fullmatch(match["unit"]))
        elif match["currency"]:
            symbol = match["currency"].strip().lower()
            unit = _SYMBOLS.get(symbol, symbol)
        else:
            unit = ""
        yield Quantity(*match.span(), -amount if match["sign"] else amount, unit)


def _amount(match: re.Match[str]) -> Decimal:
    scale = (match["scale"] or "").lower()
    if match["part"]:  # "half a million", "two and a half million"
        of = Decimal(number(match["whole"] or "")) + _FRACTIONS[match["fraction"].lower().replace("-", " ")]
        return of * Decimal(number(f"one{scale}"))
    if match["words"]:
        return Decimal(number(f"{match['words']}{scale}"))
    digits = Decimal(match["digits"].replace(",", ""))
    if scale in _SHORT:
        return digits * int(SCALES[scale])
    words = re.findall(r"[a-z]+", scale)
    while words and words[0] in SCALES:
        digits *= int(SCALES[words.pop(0)])
    return digits + Decimal(number(" ".join(words)))


def _is_pronoun(text: str, start: int, end: int) -> bool:
    return bool(_PRONOUN.match(text, end) or _POINTING.search(text, 0, start))
