"""correct(question): misspelt words put right, so that they can be found.

A word is taken for misspelt only if no document has it and the encoder's vocabulary has no word of
its stem. It is replaced only by a word of the documents, or by one of the commonest words, that is
an edit or two away: better no answer than one to another question.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property

from rapidfuzz.distance import OSA, JaroWinkler
from rapidfuzz.process import extract

from qa.language.words import fold, stem

_WORD = re.compile(r"[^\W\d_]{4,}")
_LONG = 8
"""Letters from which a word may have two edits."""

_NAME = 5
"""Letters that a capitalised word must have: short names have too many neighbours."""

_COMMON = 2_000
"""How many of the commonest words count as suggestions though no document has them."""

_IN_DOCUMENTS = 0.05
"""What it counts, in Jaro-Winkler similarity, that a suggestion stands in the documents."""


class Lexicon:
    """The words that are known.

    `vocabulary` maps the encoder's word pieces to numbers that rise as frequency falls, `terms` gives
    the stems of the documents' words, `occurrences(word)` texts of documents that have the word in
    some inflection.
    """

    def __init__(
        self,
        vocabulary: Mapping[str, int],
        terms: Callable[[], Sequence[str]],
        occurrences: Callable[[str], Sequence[str]],
    ) -> None:
        self._vocabulary = vocabulary
        self.terms = terms
        self.occurrences = occurrences

    def knows(self, word: str) -> bool:
        """Whether the word need not be corrected."""
        return word in self._vocabulary or bool(self.occurrences(word)) or stem(word) in self._stems

    @cached_property
    def common(self) -> list[str]:
        """The commonest words, commonest first."""
        words = [one for one in self._vocabulary if one.isalpha() and len(one) > 1]
        return sorted(words, key=self._vocabulary.__getitem__)[:_COMMON]

    @cached_property
    def _stems(self) -> frozenset[str]:
        return frozenset(stem(one) for one in self._vocabulary if one.isalpha())


def correct(question: str, lexicon: Lexicon) -> str:
    """The question with its misspelt words replaced; most often it is returned as it is."""
    return _WORD.sub(lambda found: _corrected(found[0], found.start() == 0, lexicon), question)


def _corrected(word: str, opens: bool, lexicon: Lexicon) -> str:
    plain = fold(word)
    if lexicon.knows(plain):
        return word
    name = word[0].isupper() and not opens and not word.isupper()
    if name and len(word) < _NAME:
        return word
    stems = {*_near(plain, lexicon.terms()), *_near(stem(plain), lexicon.terms())}
    found = {_surface(plain, lexicon.occurrences(one)) for one in stems} - {""}
    suggestions = found if name else found | set(_near(plain, lexicon.common))
    ranked = sorted(
        (one for one in suggestions if _distance(plain, one) <= _allowed(plain)),
        key=lambda one: (_distance(plain, one), -_likeness(plain, one, one in found), one),
    )
    return _cased(ranked[0], word) if ranked else word


def _near(word: str, words: Sequence[str]) -> list[str]:
    """The words that are at most the allowed number of edits away."""
    near = extract(word, words, scorer=OSA.distance, score_cutoff=_allowed(word), limit=None)
    return [one for one, _, _ in near]


def _surface(word: str, texts: Iterable[str]) -> str:
    """The word of the texts that is nearest, or an empty string."""
    words = {found[0] for text in texts for found in _WORD.finditer(text)}
    return min(words, key=lambda one: (_distance(word, one), one), default="")


def _allowed(word: str) -> int:
    return 2 if len(word) >= _LONG else 1


def _distance(word: str, other: str) -> int:
    """Edits between them, a swap of neighbours being one (optimal string alignment)."""
    return OSA.distance(word, fold(other))


def _likeness(word: str, other: str, in_documents: bool) -> float:
    return JaroWinkler.similarity(word, fold(other)) + _IN_DOCUMENTS * in_documents


def _cased(suggestion: str, word: str) -> str:
    return suggestion.capitalize() if word[0].isupper() and suggestion.islower() else suggestion
