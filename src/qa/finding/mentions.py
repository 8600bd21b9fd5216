"""The noun phrases of what was said: what a follow-up question may be about."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from qa.language.names import PARTICLES
from qa.language.text import REMEMBERED
from qa.language.words import INTERROGATIVES, singular

PHRASE_CHARS = 60
"""Characters of a phrase that are kept."""

# fmt: off
split = str.split
COPULAS, POSSESSIVES = set(split("is are was were")), set(split("his her its their"))
AUX = COPULAS | set(split("""am be been being do does did doing done has have had having can could will would
shall should may might must don't didn't doesn't isn't aren't wasn't weren't can't won't couldn't haven't
where's how's that's what's who's"""))
PREPOSITIONS = set(split("""in at from to on of for by with without about into onto over under after before
during since until through between among against near within across around per than as like via toward"""))
POINTING, ADVERBS = set(split("this that these those")), set(split("why when where how"))
INVERTING = set(split("do does did don't didn't doesn't can could will would shall should may might must"))
DETERMINERS = POINTING | set(split("the a an their his her its my our your"))
SUBJECTS, WH = set(split("i you we they he she it people")), set(INTERROGATIVES)
VERBS = set(split("""tell give show explain describe know think want need said say says mean means get got go
goes went make made take took come came become became happens happened see saw find found let talk please hear
heard look seem feel ask help helps began wrote won lost held met work works use used live died buy pay sell
choose learn provide include cause call called sign signed play start end invest"""))
QUALITY = set(split("""main major important famous popular common best better worst good big small large new
old different similar same other others another else more most less least first second last next many much few
several some any all both every possible specific certain typical general really actually still also too only
just even ever again now then here there very so often mostly instead long far early worth one"""))
RELATIONAL = set(split("""type kind form way example cause reason effect consequence impact result benefit
advantage risk difference feature characteristic part role purpose point thing something anything information
fact evidence history origin meaning source idea issue problem solution option choice process method cost
price amount number size name place time date year factor question case ok"""))
GENERIC, SAYING = QUALITY | RELATIONAL, AUX | WH | VERBS
FUNCTION = AUX | PREPOSITIONS | DETERMINERS | SUBJECTS | WH | VERBS
FUNCTION |= set(split("and or but nor if because while though not me us him them mine itself out up down"))
KINDS = dict.fromkeys(split("he him his she her hers"), "person")
KINDS |= dict.fromkeys(split("it its this that"), "thing")
KINDS |= dict.fromkeys(split("they them their theirs these those"), "several")
# fmt: on
TOKEN = re.compile(r"[\"“][^\"“”]{2,60}[\"”]|\w+(?:[.'&/-]\w+)*")


@dataclass(slots=True)
class Phrase:
    """A noun phrase (`person`: how surely it names one, 0 to 1.5) and how present it is in whose turns."""

    text: str
    article: str
    proper: bool
    person: float
    weight: float
    stems: frozenset[str]
    user: float = 0.0
    opening: float = 0.0
    assistant: float = 0.0


def phrases(text: str) -> list[Phrase]:
    """The noun phrases of `text`, in order: runs of words that are neither function words nor verbs."""
    found, run, before = list[Phrase](), list[str](), ["", ""]
    tokens, lows = list(TOKEN.finditer(text)), words(text)
    for i, (token, low) in enumerate(zip(tokens, lows, strict=True)):
        word, previous = token.group(), lows[i - 1] if i else ""
        broken = i == 0 or bool(text[tokens[i - 1].end() : token.start()].strip())
        acronym = len(word) > 1 and word.isupper() and not text.isupper()
        content = (low not in FUNCTION or acronym) and not (previous in SUBJECTS and word.islower())
        of = (low == "of" and any(singular(w) not in GENERIC for w in run)) or (
            low == "the" and previous == "of"
        )
        if run and (broken or (not content and not of)):
            found += trim(run, before, "" if broken else low)
            run = []
        if content or (run and of):
            before = before if run else ["", ""] if broken else ["", *lows[max(0, i - 3) : i]]
            run.append(word)
    return found + trim(run, before)


def trim(run: list[str], before: Sequence[str], after: str = "") -> list[Phrase]:
    """The phrase without generic words at its ends; its owner apart ("Darwin's"); none if all is generic."""
    while run and (run[0] in ("of", "the") or (singular(run[0]) in GENERIC and run[0].islower())):
        run = run[1:]
    run = _without_verb(run, before, after) if run and after not in VERBS | AUX else run
    while run and (run[-1] in QUALITY | {"of", "the"} or re.fullmatch(r"[a-z]+(?:ed|ly)", run[-1])):
        run = run[:-1]
    if not run or (len(run) == 1 and (singular(run[0]) in GENERIC or run[0].isdigit())):
        return []
    text, last = " ".join(run)[:PHRASE_CHARS].strip().removesuffix("'s"), before[-1]
    proper = any(re.match(r"[^\W\d_]", w) is None or w[0].isupper() for w in run[not any(before) :])
    defined, chosen = bool({*before[-2:]} & (COPULAS | {"about"})), last in ("what", "which")
    article = last if last in DETERMINERS or (chosen and not proper and not text.endswith("s")) else ""
    person = 0.2 if last in PREPOSITIONS or article else 1.0 if proper else 0.3
    person = (0.8 if article and not proper else 1.5) if "who" in before and defined else person
    weight = (1.5 if defined or chosen else 1.0) * (1.3 if proper else 1.0)
    weight *= 0.7 if proper and last in PREPOSITIONS and not defined else 1.0
    weight *= 0.4 if text.islower() and " " not in text and (text.endswith("ing") or last == "to") else 1.0
    the, (owner, owned, _) = "the " if article else "", text.partition("'s ")
    phrase = Phrase(the + text, article, proper, 0.0 if owned else person, weight, stems(text))
    return [Phrase(the + owner, article, proper, person, 0.7 * weight, stems(owner)), phrase][not owned :]


def _without_verb(run: list[str], before: Sequence[str], after: str) -> list[str]:
    """Without the verb of "did Ann resign", "did the dam cost", "who founded Leith", "is the man mending"."""
    if len(run) > 1 and re.fullmatch(r"[a-z]+ed", run[0]) and before[-1] in WH and run[1][0].isupper():
        run = run[1:]
    doing = re.fullmatch(r"[a-z]*[aeiouy][a-z]*ing", run[-1]) if after else None
    if len(run) > 1 and before[-1] in DETERMINERS and before[-2] in COPULAS and doing:
        return run[:-1]
    if len(run) < 2 or not INVERTING & set(before[-2:]):
        return run
    named = run[0][0].isupper() and before[-1] not in DETERMINERS
    if not named and before[-1] not in DETERMINERS:
        return run  # which of the words of "do cats eat grass" is the verb does not show
    last = next((i for i, w in enumerate(run) if named and i and w.islower() and w not in PARTICLES), 0)
    run = run[: last or len(run)]
    particle = len(run) > 2 and run[-1] in ("off", "away", "together", "apart", "back")
    return run if named else run[: -2 if particle else -1]


@lru_cache(REMEMBERED)
def words(text: str) -> tuple[str, ...]:
    """The words in lower case, pronouns without their clitic ("they're")."""
    lows = (m.group().lower() for m in TOKEN.finditer(text))
    return tuple(bare if (bare := w.partition("'")[0]) in KINDS or bare in SUBJECTS else w for w in lows)


def stems(text: str) -> frozenset[str]:
    """The stems of the words that carry meaning."""
    found = " ".join(m.group() for m in TOKEN.finditer(text)).split()
    return frozenset(singular(w) for w in found if w.lower() not in FUNCTION)
