"""is_order(sentence): does it tell whoever answers from it what to answer, instead of stating something?

The patterns are in orders.txt: a verb where an order has it ("ignore", "reply that") beside what only an
order to an answerer is about (instructions, the question, your answer, other sources), a condition of
being asked, the address of a machine, a role to play. "He ignored the instructions" states something;
"ignore the instructions" does not. They were written against eval/injections and the ordinary sentences
of the public sets; eval/LOG.md has how often they are right.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files

from qa.language.text import visible

_WORD = re.compile(r"\w+")
_DIGIT = re.compile(r"\d")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e007f]")
_EMPHASIS = re.compile(r"[*`]+|~~|(?<!\w)_+|_+(?!\w)")  # Markdown's
_TYPOGRAPHY = str.maketrans("’‘“”–—…", "''\"\"--.")
_LOOK_ALIKES = str.maketrans(
    "аеорсухіјѕкмнтвԁӏɡαεοριυνκᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢ", "aeopcyxijskmhtbdlgaeopiuvkabcdefghijklmnoprstuvwyz"
)
_MIXED = re.compile(r"\b(?:[a-z]+\d|\d+[a-z])[a-z\d]*\b")
_DIGITS = str.maketrans("013457", "oieast")
_SPACED = re.compile(r"(?<![^\W_])[^\W_]([ .*_-])[^\W_](?:\1[^\W_])+(?![^\W_])(?:\1(?=\s))?")
"""Letters of a word that are set apart; a wider gap ends the word."""
_GROUP = re.compile(r"\\.|\[(?:\\.|[^\]])*\]|\((?!\?)")  # an opening bracket, or what makes it none
# Ignore the instructions, in languages that don't part words by spaces or don't inflect by endings.
_UNSPACED = re.compile(
    r"(?:忽略|无视|無視|忘记)[^。]{0,20}(?:指令|指示|命令|内容)|(?:指令|指示|命令)を?[^。]{0,6}(?:無視|忘れ)"
    r"|(?:지시|명령)\w*[^.]{0,12}무시|تجاهل[^.]{0,20}(?:التعليمات|الأوامر)"
)


def is_order(sentence: str) -> bool:
    """Whether the sentence tells its reader what to answer, or speaks for the machine that answers."""
    return any(map(_matches, _readings(sentence)))


def _readings(text: str) -> Iterator[str]:
    """What a text may be read as: hidden tags as letters, or as nothing; without emphasis; with what is set
    apart put together and what stands in for other letters read as these."""
    plain, seen = folded(text), visible(text)
    yield plain
    shown = plain if seen == text else folded(seen)
    if shown != plain:
        yield shown
    bare = _EMPHASIS.sub("", plain)
    if bare != plain:
        yield bare
    joined = _SPACED.sub(_joined, seen)
    read = shown if joined == seen else folded(joined)
    if not plain.isascii() or _DIGIT.search(plain):
        read = _MIXED.sub(lambda word: word[0].translate(_DIGITS), read.translate(_LOOK_ALIKES))
    if read not in (plain, shown):
        yield read


def _joined(word: re.Match[str]) -> str:
    """The letters of a word that is set apart; but "S.A.Y." is an abbreviation."""
    return word[0] if word[1] == "." and word[0].isupper() else word[0].replace(word[1], "")


def _matches(plain: str) -> bool:
    if not plain.isascii() and _UNSPACED.search(plain):
        return True
    words, patterns = set(_WORD.findall(plain)), _patterns()
    tried = {pattern for word in words & patterns.keys() for pattern in patterns[word]}
    return any(_compiled(pattern).search(plain) for pattern in tried)


def folded(text: str) -> str:
    """The text in lower case, one alphabet and single spaces; hidden tags are letters."""
    if not text.isascii():
        text = text.translate(_TYPOGRAPHY)
        if not text.isascii():
            text = _INVISIBLE.sub(lambda mark: chr(max(ord(mark[0]) - 0xE0000, 0)).strip("\0"), text)
            text = unicodedata.normalize("NFKC", text)
    return " ".join(text.lower().split())


_compiled = cache(re.compile)  # on first use: to compile them all takes longer than 'qa --help'


@cache
def _patterns() -> Mapping[str, Sequence[str]]:
    """The patterns of orders.txt by each of the words that call for trying them."""
    parts: dict[str, str] = {}
    found: dict[str, list[str]] = {}
    for line in files("qa.documents").joinpath("orders.txt").read_text("utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        name, equals, value = line.partition(" = ")
        text = re.sub(r"\{([A-Z]+)\}", lambda part: parts[part[1]], value if equals else line)
        if equals:
            parts[name] = text
            continue
        cues = text.partition("«")[2].partition("»")[0]
        pattern = _regex(text.replace(f"«{cues}»", rf"\b({cues})\b", 1))
        for word in _cue_words(cues):
            found.setdefault(word, []).append(pattern)
    return found


def _regex(text: str) -> str:
    """A pattern of orders.txt in Python's notation: gaps, groups that capture nothing, ends of words."""
    text = re.sub(r" ~~(\d+) ", r".{0,\1}?", text)
    text = re.sub(r" ~(\d+) ", r"\\b.{0,\1}?\\b", text)
    text = _GROUP.sub(lambda found: "(?:" if found[0] == "(" else found[0], text)
    before = r"\b" if re.match(r"(?:\(\?:)*[a-z]", text) else ""
    return before + text + (r"\b" if re.search(r"[a-z]\)*$", text) else "")


def _cue_words(cues: str) -> Iterator[str]:
    """The first word of each alternative. Raises `ValueError` where that is no plain word."""
    for one in re.sub(r"\([^()]*\)\?|[()]", "", cues).split("|"):
        word = one.split(" ")[0]
        singular = word.removesuffix("s?").split("'")[0]
        if not _WORD.fullmatch(singular):
            raise ValueError(
                f"orders.txt: '{one}' in «{cues}» doesn't begin with a plain word; write it out."
            )
        yield singular
        if word.endswith("s?"):
            yield f"{singular}s"
