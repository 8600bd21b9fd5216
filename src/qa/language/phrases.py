"""What a sentence says somebody or something is, as phrases: "a [British fencer] who competed".

Proper names are found by their capitals (`qa.language.values`); answers such as "ice hockey" or "condenser"
are not. Without a parser they are looked for where English states them: after "is a", "as a", "became",
"called", in the bracket that tells namesakes apart ("Peter Jacobs (fencer)").
"""

from __future__ import annotations

import re
from functools import lru_cache

from qa.language.text import REMEMBERED
from qa.language.values import Value
from qa.language.words import SMALL, stem

# Where the phrase ends: at a clause, a preposition, or a participle that begins one.
_STOP = (
    r"who|that|which|whose|where|when|and then|but|in|of|at|for|from|to|by|with|on|near|under|since|during"
    r"|between|into|as|based|born|located|situated|written|directed|produced|made|released|published|founded"
    r"|known|used|named|created|set|starring|featuring|it|he|she|they|is|was|are|were|has|had|have"
)
_BODY = rf"(?P<body>(?!(?:{_STOP})\b)[\w’'-]+(?: (?:and |or |& )?(?!(?:{_STOP})\b)[\w’'-]+){{0,6}})"
_STATED = re.compile(
    rf"\b(?:is|was|are|were|became|becomes|remains|as|being)"
    rf"(?: (?:also|now|currently|best known as|known as|one of))? (?:an?|the) {_BODY}"
    rf"|\b(?:called|termed|known as|refers to|stands for)(?: (?:an?|the))? {_BODY.replace('body', 'body2')}"
    rf"|\((?:an? |the )?(?P<bracket>[a-z][a-z-]+(?: [a-z-]+){{0,3}})\)"
    rf"|^{_BODY.replace('body', 'body3')}(?= is | are )"
)
_GENERIC = frozenset(
    stem(w)
    for w in "former professional retired late first second last famous small large new old young notable "  # noqa: SIM905
    "popular player person man woman member type kind form name term word one use list several various own "
    "same main major modern early international national".split()
)
_PEOPLES = re.compile(r"\b[A-Z]\w+(?:[aeimo]an|ish|ese|nch|eek)\b")


@lru_cache(REMEMBERED)
def phrases(sentence: str) -> tuple[Value, ...]:
    """Phrases in order of appearance; `unit` holds the stems by which two are compared."""
    found = []
    for match in _STATED.finditer(sentence):
        start, end = next(match.span(n) for n in ("body", "body2", "bracket", "body3") if match[n])
        text = sentence[start:end].rstrip("’'- ")
        key = dict.fromkeys(stem(w) for w in re.findall(r"[^\W_]+", _PEOPLES.sub("", text)))
        words = [w for w in key if w not in SMALL and w not in _GENERIC]
        if words:
            found.append(Value(start, start + len(text), text, "phrase", unit=" ".join(words)))
    return tuple(found)
