"""What of a sentence its citations lack: the numbers, dates, names and quotations in it.

Exact on purpose: a sentence is shown only if each of these stands in what it cites, so that a reader
finds it there. Wordings of one value are equal ("12" and "twelve", "25 percent" and "25%"); a date may
be told with less precision than the source has; nothing else is inferred.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from qa.interfaces import TokenVectors
from qa.language.dates import DateSpan, find_dates
from qa.language.names import missing_names
from qa.language.words import fold
from qa.support.quantities import other_rates, quantities, ranges


@dataclass(frozen=True, slots=True)
class Premise:
    """A citation as a premise: `passage[start:end]` is the quote, with its document's title and date.

    `tokens` are the passage's word pieces, encoded together; without them they are encoded when needed.
    """

    passage: str
    start: int
    end: int
    title: str = ""
    published: str | None = None
    tokens: TokenVectors | None = field(default=None, compare=False)

    @property
    def quote(self) -> str:
        """What is cited."""
        return self.passage[self.start : self.end]


_QUOTED = re.compile(
    r"“([^”]+)”|\"([^\"]+)\"|(?<!\w)‘([^’]+(?:’\w[^’]*)*)’(?!\w)|(?<!\w)'([^']+ [^']+)'(?!\w)"
)
_OMITTED = re.compile(r"\.\.\.|…|\[[^\]]*\]")
_AS_OF = re.compile(
    r"\b(?:as of|as at|published|dated|written|wrote|report(?:ed|s)?|article)\b[^.;,]{0,30}$", re.I
)
_WEEKDAY = re.compile(r"\b(?:mon|tues|wednes|thurs|fri|satur|sun)day", re.I)
_BRACKET = re.compile(r"\s?\([^()]*\)")
_BOTH_YEARS = re.compile(r"\d\W+\d|\d \w+ \d")
_AND_YEARS = re.compile(r"(?!between )\d+ and \d+", re.I)
_TO = re.compile(r"\s*(?:-|–|—|to|until|till|through|and)\s*(?:in |the )?(?:early |mid-?|late )?", re.I)
_NUMBERED = re.compile(r"[A-Z][\w’'-]*[ -]\d+(?:[.,]\d+)*(?!\w)|(?<![\w.,])\d+ [A-Z][\w’'-]*")
_DATING = re.compile(
    r"\b(?:in|by|since|until|till|before|after|during|from|to|between|through|early|mid|late|for) $", re.I
)
_COUNTED = re.compile(r"(?<![\w.,$£€-])(?P<year>1\d{3}|20\d\d) (?:[a-z]{2,}[^\Wsiu]s|children)\b(?!['’])")
_NO_COUNT = re.compile(
    r"(?:\b(?:in|by|since|until|till|before|after|during|from|to|between|through|early|mid|late|the|this|that|its"
    r"|their|his|her|our|an?|and|or|[Aa]s of)|['’]s?|\b[A-Z][\w.]*|[,(–—-]) ?$"
)
_HIDDEN = "\x1f"  # in the place of a date, so that its year is no number and its month no name


def missing_values(sentence: str, premises: Sequence[Premise]) -> tuple[str, ...]:
    """The numbers, dates, names and quotations of `sentence` that no premise has, as they are written.

    Numbers and dates have to stand in a quote, or in a name that a title has ("Apollo 11"); names and
    quotations in a quote or a title. The date of publication counts for an "as of" only. Empty when
    everything is there, as it is for a sentence that is copied from a quote.
    """
    quotes = [one.quote for one in premises]
    if any(_is_copied(sentence, text) for text in quotes):
        return ()
    titles = [one.title for one in premises if one.title]
    published = [one.published for one in premises if one.published]
    told = _without_numbers_of_names(sentence, titles)
    found = [*_missing_dates(told, quotes, published), *_missing_quotations(sentence, [*quotes, *titles])]
    found += _missing_counts(told, quotes)
    # Also without what stands in brackets: "the Union (UCM) of Miners" is the Union of Miners.
    plain, plain_titles = (
        [without_dates(form) for text in texts for form in dict.fromkeys((text, _BRACKET.sub("", text)))]
        for texts in (quotes, titles)
    )
    found += _missing_quantities(without_dates(told), plain)
    found += missing_names(without_dates(sentence), [*plain, *plain_titles])
    return tuple(dict.fromkeys(found))


def _without_numbers_of_names(sentence: str, titles: Sequence[str]) -> str:
    """The sentence, as long as it was, without numbers beside the same name as in a title.

    "Apollo 11" and "the 2010 World Cup" name things; "In 2010 the World Cup" gives a date.
    """
    for match in {match[0] for title in titles for match in _NUMBERED.finditer(title)}:
        for place in re.finditer(rf"(?<!\w){re.escape(match)}(?!\w)", sentence):
            if match[0].isdigit() and _DATING.search(sentence, 0, place.start()):
                continue
            hidden = re.sub(r"\d", _HIDDEN, place[0])
            sentence = sentence[: place.start()] + hidden + sentence[place.end() :]
    return sentence


def _is_copied(sentence: str, text: str) -> bool:
    """Whether the sentence stands in the text, white space aside, and not as a part of a word or number."""
    wanted, text = " ".join(sentence.split()), " ".join(text.split())
    start = text.find(wanted) if wanted else -1
    if start < 0:
        return False
    before, after = text[:start], text[start + len(wanted) :]
    cut = re.search(r"[\w.,$€£-]$", before) or re.match(r"\w|[.,]\d|[%-]| (?:million|billion)", after)
    return cut is None


def _missing_dates(sentence: str, cited: Sequence[str], published: Sequence[str]) -> Iterator[str]:
    known = [one for text in cited for date in dates_in(text) for one in _readings(text, date)]
    spans = [span for text in cited for span in _spans(text)]
    dates_of_sources = [date for text in published for date in _published(text)]
    for date in dates_in(sentence):
        written = sentence[date.start : date.end]
        usable = [*known, *(dates_of_sources if _AS_OF.search(sentence[: date.start]) else [])]
        ends = _ends(sentence, date)
        if _is_pair(written):
            told = all(any(implies(one, end) for one in usable) for end in ends)
        else:
            told = any(implies(one, date) for one in usable) or _is_span(ends, spans)
        weekday = _WEEKDAY.search(written)
        other_day = weekday and not any(weekday[0].lower() in text.lower() for text in cited)
        if other_day or not (told or _is_lone(date, written, cited)):
            yield written


def _is_lone(date: DateSpan, written: str, cited: Sequence[str]) -> bool:
    """Whether it is but the name of a month or a day, and some text has it, in whatever place."""
    return (
        date.calendar != "ce"
        and written.isalpha()
        and any(re.search(rf"\b{written}\b", text) for text in cited)
    )


def _published(text: str) -> Iterator[DateSpan]:
    """An ISO 8601 date of year, month or day precision."""
    match = re.match(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?", text)
    if match:
        year, month, day = (int(field or 0) for field in match.groups())
        low = year * 10000 + month * 100 + day
        yield DateSpan(0, len(text), low, low + (0 if day else 99 if month else 9999))


def dates_in(text: str) -> list[DateSpan]:
    """The dates of a text in order; none overlap."""
    found: list[DateSpan] = []
    for date in find_dates(text):
        if not any(date.start < one.end and one.start < date.end for one in found):
            found.append(date)
    return sorted(found, key=lambda one: one.start)


def _ends(text: str, date: DateSpan) -> list[DateSpan]:
    """The first and the last year of a span of years that is written with both."""
    first, last = date.low // 10000, date.high // 10000
    if date.calendar != "ce" or not 0 < first < last or not _BOTH_YEARS.search(text[date.start : date.end]):
        return []
    return [DateSpan(date.start, date.end, year * 10000, year * 10000 + 9999) for year in (first, last)]


def _is_pair(written: str) -> bool:
    """Whether two years are but joined: "in 1994 and 1998" tells of no time between them."""
    return _AND_YEARS.fullmatch(written) is not None


def _readings(text: str, date: DateSpan) -> list[DateSpan]:
    """What else a date of the evidence says: the ends of its span; two joined years are no span."""
    return [*([] if _is_pair(text[date.start : date.end]) else [date]), *_ends(text, date)]


def _spans(text: str) -> Iterator[tuple[DateSpan, DateSpan]]:
    """The dates that "to" or a dash joins: "from May 1994 to June 1998"."""
    for first, last in pairwise(dates_in(text)):
        if _TO.fullmatch(text[first.end : last.start]):
            yield first, last


def _is_span(ends: Sequence[DateSpan], spans: Sequence[tuple[DateSpan, DateSpan]]) -> bool:
    """Whether both ends are those of one span: of two loose years nobody says what was between them."""
    return bool(ends) and any(implies(a, ends[0]) and implies(b, ends[-1]) for a, b in spans)


def implies(known: DateSpan, told: DateSpan) -> bool:
    """Whether `told` is `known`, or what is left of it without the day, the month or the year."""
    if told.calendar != known.calendar:
        full = told.calendar == "yearless" and known.calendar == "ce" and known.high - known.low <= 99
        return full and implies(DateSpan(0, 0, known.low % 10000, known.high % 10000), _as_ce(told))
    same = (told.low, told.high) == (known.low, known.high)
    year_or_month = told.high - told.low in (99, 9999)
    return same or (year_or_month and told.low <= known.low and known.high <= told.high)


def _as_ce(date: DateSpan) -> DateSpan:
    return DateSpan(date.start, date.end, date.low, date.high)


def without_dates(text: str) -> str:
    """The text, as long as it was, without its dates: their years are no numbers, their months no names."""
    for date in dates_in(text):
        text = text[: date.start] + _HIDDEN * (date.end - date.start) + text[date.end :]
    return text


def _missing_counts(sentence: str, cited: Sequence[str]) -> Iterator[str]:
    """Numbers that look like years and count things ("1900 workers"), unless a text counts so many too."""
    known = {match["year"] for text in cited for match in _COUNTED.finditer(text)}
    known |= {str(one.value) for text in cited for one in quantities(without_dates(text))}
    for match in _COUNTED.finditer(sentence):
        if not _NO_COUNT.search(sentence, 0, match.start()) and match["year"] not in known:
            yield match[0]


def _missing_quantities(sentence: str, cited: Sequence[str]) -> Iterator[str]:
    known = {one.key for text in cited for one in quantities(text)}
    pairs = {pair for text in cited for pair in ranges(text, loosely=True)}
    for one in quantities(sentence):
        if one.key not in known:
            yield sentence[one.start : one.end]
    yield from other_rates(sentence, cited)
    for first, last in ranges(sentence) - pairs:
        yield f"{first}–{last}"


def _missing_quotations(sentence: str, cited: Sequence[str]) -> Iterator[str]:
    folded = [f" {fold(text)} " for text in cited]
    for match in _QUOTED.finditer(sentence):
        quoted = next(group for group in match.groups() if group)
        for part in _OMITTED.split(quoted):
            if fold(part) and not any(f" {fold(part)} " in text for text in folded):
                yield match[0]
                break
