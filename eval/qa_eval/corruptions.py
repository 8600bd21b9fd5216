"""Sentences that no longer say what their source says, and sentences that still do, made by rule.

Each rule takes a sentence with the passage that it stands in, and gives it changed, or None where it
does not apply. A change of meaning is one that any reader sees: another number, two names in each
other's place, a negation more or less, a plan for a fact.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping
from itertools import pairwise

from qa.language.names import runs, same_name
from qa.support.grounding import dates_in, without_dates
from qa.support.quantities import quantities

Rule = Callable[[str, str], str | None]

_AUXILIARY = re.compile(
    r"\b(was|were|is|are|has|have|had|will|would|could|should|must)\b(?! (?:not|no|never)\b|n[’']t)"
)
_NEGATION = re.compile(r" not\b(?! only)| never\b|(?<=\w)n[’']t\b| no longer\b")
_FACT = re.compile(r"\b(was|were|is|are)\b(?! (?:not|to|about to|likely|going)\b)")
_MAY = re.compile(r"\b(?:may|might|could) (?=[a-z])")
_PLAN = re.compile(r"\b(?:plans?|planned|intends?|intended|wants?|wanted|hopes?|hoped|refused|failed) to\b")
_QUOTATION = re.compile(r"[\"“”]")
_MONTHS = "January February March April May June July August September October November December".split()  # noqa: SIM905
_MONTH = re.compile(rf"(?<=[a-z,] )(?:{'|'.join(_MONTHS)})\b")
_OPPOSITES = {
    "before": "after",
    "more than": "fewer than",
    "at least": "at most",
    "rose": "fell",
    "increased": "decreased",
    "largest": "smallest",
    "higher": "lower",
    "oldest": "youngest",
    "outside": "inside",
}
_OPPOSITE = _OPPOSITES | {other: one for one, other in _OPPOSITES.items()}
_DIRECTION = re.compile(rf"\b(?:{'|'.join(_OPPOSITE)})\b")
_ATTRIBUTION = re.compile(
    r"^(?:[A-Z][\w ’'-]{2,40} (?:says?|said|claim(?:s|ed)?|(?:argu|believ)e[sd]?)"
    r" that |According to [^,;:]{2,50}, )"
)
_APART = 6  # characters between two values that are not the ends of one range
_ROLES_APART = re.compile(r"\b(?:and|or|with|between|both|as)\b|[,;:()\"“”]")


def another_number(sentence: str, passage: str) -> str | None:
    """The first number replaced by one that the passage does not have."""
    found = [one for one in quantities(sentence) if sentence[one.start : one.end][0].isdigit()]
    if not found:
        return None
    written = re.match(r"\d+", sentence[found[0].start : found[0].end])
    assert written is not None
    changed = str(int(written[0]) + random.Random(sentence).randint(1, 9))
    start = found[0].start
    return sentence[:start] + changed + sentence[start + written.end() :] if changed not in passage else None


def numbers_swapped(sentence: str, passage: str) -> str | None:
    """Two numbers of the sentence in each other's place."""
    plain = without_dates(sentence)
    found = [one for one in quantities(plain) if re.fullmatch(r"[\d,.]*\d", plain[one.start : one.end])]
    pairs = [(a, b) for a, b in pairwise(found) if a.value != b.value and b.start - a.end >= _APART]
    return _swapped(sentence, *((one.start, one.end) for one in pairs[0])) if pairs else None


def dates_swapped(sentence: str, passage: str) -> str | None:
    """Two dates of the sentence in each other's place."""
    found = dates_in(sentence)
    pairs = [(a, b) for a, b in pairwise(found) if a.low != b.low and b.start - a.end >= _APART]
    return _swapped(sentence, *((one.start, one.end) for one in pairs[0])) if pairs else None


def another_date(sentence: str, passage: str) -> str | None:
    """The year of a date replaced by one that the passage does not have."""
    for date in dates_in(sentence):
        year = re.search(r"\b(1\d\d\d|20\d\d)\b", sentence[date.start : date.end])
        if year:
            changed = str(int(year[0]) - random.Random(sentence).randint(1, 9))
            start = date.start + year.start()
            return sentence[:start] + changed + sentence[start + 4 :] if changed not in passage else None
    return None


def another_month(sentence: str, passage: str) -> str | None:
    """A month replaced by the next one that the passage does not have."""
    found = _MONTH.search(sentence)
    if found is None:
        return None
    at = _MONTHS.index(found[0])
    following = (month for month in _MONTHS[at + 1 :] + _MONTHS[:at] if month not in passage)
    return next((sentence[: found.start()] + month + sentence[found.end() :] for month in following), None)


def another_numeral(sentence: str, passage: str) -> str | None:
    """The II or III of a name made I, where the passage has no I."""
    if re.search(r"\bI\b", passage):
        return None
    changed = re.sub(r"(?<=[a-z] )III?\b", "I", sentence, count=1)
    return changed if changed != sentence else None


def names_swapped(sentence: str, passage: str) -> str | None:
    """Two names with a predicate between them in each other's place, where they don't share one role."""
    found = [run for run in runs(sentence) if not run[0].opens or len(runs(sentence)) > 1]
    for first, second in pairwise(found):
        between = sentence[first[-1].end : second[0].start]
        verb = re.search(r"[a-z]{3,}", between)
        if verb and not _ROLES_APART.search(between) and not same_name(first[-1].key, second[-1].key):
            return _swapped(sentence, *((run[0].start, run[-1].end) for run in (first, second)))
    return None


def another_name(sentence: str, passage: str) -> str | None:
    """A name replaced by another one of the passage that the sentence does not have."""
    own = runs(sentence)
    keys = {word.key for run in own for word in run}
    strangers = [
        run
        for run in runs(passage)
        if not run[0].opens and not any(same_name(word.key, key) for word in run for key in keys)
    ]
    named = [run for run in own if not run[0].opens]
    if not named or not strangers:
        return None
    stranger = passage[strangers[0][0].start : strangers[0][-1].end]
    return sentence[: named[0][0].start] + stranger + sentence[named[0][-1].end :]


def negation_added(sentence: str, passage: str) -> str | None:
    """ "Was" made "was not", in a sentence that has no negation."""
    if _NEGATION.search(sentence) or re.search(r"\b(?:no|nor|without|neither)\b", sentence, re.I):
        return None
    changed = _AUXILIARY.sub(r"\1 not", sentence, count=1)
    return changed if changed != sentence else None


def negation_removed(sentence: str, passage: str) -> str | None:
    """The one negation of a sentence left out."""
    found = _NEGATION.findall(sentence)
    return _NEGATION.sub("", sentence) if len(found) == 1 else None


def fact_made_possible(sentence: str, passage: str) -> str | None:
    """ "Was" made "may have been"."""
    changed = _FACT.sub(lambda m: "may have been" if m[0] in ("was", "were") else "may be", sentence, count=1)
    return changed if changed != sentence else None


def possible_made_fact(sentence: str, passage: str) -> str | None:
    """ "May" and "might" made "did"; "plans to" and "refused to" made "managed to"."""
    changed = _MAY.sub("did ", sentence, count=1)
    changed = changed if changed != sentence else _PLAN.sub("managed to", sentence, count=1)
    return changed if changed != sentence else None


def opposite_word(sentence: str, passage: str) -> str | None:
    """The first word of a direction, such as "before" or "rose", made its opposite."""
    found = _DIRECTION.search(sentence)
    return (
        None if found is None else sentence[: found.start()] + _OPPOSITE[found[0]] + sentence[found.end() :]
    )


def patients_swapped(sentence: str, passage: str) -> str | None:
    """ "A praised B and criticised C" made "A praised C and criticised B"."""
    for first, second in pairwise(runs(sentence)):
        between = sentence[first[-1].end : second[0].start]
        if re.fullmatch(r",? (?:and|but) (?:later |then )?[a-z]+(?:ed|s|to|by|of|in) (?:the )?", between):
            return _swapped(sentence, *((run[0].start, run[-1].end) for run in (first, second)))
    return None


def another_period(sentence: str, passage: str) -> str | None:
    """The period of a rate made another one: "12 a month" made "12 a year"."""
    found = re.search(r"(?<=\d)(?: [a-z]+){0,2} (?:per|an?|each|every) (day|week|month|year)\b", sentence)
    if found is None:
        return None
    other = {"day": "week", "week": "month", "month": "year", "year": "month"}[found[1]]
    return sentence[: found.start(1)] + other + sentence[found.end(1) :]


def attribution_dropped(sentence: str, passage: str) -> str | None:
    """ "Veld says that it is so" and "According to Veld, it is so" made "It is so"."""
    changed = _ATTRIBUTION.sub("", sentence, count=1)
    return changed[:1].upper() + changed[1:] if changed != sentence else None


def unchanged(sentence: str, passage: str) -> str | None:
    """The sentence as it is."""
    return sentence


def moved_adverbial(sentence: str, passage: str) -> str | None:
    """ "In 1997, they signed." made "They signed in 1997."."""
    match = re.fullmatch(r"((?:In|On|At|By|During|After|Before|Since) [^,]{3,40}), ([A-Z]?[^,]+)\.", sentence)
    if match is None:
        return None
    rest = match[2][0].upper() + match[2][1:]
    return f"{rest} {match[1][0].lower()}{match[1][1:]}."


def shortened(sentence: str, passage: str) -> str | None:
    """A bracket, or an addition between commas, left out."""
    changed = re.sub(r" \([^()]+\)|, (?:which|who|where)\b[^,]+(?=[,.]$|,)", "", sentence, count=1)
    return changed if changed != sentence else None


def rewritten_numbers(sentence: str, passage: str) -> str | None:
    """Numbers and per cent written the other way, where nobody is quoted."""
    if _QUOTATION.search(sentence):
        return None
    changed = re.sub(r"(?<=\d) per ?cent\b", "%", sentence)
    for word, digit in _DIGITS.items():
        changed = re.sub(rf"\b{word}\b(?! of\b|[- ](?:hundred|thousand|million|billion))", digit, changed)
    return changed if changed != sentence else None


def expanded(sentence: str, passage: str) -> str | None:
    """Contractions written out, and "that" and "however" put in or left out."""
    changed = re.sub(r"\b(did|was|is|are|were|has|had|would|could|does|do)n[’']t\b", r"\1 not", sentence)
    changed = re.sub(r"^(?:However|But|And|Moreover|Also|Still), ?(\w)", lambda m: m[1].upper(), changed)
    return changed if changed != sentence else None


def surname_only(sentence: str, passage: str) -> str | None:
    """A name of two words made its last one, where it stands inside the sentence and in no quotation."""
    if _QUOTATION.search(sentence):
        return None
    for run in runs(sentence):
        apart = run and sentence[run[0].start : run[-1].end] == " ".join(
            sentence[w.start : w.end] for w in run
        )
        if len(run) == 2 and not run[0].opens and apart:
            return sentence[: run[0].start] + sentence[run[1].start :]
    return None


CORRUPTIONS: Mapping[str, Rule] = {
    "another number": another_number,
    "numbers swapped": numbers_swapped,
    "dates swapped": dates_swapped,
    "another year": another_date,
    "another month": another_month,
    "another numeral of a name": another_numeral,
    "names swapped": names_swapped,
    "another name of the passage": another_name,
    "negation added": negation_added,
    "negation removed": negation_removed,
    "fact made possible": fact_made_possible,
    "possible made fact": possible_made_fact,
    "another period": another_period,
    "attribution dropped": attribution_dropped,
    "opposite word": opposite_word,
    "what two predicates are of swapped": patients_swapped,
}
PARAPHRASES: Mapping[str, Rule] = {
    "unchanged": unchanged,
    "adverbial moved": moved_adverbial,
    "aside left out": shortened,
    "numbers rewritten": rewritten_numbers,
    "contraction written out": expanded,
    "surname only": surname_only,
}
_DIGITS = {
    "two": "2",
    "three": "3",
    "four": "4",
    "five": "5",
    "six": "6",
    "seven": "7",
    "eight": "8",
    "twelve": "12",
}


def _swapped(text: str, first: tuple[int, int], second: tuple[int, int]) -> str:
    (a, b), (c, d) = first, second
    return text[:a] + text[c:d] + text[b:c] + text[a:b] + text[d:]
