"""Whether a text says before where another says after, more where it says fewer, rose where it says fell.

These words tell a direction on one scale. Most of them are function words, which token vectors hardly
tell apart, so a small table of pairs has to. An opposite counts where it stands with the same words:
"before June" for "after June"; "Brandt left after Tolland came" is "Tolland came before Brandt left".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from qa.finding.lexical import FUNCTION_WORDS
from qa.language.names import words
from qa.language.text import REMEMBERED
from qa.language.words import stem

_AT_LEAST = (
    r"(?<!no )(?<!not )(?:more|greater|higher) than|no (?:fewer|less) than|at least|over|above|exceed\w*"
)
_AT_MOST = r"(?<!no )(?<!not )(?:fewer|less|lower) than|no more than|at most|up to|under|below"
_ROSE = r"r[io]s(?:e|es|en|ing)|increas\w+|gr[eo]w(?:s|n|ing)?|soar\w*|climb(?:s|ed|ing)?"
_FELL = r"f[ae]ll(?:s|en|ing)?|decreas\w+|declin\w+|drop(?:s|ped|ping)?|shr[aiu]nk(?:s|ing)?|plunge[ds]?"
_BEFORE_A_PHRASE = (
    (r"before|prior to", r"after"),
    (_AT_LEAST, _AT_MOST),
    (r"inside|within", r"outside"),
    (r"north of", r"south of"),
    (r"east of", r"west of"),
)
"""Pairs that are told by what follows them."""

_WAYS = ((r"from|since|out of", r"to|into|until|till"),)
"""The same, if a number follows or what stands before is the same too: "to" has many uses."""

_AMONG_WORDS = (
    (_ROSE, _FELL),
    (r"(?:larg|bigg|great)est", r"smallest"),
    (r"(?:larg|bigg|great)er", r"smaller"),
    (r"highest", r"lowest"),
    (r"higher", r"lower"),
    (r"longest", r"shortest"),
    (r"longer", r"shorter"),
    (r"oldest|eldest", r"youngest|newest"),
    (r"older|elder", r"younger|newer"),
    (r"earlier|earliest", r"later|latest"),
    (r"best", r"worst"),
    (r"better", r"worse"),
)
"""Pairs that are told by the content words around them."""

_KINDS = ((_BEFORE_A_PHRASE, "phrase"), (_WAYS, "way"), (_AMONG_WORDS, "among"))
_PAIRS = [
    (kind, tuple(re.compile(rf"\b(?:{side})\b", re.I) for side in pair))
    for pairs, kind in _KINDS
    for pair in pairs
]
_AROUND = 3
"""Content words on either side that a word is among."""

_ARTICLES = frozenset("the a an its his her their this these those that of".split())  # noqa: SIM905


@dataclass(frozen=True, slots=True)
class _Told:
    """A word of the `pair`-th pair, with the stems before it and those of the phrase that follows."""

    written: str
    pair: int
    side: int
    before: tuple[str, ...]
    phrase: tuple[str, ...]
    after: tuple[str, ...]


def reversed_words(sentence: str, statements: Sequence[str]) -> tuple[str, ...]:
    """The words of `sentence` in whose place the statements have the opposite one, as they are written."""
    known = [one for text in statements for one in _told(text)]
    found = []
    for one in _told(sentence):
        rivals = [other for other in known if other.pair == one.pair]
        same, opposite = (
            max((_likeness(one, other) for other in rivals if (other.side == one.side) is alike), default=0)
            for alike in (True, False)
        )
        if opposite > same:
            found.append(one.written)
    return tuple(dict.fromkeys(found))


@lru_cache(REMEMBERED)
def _told(text: str) -> tuple[_Told, ...]:
    found = []
    for pair, (_, sides) in enumerate(_PAIRS):
        for side, pattern in enumerate(sides):
            for match in pattern.finditer(text):
                before = [stem(w.key) for w in words(text) if w.end <= match.start() and _is_content(w.key)]
                after = [stem(w.key) for w in words(text) if w.start >= match.end() and _is_content(w.key)]
                phrase = _phrase(text, match.end())
                found.append(
                    _Told(match[0], pair, side, tuple(before[-_AROUND:]), phrase, tuple(after[:_AROUND]))
                )
    return tuple(found)


def _phrase(text: str, start: int) -> tuple[str, ...]:
    """The content words that follow at once, an article aside."""
    found: list[str] = []
    end = start
    for word in words(text):
        if word.start < start:
            continue
        if re.search(r"[^\s$€£]", text[end : word.start]):
            break
        if _is_content(word.key):
            found.append(stem(word.key))
        elif found or word.key not in _ARTICLES:
            break
        end = word.end
    return tuple(found)


def _is_content(key: str) -> bool:
    return key not in FUNCTION_WORDS


def _likeness(one: _Told, other: _Told) -> int:
    """How much of what stands with the one stands with the other."""
    kind = _PAIRS[one.pair][0]
    if kind == "among":
        return len({*one.before, *one.after} & {*other.before, *other.after})
    if not one.phrase or not other.phrase:
        return 0
    if kind == "way" and not one.phrase[0][0].isdigit():
        return int(one.phrase[0] == other.phrase[0] and bool({*one.before} & {*other.before}))
    return int(one.phrase[0] in other.phrase or other.phrase[0] in one.phrase)
