"""assented(question, sentence) → the sentence, without a "Yes," or a "No," that it does not bear out.

Evidence can't hold such a word, for what it says is told by the question. It stays where the sentence
has all that is asked, affirmed or denied; where that can't be told, the sentence says enough without it.
"""

from __future__ import annotations

import re

from qa.finding.lexical import FUNCTION_WORDS
from qa.language.names import Word, same_name, words
from qa.language.short_answer import answer_type
from qa.language.words import stem
from qa.support.opposites import reversed_words
from qa.support.polarity import compatible, cues, stance
from qa.support.roles import exchanged, swapped

_ASSENT = re.compile(r"\s*(?P<word>yes|no)\s*(?:[,;:!]|\.(?=\s+\D)|\s[-–—]\s|[–—])\s*", re.I)
_HOW_MANY = re.compile(
    r"\b(?:all|every|each|most|many|few|fewer|some|several|half|none|nearly|almost|hardly|only|partly|both)\b",
    re.I,
)
_NOW = re.compile(r"\s*(?:is|are|does|do|has|have|can)\b", re.I)
_NO_MORE = re.compile(r"\b(?:until|till|used to|former|formerly|once|previously)\b", re.I)
_CLAUSES = re.compile(r"[;:]|,? (?:but|while|whereas)\b|, and\b", re.I)
_OPEN = re.compile(r"\bor\b|\bnot\b|n[’']t\b", re.I)
"""Questions to which "yes" may mean either."""


def assented(question: str, sentence: str) -> str:
    """`sentence`, its leading "Yes" or "No" left out unless the rest of it answers `question` so."""
    found = _ASSENT.match(sentence)
    if found is None:
        return sentence
    rest = sentence[found.end() :]
    if _affirms(question, rest) is (found["word"].lower() == "yes"):
        return sentence
    return rest[:1].upper() + rest[1:]


def without_assent(sentence: str) -> str:
    """The sentence without a leading "Yes" or "No", which no evidence can hold."""
    found = _ASSENT.match(sentence)
    return sentence[found.end() :] if found else sentence


def _affirms(question: str, sentence: str) -> bool | None:
    """Whether what is asked is so as the sentence has it; None where that can't be told."""
    if answer_type(question) != "yes_no" or _OPEN.search(question) or _says_less(question, sentence):
        return None
    asked = [word for word in words(question) if word.key not in FUNCTION_WORDS]
    told = [(one, _told(one, sentence)) for one in asked]
    if not asked or not all(places for _, places in told):
        return None
    if any(rule(question, [sentence]) for rule in (swapped, exchanged, reversed_words)):
        return None
    own, theirs = cues(question), cues(sentence)
    denied = False
    for one, places in told:
        (negated, moods), mine = stance(theirs, places[0].start), stance(own, one.start)
        if not compatible(mine, (mine[0], moods)):
            return None
        denied |= negated and not one.capital
    if not denied and any(cue.mood is None for cue in theirs):
        return None
    return not denied


def _says_less(question: str, sentence: str) -> bool:
    """Whether it tells of more or fewer than are asked about, of a time that has passed, or of two things."""
    numbers = [{one.lower() for one in _HOW_MANY.findall(text)} for text in (question, sentence)]
    passed = _NOW.match(question) and _NO_MORE.search(sentence)
    return numbers[0] != numbers[1] or bool(passed or _CLAUSES.search(sentence))


def _told(asked: Word, sentence: str) -> list[Word]:
    return [
        word
        for word in words(sentence)
        if stem(word.key) == stem(asked.key) or (asked.capital and same_name(word.key, asked.key))
    ]
