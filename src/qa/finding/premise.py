"""Does a sentence tell of another than who or what is asked about?

"How much did China invest in Russia?" is not answered by what China invested in Belarus, though the
encoder finds all its words alike. English shows by order who does it and to whom, so that without a
parser three things can be read: what the question's subject and verb are, who stands before that verb in
the sentence, and which names the question wants beside it. Each rule fires only where the names are
written out on both sides; what it finds is rarely an answer (`qa.finding.confidence` has how rarely).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from qa.finding.lexical import FUNCTION_WORDS
from qa.language.names import Word, runs, same_name, words
from qa.language.short_answer import answer_type
from qa.language.text import REMEMBERED
from qa.language.words import SMALL, stem

Name = tuple[Word, ...]

_VALUES = frozenset({"when", "money", "count", "amount", "duration", "percent"})
_BE = frozenset("was were is are been be".split())  # noqa: SIM905
_BEFORE_BASE = frozenset("did does do will would can could".split())  # noqa: SIM905
_AUXILIARIES = _BE | _BEFORE_BASE | frozenset(("has", "have", "had"))
_BETWEEN = re.compile(r"\w+ly|first|also|ever|not|already|then|once")
_ARTICLES = ("the", "a", "an")
_PLACING = frozenset("in from to with at of by for on against into near over".split())  # noqa: SIM905
_NOMINAL = _PLACING | frozenset(  # before a word that is no verb: "billions in investments"
    "the a an its his her their this that these those no some any more many".split()  # noqa: SIM905
)
# What no stem joins with its verb: a past form, the verb, and so on.
_FORMS = (
    "won win paid pay held hold left leave built build rebuilt rebuild met meet led lead fled flee sold "  # noqa: SIM905
    "sell told tell made make sent send spent spend lent lend lost lose found find fought fight bought "
    "buy brought bring taught teach caught catch thought think sought seek kept keep fell fall fallen "
    "fall gave give given give took take taken take came come became become began begin begun begin wrote "
    "write written write drew draw drawn draw grew grow grown grow flew fly went go gone go ran run sang "
    "sing sung sing spoke speak spoken speak broke break broken break chose choose chosen choose rose "
    "rise risen rise drove drive stole steal stolen steal threw throw thrown throw shot shoot struck "
    "strike stood stand understood understand said say laid lay dealt deal felt feel saw see seen see ate "
    "eat eaten eat swore swear sworn swear did do done do had have withdrew withdraw withdrawn withdraw "
    "overthrew overthrow overthrown overthrow".split()
)
_PAST = dict(zip(_FORMS[::2], _FORMS[1::2], strict=True))
_CALENDAR = re.compile(
    "january|february|march|april|may|june|july|august|september|october|november|december|.*day"
)
_NUMBERED = re.compile(r"\b([A-Z][\w’'-]*\w) (\d{1,4}|[IVX]+)\b(?![.,]\d|%)")
_FIRST = re.compile(r"(?:(?:The|An?|In|On|With) )?(?=([A-Z][\w’'-]*\w) (?:\d|[IVX]))")
_NEIGHBOURS = re.compile(
    r"\b(?:follow\w*|succe\w+|preced\w+|predece\w+|father|mother|sons?|daughters?|next|previous|replac\w+|earlier|later"
    r"|lead to|led to|(?:before|after|than) (?:the )?[A-Z])",
)
"""Relations in which a number stands to its neighbours."""
_GOES_ON = re.compile(
    r"\s*(?:[?.,;]|$)|\s+(?:in|on|at|of|during|after|before|and|by|for|to|from|with|as|between|since|until|than"
    r"|over|per|when|while)\b"
)
_POINTS_BACK = re.compile(r"\b(?:there|here|it|them|him|her|its|their|his|these|those|such)\b", re.I)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A question's names that stand for themselves, and around its verb: who, what, and whether passive."""

    names: tuple[Name, ...]
    subject: Name | None
    verb: str
    passive: bool
    objects: tuple[Name, ...]  # behind the verb
    placed: tuple[tuple[str, str, Name], ...]  # (content word, preposition, name): "invest in Russia"


@dataclass(frozen=True, slots=True)
class _Said:
    text: str
    words: tuple[Word, ...]
    names: tuple[Name, ...]


def is_another_number(question: str, sentence: str, around: str) -> bool:
    """Whether the sentence tells of "Apollo 12" where "Apollo 11" is asked about.

    It does where it begins with the name, or the text around it, its title and passage, has that name only
    with other numbers. What came before or after is asked for by naming another one.
    """
    asked = _numbers_asked(question)
    told = _numbered(sentence) if asked else {}
    for name, numbers in asked.items():
        if numbers & told.get(name, set()):
            continue
        begins = _FIRST.match(sentence)
        if begins and begins[1].lower() == name and name in told:
            return True
        near = _numbered(around).get(name, set()) | told.get(name, set())
        if near and not numbers & near and any((one < 1000) == (max(numbers) < 1000) for one in near):
            return True
    return False


@lru_cache(REMEMBERED)
def _numbers_asked(question: str) -> dict[str, set[int]]:
    return _numbered(question) if not _NEIGHBOURS.search(question) else {}


@lru_cache(REMEMBERED)
def _numbered(text: str) -> dict[str, set[int]]:
    """The numbers that stand behind a name, by name; Roman ones are the same as others."""
    found: dict[str, set[int]] = {}
    for match in _NUMBERED.finditer(text):
        name = match[1].lower()
        if not _CALENDAR.fullmatch(name) and name not in SMALL:
            found.setdefault(name, set()).add(int(match[2]) if match[2].isdigit() else _roman(match[2]))
    return found


def _roman(letters: str) -> int:
    worth = [{"I": 1, "V": 5, "X": 10}[letter] for letter in letters]
    return sum(-one if one < after else one for one, after in zip(worth, [*worth[1:], 0], strict=True))


def names_a_sibling(question: str, told: str) -> bool:
    """Whether a text tells of "Lake Ummer", and nowhere of Ezzar, where "Lake Ezzar" is asked about."""
    asked = [name for name in runs(question) if len(name) > 1]
    others = {(name[0].key, name[-1].key) for name in runs(told) if len(name) > 1}
    has = {word.key for word in words(told)} if asked and others else set()
    return any(
        any(first == name[0].key and not same_name(name[-1].key, last) for first, last in others)
        and not any(same_name(name[-1].key, key) or key == _initials(name) for key in has)
        for name in asked
    )


def _initials(name: Name) -> str:
    return "".join(word.key[:1] for word in name)


def is_of_another(question: str, sentence: str) -> bool:
    """Whether the sentence says what is asked of another one than the question names."""
    asked, said = _read(question), _Said(sentence, words(sentence), runs(sentence))
    return _other_subject(asked, said) or _other_place(asked, said) or _lacks_object(question, asked, said)


@lru_cache(REMEMBERED)
def _read(question: str) -> _Asked:
    there, names = words(question), runs(question)
    placed = tuple(p for name in names if _stands_alone(question, name) for p in _placed(there, name))
    at = next((i for i, w in enumerate(there) if w.key in _AUXILIARIES and not w.capital), len(there))
    behind = [w for w in there[at + 1 :] if w.key not in _ARTICLES]
    subject = next((name for name in names if behind and name[0] == behind[0]), None)
    after = [w for w in behind if subject and w.start > subject[-1].start and not _BETWEEN.fullmatch(w.key)]
    plain = bool(after) and not after[0].capital and after[0].key not in FUNCTION_WORDS
    if subject is None or not plain or re.search(r"['’,-]", question[subject[-1].start : after[0].start]):
        return _Asked(names, None, "", False, (), placed)
    objects = (n for n in names if n[0].start > after[0].start and _stands_alone(question, n))
    # "did found" is of founding, "was found" of finding.
    verb = stem(after[0].key) if there[at].key in _BEFORE_BASE else _verb(after[0])
    return _Asked(names, subject, verb, there[at].key in _BE, tuple(objects), placed)


def _verb(word: Word) -> str:
    return stem(_PAST.get(word.key, word.key))


def _stands_alone(text: str, name: Name) -> bool:
    """Whether a name is no part of another phrase ("Huguenot rituals", "Luther's works") and no date."""
    written = text[name[-1].start : name[-1].end]
    whole = not re.search(r"['’]s?$", written) and _GOES_ON.match(text, name[-1].end)
    return bool(whole) and not (name[0].opens and len(name) == 1) and not _CALENDAR.fullmatch(name[0].key)


def _placed(there: Sequence[Word], name: Name) -> list[tuple[str, str, Name]]:
    before = [w for w in there if w.end <= name[0].start]
    while before and before[-1].key in _ARTICLES:
        before.pop()
    if not before or before[-1].key not in _PLACING:
        return []
    content = [w for w in before if not w.capital and w.key not in FUNCTION_WORDS]
    return [(stem(content[-1].key), before[-1].key, name)] if content else []


def _other_subject(asked: _Asked, said: _Said) -> bool:
    """Whether every time the sentence has the verb a name stands before it, and never the one asked about."""
    if asked.subject is None:
        return False
    doers = []
    for j, word in enumerate(said.words):
        if _verb(word) != asked.verb or word.capital or word.key.endswith("ing"):
            continue
        k = j - 1
        while k >= 0 and (said.words[k].key in _AUXILIARIES or _BETWEEN.fullmatch(said.words[k].key)):
            k -= 1
        if k >= 0 and said.words[k].key in _NOMINAL:
            continue
        passive = any(w.key in _BE for w in said.words[k + 1 : j])
        doer = next((name for name in said.names if k >= 0 and name[-1] == said.words[k]), None)
        if doer is None or passive != asked.passive or not _is_subject(said, doer, word):
            return False
        doers.append(doer)
    if not doers or any(_same(doer, asked.subject) for doer in doers):
        return False
    told = [any(_is_part(doer, name) for name in asked.names) for doer in doers]
    return all(told) if _has(said, asked.subject) else not any(told)


def _is_subject(said: _Said, doer: Name, verb: Word) -> bool:
    """Not "settlements in County Cavan contributed", "Oakdale, which was sold", "The President came"."""
    before = [w for w in said.words if w.end <= doer[0].start]
    described = len(doer) == 1 and bool(before) and before[-1].key == "the" and not doer[0].key.endswith("s")
    bare = [w for w in before if w.key not in _ARTICLES]
    comma = re.search(r"[,;:()]", said.text[doer[-1].end : verb.start])
    return not comma and not described and not (bare and bare[-1].key in _PLACING)


def _other_place(asked: _Asked, said: _Said) -> bool:
    """Whether the sentence lacks a name and has another one, which is new, behind the same words."""
    new = [name for name in said.names if not any(_same(name, one) for one in asked.names)]
    for content, preposition, name in asked.placed:
        if _has(said, name):
            continue
        for other in new:
            before = [w for w in said.words if w.end <= other[0].start and w.key not in _ARTICLES]
            if before and before[-1].key == preposition and content in {stem(w.key) for w in before}:
                return True
    return False


def _lacks_object(question: str, asked: _Asked, said: _Said) -> bool:
    """Whether a number or a time is asked for, and the sentence with it names nothing of what it is of."""
    if answer_type(question) not in _VALUES or _POINTS_BACK.search(said.text):
        return False
    return bool(asked.objects) and not any(_has(said, name) for name in asked.objects)


def _same(one: Name, other: Name) -> bool:
    """Whether two names may be one: they share a word, or one is the other's initials."""
    short = [(_initials(a), b) for a, b in ((one, other), (other, one)) if len(b) == 1]
    return any(same_name(a.key, b.key) for a in one for b in other) or any(b[0].key == a for a, b in short)


def _is_part(one: Name, other: Name) -> bool:
    return all(any(same_name(a.key, b.key) for b in other) for a in one)


def _has(said: _Said, name: Name) -> bool:
    """Whether the sentence has a part of the name, or the letters that stand for it ("US", "UMC")."""
    if any(same_name(a.key, b.key) for a in name for b in said.words):
        return True
    letters = "".join(w.key[:1] for w in said.words)
    short = "".join(w.key[:1] for w in name)
    return (len(name) > 1 and any(w.key == short for w in said.words)) or any(
        1 < len(w.key) < 7 and w.key in letters for w in name if w.capital and len(name) == 1
    )
