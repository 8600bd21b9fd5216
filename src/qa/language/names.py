"""Proper names, and whether a text has them: "Putin" in "Vladimir Putin's", "Russian" in "Russia".

No list of names is used: a name is a run of capitalised words. What may be but the capital of a
sentence's first word counts as a name too, unless the sources write that word small.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from qa.language.text import REMEMBERED
from qa.language.words import SMALL, fold, singular, stem

_TOKEN = re.compile(r"\d+(?:[.,]\d+)*(?!\w)|(?:[^\W\d_]\.){2,}|[^\W_](?:\w|[’'&](?=\w))*")
PARTICLES = "of van von de der den del della di da du la le el al bin ibn the y".split()  # noqa: SIM905
"""Words of names that are written small."""

_LINK = re.compile(rf"(?:\.|,(?= (?:Jr|Sr)\b))? | ?[-–/&] ?| (?:{'|'.join(PARTICLES)})(?: the)? ")
_OPENING = re.compile(r"(?:^|[.!?:;…]|\s[-–—])[\s\"“‘'(\[*]*$|[\"“‘(\[]$")
_OPENERS = SMALL | frozenset(
    "however moreover furthermore additionally meanwhile nevertheless nonetheless consequently therefore "  # noqa: SIM905
    "thus hence instead similarly likewise overall finally indeed besides otherwise still again almost "
    "always never nearly recently currently previously formerly initially eventually ultimately subsequently "
    "originally historically traditionally typically generally usually often sometimes occasionally "
    "apparently clearly notably specifically particularly especially officially simply actually tomorrow "
    "yesterday soon afterwards please well among amid within without throughout across along against toward "
    "towards upon above below behind beside beyond near outside inside several few every any either neither "
    "nor none nobody nothing everyone everything someone something anyone people others part rather whether "
    "would could should may might must can will shall not let me him us them ours hers theirs yours myself "
    "himself herself itself themselves based due given regarding concerning following including per via less "
    "fewer much little half own too very quite just".split()
)
"""Words that open sentences and name nothing: function words, connectives, adverbs of time and degree."""

_ACRONYMS = frozenset(("us", "who", "it"))
"""What is a name when it is written in capitals."""

_NEAR = 3
"""Words at most between the names of "the Treaty of Rome" told in another order: "Rome and its treaty"."""


_BETWEEN = 2
"""Names that may stand inside one: "John Kennedy" is "John Fitzgerald Kennedy"."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a text; `key` is it without case, accents, and what an apostrophe joins to it."""

    start: int
    end: int
    key: str
    capital: bool
    opens: bool  # a sentence begins with it, which alone may be why it has a capital


@lru_cache(REMEMBERED)
def words(text: str) -> tuple[Word, ...]:
    """The words of a text in order."""
    return tuple(
        Word(
            *match.span(),
            key=_key(match[0]),
            capital=any(c.isupper() for c in match[0]),
            opens=bool(_OPENING.search(text, max(0, match.start() - 8), match.start())),
        )
        for match in _TOKEN.finditer(text)
    )


_CONTRACTED = {"ca": "can", "wo": "will", "sha": "shall", "ai": "is"}  # what is left of "can't", "won't"


def _key(word: str) -> str:
    if word[0].isdigit():
        return word.replace(",", "").lower()
    base = re.sub(r"(?:(?<=\w)n[’']t|[’'](?:s|re|ll|ve|d|m)?)$", "", word).replace(".", "")
    return _CONTRACTED.get(base.lower()) or fold(base)


@lru_cache(REMEMBERED)
def runs(text: str) -> tuple[tuple[Word, ...], ...]:
    """The names of a text: capitalised words that belong together, without "The" and "However"."""
    found: list[list[Word]] = []
    for word in words(text):
        if not word.capital or (word.key in _OPENERS and not _is_name(word, text, found)):
            continue
        possessive = found and re.search(r"[’']s?$", text[found[-1][-1].start : found[-1][-1].end])
        if found and not possessive and _LINK.fullmatch(text[found[-1][-1].end : word.start]):
            found[-1].append(word)
        else:
            found.append([word])
    return tuple(map(tuple, found))


def _is_name(word: Word, text: str, before: Sequence[Sequence[Word]]) -> bool:
    """Whether a word that else names nothing does here: "US", "in May", the "I" of "World War I"."""
    if word.key == "may":
        return not word.opens
    if word.key == "i":
        return bool(before) and text[before[-1][-1].end : word.start] == " "
    return word.key in _ACRONYMS and text[word.start : word.end].isupper()


def missing_names(sentence: str, cited: Sequence[str]) -> list[str]:
    """The names of `sentence` that no text of `cited` has, as they are written.

    What the texts write small is no name where it opens the sentence. The passage around a quote has no say
    in that: a brown coat there does not make "Brown resigned" a sentence without a name.
    """
    small = frozenset(stem(w.key) for text in cited for w in words(text) if not w.capital)
    lacking = []
    for run in runs(sentence):
        named = run[1:] if run[0].opens and stem(run[0].key) in small else run
        if named and not any(_stands(sentence, named, text) for text in cited):
            lacking.append(sentence[named[0].start : named[-1].end])
    return lacking


def same_name(a: str, b: str) -> bool:
    """Whether two keys are one name, up to plural and people: "russia", "russians"."""
    if a == b:
        return True
    one, other = singular(a), singular(b)
    return one == other or _is_people(one, other) or _is_people(other, one)


def _stands(sentence: str, name: Sequence[Word], text: str) -> bool:
    """Whether the text has the name, or its common nouns and its proper part: "the president, Putin"."""
    written = sentence[name[0].start : name[-1].end]
    if re.search(rf"(?<!\w){re.escape(written)}(?!\w)", text) or _places(name, text):
        return True
    parts: list[list[Word]] = []
    before: Word | None = None
    for word in name:
        if _is_common(word, text):
            before = None
            continue
        if before is None or " of " in sentence[before.end : word.start]:
            parts.append([])
        parts[-1].append(word)
        before = word
    if not parts:
        return _together(name, text)
    places = [_places(part, text) for part in parts]
    return all(places) and all(_near(a, b) for a, b in pairwise(places))


def _together(name: Sequence[Word], text: str) -> bool:
    """Whether the text has the words of the name side by side, in any order: "health ministry".

    A house that is white is no White House.
    """
    there = [word for word in words(text) if word.key not in PARTICLES]
    wanted = [word for word in name if word.key not in PARTICLES]
    return any(
        all(any(_is_one(w, other) for other in there[i : i + len(wanted)]) for w in wanted)
        for i in range(len(there) - len(wanted) + 1)
    )


def _is_one(word: Word, other: Word) -> bool:
    return stem(word.key) == stem(other.key) or same_name(word.key, other.key)


def _places(name: Sequence[Word], text: str) -> list[tuple[int, int]]:
    """Where the text has the words of the name in order, other names between at most: (first, last) word."""
    there = words(text)
    cased = any(w.capital for w in there)
    found = []
    for first, word in enumerate(there):
        if not same_name(word.key, name[0].key) or (cased and len(name) == 1 and not word.capital):
            continue
        at = first
        for wanted in name[1:]:
            following = range(at + 1, min(at + 2 + _BETWEEN, len(there)))
            at = next((i for i in following if same_name(there[i].key, wanted.key)), -1)
            if at < 0:
                break
        if at >= first and _is_one_name(there[first : at + 1], text):
            found.append((first, at))
    return found


def _is_one_name(run: Sequence[Word], text: str) -> bool:
    capital = all(w.capital or w.key in PARTICLES for w in run) or not any(w.capital for w in run)
    return capital and not re.search(r"[,;:()!?]|[^\W_]{4}\. ", text[run[0].start : run[-1].end])


def _is_common(word: Word, text: str) -> bool:
    """Whether the text writes the word small, or has the place that it is the people of ("Russian")."""
    if word.key in _OPENERS:
        return False
    small = {stem(w.key) for w in words(text) if not w.capital}
    return stem(word.key) in small or any(w.capital and _is_people(w.key, word.key) for w in words(text))


def _near(a: Collection[tuple[int, int]], b: Collection[tuple[int, int]]) -> bool:
    return any(-_NEAR <= first - last <= _NEAR for _, last in a for first, _ in b) or any(
        -_NEAR <= first - last <= _NEAR for _, last in b for first, _ in a
    )


# How English makes the name of a people from that of a place: an ending of the place, one of the people.
_ENDINGS = (
    ("a", "an"), ("", "ian"), ("e", "ian"), ("e", "an"), ("e", "ean"), ("o", "an"), ("y", "ian"),
    ("a", "ian"), ("s", "ian"), ("ey", "ish"), ("and", "ish"), ("en", "ish"), ("ain", "ish"), ("a", "ese"),
    ("", "ese"), ("", "i"), ("", "ic"), ("istan", ""), ("stan", ""),
)  # fmt: skip
_IRREGULAR = {
    ("france", "french"), ("netherlands", "dutch"), ("greece", "greek"), ("germany", "german"),
    ("denmark", "danish"), ("ireland", "irish"), ("scotland", "scottish"), ("finland", "finnish"),
    ("norway", "norwegian"), ("switzerland", "swiss"), ("wales", "welsh"), ("portugal", "portuguese"),
    ("serbia", "serb"), ("croatia", "croat"), ("slovakia", "slovak"), ("slovenia", "slovene"),
    ("bulgaria", "bulgar"), ("czechia", "czech"), ("argentina", "argentine"), ("kosovo", "kosovar"),
    ("moscow", "muscovite"), ("cyprus", "cypriot"), ("london", "londoner"), ("thailand", "thai"),
}  # fmt: skip


_OF_ANOTHER = {("niger", "nigerian")}
"""A place, and a people by the rule of endings that is another place's."""

_PEOPLES = re.compile(r".*(?:ian|ean|ese|ish|..man)")
"""Endings of peoples that no place has: Romanians are not of Roman, but Iranians are of Iran."""


@lru_cache(maxsize=4096)
def _is_people(place: str, people: str) -> bool:
    if (place, people) in _OF_ANOTHER or _PEOPLES.fullmatch(place):
        return False
    if place[:3] != people[:3] or len(place) < 4:
        return (place, people) in _IRREGULAR
    endings = (place.endswith(a) and place[: len(place) - len(a)] + b == people for a, b in _ENDINGS)
    return (place, people) in _IRREGULAR or any(endings)
