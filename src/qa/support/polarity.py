"""Whether a text says of each thing that it is so, is not so, may or is to be so, or is so as somebody says.

A cue ("did not", "refused to", "may", "plans to") governs the words after it up to the end of its
clause, in the manner of NegEx (Chapman et al. 2001); two negations cancel. No parser, and no list of
antonyms: a word that says the contrary by itself is a matter of meaning, which token vectors judge.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from qa.finding.lexical import FUNCTION_WORDS
from qa.language.names import Word, words
from qa.language.text import REMEMBERED
from qa.support.alignment import Alignment, Term

Mood = Literal["possible", "intended", "able", "reported"]

_NEGATIVE = re.compile(
    r"\b(?:not|never|none|nobody|nothing|nowhere|neither|nor|without|cannot|hardly|scarcely|barely|rarely"
    r"|seldom|no longer|no(?!\.? ?\d)|n[’']t|unlikely|impossible|unable to|far from|instead of|rather than"
    r"|(?:has|have|had) yet to|(?:fail|refus|declin|neglect|forg[eo]t)(?:s|ed|es|ing|al|ure|ten)? to"
    r"|(?:refus|lack|prevent|avoid)(?:s|ed|es|ing|e)?|den(?:y|ies|ied|ying|ials?))\b|(?<=\w)n[’']t\b",
    re.I,
)
# "Not only", "no doubt" and their like affirm what follows; "No, …" answers somebody.
_AFFIRMING = re.compile(
    r"(?:not (?:only|just|merely|simply|least|to mention|until)|no (?:doubt|less|fewer|sooner|later|matter)"
    r"|nothing (?:but|less))\b|(?:no|not (?:really|at all|sure|yet)),",
    re.I,
)
_CLAUSE = (
    r"(?! to\b)(?= that\b| [^.;:,()]{2,50}?"
    r"\b(?:was|were|is|are|has|have|had|will|would|did|does|do|can|could)\b)"
)
"""A verb of saying is one where a clause follows: who claims the throne says nothing."""

_SAYING = (
    r"(?:claim|contend|insist|maintain|assert|suspect|fear|say)(?:s|ed)?|(?:argu|alleg|believ)e[sd]?"
    r"|thinks?|thought|said"
)
_AIMS = "plan|intend|expect|hop|want|aim|propos|threaten|promis|agree|pledg|vow|attempt|offer|decid|wish"
_MOODS: dict[Mood, re.Pattern[str]] = {
    "possible": re.compile(
        r"\b(?:might|could|would|may(?= [a-z])|possib(?:ly|le)|perhaps|maybe|potentially|probabl[ey]|likely"
        r"|if|unless|whether|suspected|(?:believed|thought|said|rumou?red|suggested|reported) to"
        r"|(?:seem|appear)(?:s|ed)? to|alleged(?:ly)?"
        r"|allegations?|reportedly|supposedly|purported(?:ly)?|claim(?:s|ed)? (?:to|that)|speculat\w+)\b"
    ),
    "intended": re.compile(
        rf"\b(?:will|shall|won[’']t|would|(?:going|set|about) to(?= (?!the\b|an?\b))|scheduled (?:to|for)"
        rf"|(?:supposed|meant|designed) to|tr(?:y|ies|ied|ying) to|(?:{_AIMS})(?:e?s|e?d|n?ed|n?ing|e)? to"
        rf"|(?:seeks?|sought|seeking) to|(?:plans?|intentions?|proposals?|attempts?) (?:to|for|of)"
        rf"|consider(?:s|ed|ing))\b|[’']ll\b"
    ),
    "reported": re.compile(rf"\b(?:{_SAYING}){_CLAUSE}"),
    "able": re.compile(r"\b(?:can|able to|capable of|allow(?:s|ed)?)\b"),
}
_ACCORDING = re.compile(r"\baccording to\b", re.I)
"""Wherever it stands, the whole sentence is somebody's."""

_BOUNDARY = re.compile(
    r"[.;:!?—–,()]|\b(?:and|but|although|though|while|whereas|because|since|until|unless|if|when|who|which|that"
    r"|where)\b"
)
_BREAK = re.compile(r"[.;:!?]|\bbut\b")
_REACH = 60
"""Characters after its first content word that a cue governs at most."""

_ALIKE = 0.6
"""Cosine from which a word of the sentence is taken for the quoted word that it matches best."""

_NEARLY_BEST = 0.1
"""A statement is compared if its match is at most so much below the best one's."""


@dataclass(frozen=True, slots=True)
class Cue:
    """`text[start:end]` governs the words that begin before `reach`, first of all that at `head`."""

    start: int
    end: int
    head: int
    reach: int
    mood: Mood | None  # None: it negates


@lru_cache(REMEMBERED)
def cues(text: str) -> tuple[Cue, ...]:
    """The cues of a text, those that govern no word left out."""
    negations = [m.span() for m in _NEGATIVE.finditer(text) if not _AFFIRMING.match(text, m.start())]
    found = [_cue(text, *span, None) for span in negations]
    for mood, pattern in _MOODS.items():
        found += [_cue(text, *match.span(), mood) for match in pattern.finditer(text)]
    if _ACCORDING.search(text):
        found.append(Cue(0, 0, -1, len(text), "reported"))
    return tuple(cue for cue in found if cue is not None)


def contrary(alignment: Alignment) -> tuple[str, ...]:
    """The words of the sentence that it asserts and its evidence denies, or the other way round.

    The same for what the one tells as a fact and the other as a possibility or a plan. Each word is
    compared with where the best matching statements have it. It counts if a cue governs it first, or if
    the whole sentence, names aside, stands where a cue governs it.
    """
    near = alignment.best_statements(_NEARLY_BEST)
    own = cues(alignment.sentence)
    first: list[str] = []
    every: list[str] = []
    told = 0
    for i, word in enumerate(alignment.said):
        places = _places(alignment, i, near) if word.content else []
        theirs = [(cues(alignment.statements[place.statement]), place.start) for place in places]
        told += bool(theirs) and not word.capital
        if not theirs or _agree(own, word.start, theirs):
            continue
        written = alignment.sentence[word.start : word.end]
        if not word.capital:
            every.append(written)
        if any(cue.head == at for found, at in [(own, word.start), *theirs] for cue in found):
            first.append(written)
    return tuple(first or (every if len(every) == told else ()))


def _places(alignment: Alignment, i: int, near: Sequence[int]) -> list[Term]:
    """Where the evidence has the i-th word of the sentence, or one that means the same."""
    stem = alignment.said[i].stem
    same = [word for word in alignment.cited if word.stem == stem and word.statement in near]
    if same or not alignment.cited:
        return same
    best = int(alignment.likeness[i].argmax())
    return [alignment.cited[best]] if alignment.likeness[i, best] > _ALIKE else []


def _agree(own: Sequence[Cue], at: int, theirs: Sequence[tuple[Sequence[Cue], int]]) -> bool:
    """Whether in one place at least the evidence has the word as the sentence has it."""
    mine = stance(own, at)
    return any(compatible(mine, stance(found, there)) for found, there in theirs)


def stance(found: Sequence[Cue], at: int) -> tuple[bool, frozenset[Mood]]:
    """Whether the word that begins at `at` is negated, and its moods; no mood is a fact."""
    over = [cue.mood for cue in found if cue.end <= at < cue.reach]
    return over.count(None) % 2 == 1, frozenset(mood for mood in over if mood)


def compatible(a: tuple[bool, frozenset[Mood]], b: tuple[bool, frozenset[Mood]]) -> bool:
    """Whether what the stance `b` says may be told in the stance `a`.

    Both are negated or neither, and they have a mood in common if there is one. A fact may be told as what
    somebody says, but not the other way round.
    """
    if "reported" in b[1] - a[1]:
        return False
    one, other = a[1] - {"reported"}, b[1] - {"reported"}
    able = "able" in one | other  # "can" tells of facts and of possibilities
    return a[0] == b[0] and (one == other or bool(one & other) or able)


def _cue(text: str, start: int, end: int, mood: Mood | None) -> Cue | None:
    """The cue at `text[start:end]`; None where it governs nothing."""
    first = next((word for word in words(text) if word.start >= end and _is_governed(word)), None)
    if first is None or _BREAK.search(text, end, first.start):
        return None
    stop = _BOUNDARY.search(text, first.end)
    reach = min(stop.start() if stop else len(text), first.end + _REACH)
    return Cue(start, end, first.start, reach, mood)


def _is_governed(word: Word) -> bool:
    """Whether a cue can be about it: adverbs are passed over ("did not formally sign")."""
    return word.key not in FUNCTION_WORDS and not (word.key.endswith("ly") and len(word.key) > 4)
