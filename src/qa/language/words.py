"""Words compared across inflections, to match a question with a sentence, and number words read."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from Stemmer import Stemmer

from qa.language.text import REMEMBERED

# Lists as one string each (SIM905): a hundred quoted words would be harder to read.
SMALL = frozenset(
    "the a an in on at by for of to from with and or but as if when while after before since until "  # noqa: SIM905
    "during although though because however this that these those it its he she they we i you his her "
    "their our my there here then what who where how why which is was are were be been being has have had do "
    "does did not no yes so such one some many most all both each other another once only also unlike "
    "despite under over into about around first second third early last next later today yet even according "
    "earlier many more between whose whom".split()
)
INTERROGATIVES = ("who", "whom", "whose", "what", "which", "when", "where", "why", "how")
_ASKING = frozenset(
    "much long kind type name called according often said say says please would could can will "  # noqa: SIM905
    "year date day time people person percentage percent share number amount".split()
)
_STEMMER = Stemmer("english")

_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "  # noqa: SIM905
    "sixteen seventeen eighteen nineteen".split()
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()  # noqa: SIM905
NUMBERS = {w: float(i) for i, w in enumerate(_ONES)} | {w: 20.0 + 10 * i for i, w in enumerate(_TENS)}
SCALES = {
    "hundred": 1e2,
    "thousand": 1e3,
    "million": 1e6,
    "billion": 1e9,
    "trillion": 1e12,
    "dozen": 12.0,
    "k": 1e3,
    "m": 1e6,
    "mn": 1e6,
    "bn": 1e9,
    "tn": 1e12,
}


def fold(text: str) -> str:
    """Case, accents and punctuation removed, for comparing words and names."""
    if text.isascii():
        return re.sub(r"[^\w]+", " ", text.lower()).strip()
    plain = unicodedata.normalize("NFKD", text.casefold())
    return re.sub(r"[^\w]+", " ", "".join(c for c in plain if not unicodedata.combining(c))).strip()


@lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    """The word without its inflection: "protesters" and "protested" are one term (Snowball's English)."""
    if word[:1].isdigit():
        return word.replace(",", "")
    stemmed: str = _STEMMER.stemWord(fold(word).split(" ")[0])
    return stemmed


@lru_cache(maxsize=50_000)
def singular(word: str) -> str:
    """A word without case, possessive and plural."""
    word = re.sub(r"'s?$", "", word.lower().strip('"“”'))
    word = word[:-3] + "y" if len(word) > 4 and word.endswith("ies") else word
    return word[:-1] if len(word) > 3 and re.search(r"[^sui]s$", word) else word


@lru_cache(REMEMBERED)
def terms(text: str) -> tuple[tuple[str, int, int], ...]:
    """Content words as (stem, start, end), without function and question words."""
    found = ((m[0].lower(), m.start(), m.end()) for m in re.finditer(r"\w+", text))
    return tuple(
        (stem(w), a, b)
        for w, a, b in found
        if w not in SMALL and w not in _ASKING and (len(w) > 1 or w.isdigit())
    )


def term_set(text: str) -> set[str]:
    """The stems of `terms`, each once."""
    return {term for term, _, _ in terms(text)}


def number(words: str) -> float:
    """The value of "2,000", "twenty-five", "two hundred and fifty thousand", "a dozen", "3.5 million"."""
    total = current = 0.0
    for word in re.findall(r"[\d.,]*\d|[a-z]+", words.lower()):
        if word[0].isdigit() or word[0] == ".":
            current += float(word.replace(",", "").strip(".") if word.count(".") < 2 else 0)
        elif word in SCALES and word not in ("k", "m"):
            scaled = (current or 1.0) * SCALES[word]
            total, current = (total, scaled) if word in ("hundred", "dozen") else (total + scaled, 0.0)
        else:
            current = (
                0.5
                if word == "half"
                else current + {"several": 3.0, "few": 3.0}.get(word, NUMBERS.get(word, 0.0))
            )
    return total + current
