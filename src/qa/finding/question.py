"""Follow-up questions made to stand alone, by rules over the words of the conversation.

A question is changed only where it lacks: a fragment ("Why?", "And in 2016?") is joined to the last complete
question; a pronoun gives way to the phrase it most likely stands for (recency, topic position, agreement:
Lappin and Leass 1994); too few words of its own ("What were the causes?") gain the topic. All else stays.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from qa.finding.mentions import (
    ADVERBS,
    AUX,
    COPULAS,
    FUNCTION,
    GENERIC,
    KINDS,
    POINTING,
    POSSESSIVES,
    PREPOSITIONS,
    RELATIONAL,
    SAYING,
    SUBJECTS,
    TOKEN,
    VERBS,
    WH,
    Phrase,
    phrases,
    stems,
    words,
)
from qa.language.words import singular
from qa.types import Turn

# Turns looked at; characters of each, of the question, a joined question; words of the last.
TURNS, TURN_CHARS, QUESTION_CHARS, JOINED_CHARS, JOINED_WORDS = 8, 200, 1000, 200, 14
DECAY, OPENING, ASSISTANT, FEW_WORDS = 0.5, 0.35, 0.3, 1  # shares of salience; words too few

# "that" points back only here; after a noun or a verb of saying it opens a clause.
BEFORE_THAT = PREPOSITIONS | COPULAS | {"", "do", "does", "did", "why", "how", "when", "where", "and"}
SENTENCE = re.compile(r"[^.?!]+(?:[.?!](?=\w)[^.?!]*)*[.?!]*\s*")
EASE = "(?:possible|safe|better|best|true|legal|necessary|important|good|bad|worth|hard|easy|right|wrong)"
DUMMY_IT = re.compile(rf"\bit (?:is |was )?(?:\w+ )?{EASE} (?:to|that|if)\b|\bit (?:seems|makes?) \w", re.I)
FILLER = re.compile(r"(?:(?:and|but|or|so|then|now|also|ok|oh|no|well|i see|i meant?)\b[\s,.!]*)+", re.I)
ABOUT, YEAR = re.compile(r"(?:what|how)\s+about\s+(?=\w)", re.I), re.compile(r"\b(?:1\d|20)\d\d\b")
DEFINITION = re.compile(r"wh(?:at|o)(?:'s| is| are| was)(?: an?| the)?(?: [\w-]+){1,2}(?:\W*$| and )", re.I)
CLAUSE = re.compile(r"[,;:.?!]|\b(?:and|but|because|if|when|while|that|who|which|or|before|after)\b", re.I)


@dataclass(slots=True)
class Memory:
    """What was said: the `last` complete question, the phrases `used` to complete the present one."""

    spoken: list[Phrase] = field(default_factory=list)
    last: str = ""
    used: list[Phrase] = field(default_factory=list)

    def find(self, phrase: Phrase) -> Phrase:
        """What `phrase` names again, in full or in part; itself, now remembered, if nothing."""
        same = [p for p in self.spoken if phrase.stems <= p.stems]
        self.spoken += [] if same else [phrase]
        return max(same or [phrase], key=lambda p: (p.stems == phrase.stems, p.user + p.assistant))


def standalone(question: str, history: Sequence[Turn]) -> str:
    """`question`, stripped, as it would be asked without `history`; unchanged where it needs nothing.

    Reads the first turns and the last `TURNS`; adds at most 400 characters; never raises.
    """
    question, memory = question.strip(), Memory()
    if not history or len(question) > QUESTION_CHARS:
        return question
    older = [turn for turn in history[: min(4, max(0, len(history) - TURNS))] if turn.role == "user"]
    for position, turn in enumerate([*older[:1], *history[-TURNS:]]):
        said = turn.content[:TURN_CHARS].strip().replace("’", "'")
        if turn.role == "user":
            listen(said, memory, opening=position == 0)
        for phrase in phrases(said) if turn.role == "assistant" else ():
            memory.find(phrase).assistant += ASSISTANT * phrase.weight * phrase.proper
    whole = complete(plain := question.replace("’", "'"), memory)
    return question if whole == plain else whole


def listen(said: str, memory: Memory, opening: bool) -> None:
    """Take a user's turn into memory, completed from what came before it."""
    memory.used.clear()
    whole = complete(said, memory)
    for old in memory.spoken:
        old.user, old.assistant = old.user * DECAY, old.assistant * DECAY
    for phrase in [*phrases(said), *memory.used]:
        known = memory.find(phrase)
        known.user += phrase.weight
        known.opening = max(known.opening, OPENING * phrase.weight * opening)
    asked = SENTENCE.findall(whole + " ")[-1].strip()
    beside = bool(memory.last) and whole.endswith(f"({memory.last})")
    if not beside and phrases(asked) and SAYING & set(words(asked)[:-2]):
        memory.last = asked[:JOINED_CHARS]


def complete(question: str, memory: Memory) -> str:
    """The question with what it lacks."""
    parts = [(m.start(), m.group()) for m in SENTENCE.finditer(question)] or [(0, question)]
    start, sentence = parts[-1]
    filler = FILLER.match(sentence)
    core = sentence[filler.end() :] if filler else sentence
    if not memory.spoken or not words(core):
        return question
    # What is said before the question ("That is sad.") is no part of what is asked.
    asked = next((at for at, part in parts if part.rstrip().endswith("?")), start)
    if found := [r for r in references(question) if r[0] >= asked]:
        return refer(question, found, memory)
    corrects = filler is not None and "mean" in filler.group().lower()
    if memory.last and (corrects or is_fragment(core, filler is not None)):
        return join(core.strip(), memory)
    return with_topic(question, memory) if is_lacking(core, memory) else question


def is_fragment(core: str, connected: bool) -> bool:
    """Whether a question has no verb of its own; `connected` if something like "and" opened it."""
    rest, tokens = ABOUT.sub("", core, count=1), words(core)
    if rest != core:
        return len(stems(rest)) <= 4 and words(rest)[0] not in WH
    if (AUX | VERBS | {"to"}) & set(tokens) or core.rstrip().endswith("!"):
        return False
    if tokens[0] in ("who", "what") and len(tokens) > 2 and tokens[1] not in PREPOSITIONS | GENERIC:
        return False  # "Who founded Leith?": the second word is the verb
    opens = tokens[0] in PREPOSITIONS or (connected and core.rstrip().endswith("?")) or tokens[0].isdigit()
    return len(tokens) <= 3 if tokens[0] in WH else opens and len(tokens) <= 6


def join(core: str, memory: Memory) -> str:
    """A fragment written into the last complete question where its slot is plain, else set beside it."""
    bare, body = ABOUT.sub("", core, count=1).rstrip("?!. "), memory.last.rstrip("?!. ")
    tokens, asked = words(bare), words(body)
    if len(tokens) == 1 and tokens[0] in ADVERBS and asked[0] in AUX:
        return f"{bare} {body[0].lower()}{body[1:]}?"
    if tokens[0] in PREPOSITIONS and not WH & set(tokens):
        year = YEAR.search(bare)
        return (YEAR.sub(year.group(), body) if year and YEAR.search(body) else f"{body} {bare}") + "?"
    old = [p for p in phrases(body) if p.proper]
    if other := _other_number(body, bare, old):
        return other
    # With an article it is another name only where the last question's has one too, and is no "CEO of Apple".
    as_named = bool(old) and bool(old[0].article) and " of " not in old[0].text
    article = re.match(r"(?:the|an?) (?=[A-Z])", bare) if as_named else None
    capital = bare[article.end() if article else 0 :][:1].isupper()
    named = capital and len(tokens) < 5 and tokens[0] not in WH and not VERBS & set(tokens)
    name = re.search(r"[A-Z].*", old[0].text) if named and len(old) == 1 else None
    if name and name.group() in body:
        return re.sub(rf"(?:\b(?:the|an?)\s+)?{re.escape(name.group())}", lambda _: bare, body, count=1) + "?"
    topical = ABOUT.match(core) and stems(bare) - GENERIC and not (named and old)
    return with_topic(core, memory) if topical or len(asked) > JOINED_WORDS else f"{core} ({memory.last})"


def _other_number(body: str, bare: str, named: Sequence[Phrase]) -> str | None:
    """The question with the number of "And the 300?", where it asks of one such name ("the Sorvo 200")."""
    number = re.fullmatch(r"(?:the )?(\d+)", bare)
    found = {m.group(): m[1] for p in named for m in re.finditer(r"[A-Z][\w-]* (\d+)\b", p.text)}
    if not number or len(found) != 1:
        return None
    [(name, old)] = found.items()
    return body.replace(name, name.removesuffix(old) + number[1], 1) + "?" if name in body else None


def references(text: str) -> list[tuple[int, str]]:
    """Start and form of the pronouns that point outside `text`, one of each kind, in order."""
    found: dict[str, tuple[int, str]] = {}
    forms, dummies = ["", *words(text), ""], [m.span() for m in DUMMY_IT.finditer(text)]
    for i, token in enumerate(TOKEN.finditer(text)):
        previous, form, following = forms[i : i + 3]
        kind = KINDS.get(form, "")
        noun = text[token.end() :][:1] == " " and following not in FUNCTION and following != ""
        clause = form == "that" and (previous not in BEFORE_THAT or following in SUBJECTS)
        dummy = kind == "thing" and (previous == "do" or any(a <= token.start() < b for a, b in dummies))
        if not kind or kind in found or clause or dummy or (form in POINTING and noun):
            continue
        # Not where an earlier clause of the same utterance has named what the pronoun stands for.
        named, before = phrases(text[: token.start()]), text[: token.start()]
        inside = any(p.proper or form in ("his", "her") for p in named)
        if named and form not in POSSESSIVES:
            inside = bool(CLAUSE.search(before, before.find(named[0].text.removeprefix("the "))))
        if not inside:
            found[kind] = token.start(), "him" if form == "her" and not noun else form
    return sorted(found.values())


def refer(question: str, found: Sequence[tuple[int, str]], memory: Memory) -> str:
    """The question with each reference replaced by what it most likely stands for."""
    own, out, at = stems(question), "", 0
    free = [p for p in memory.spoken if not p.stems <= own]
    for start, form in found:
        if ranked := sorted((p for p in free if fit(p, KINDS[form])), key=lambda p: fit(p, KINDS[form])):
            free.remove(ranked[-1])
            memory.used.append(ranked[-1])
            owning = "'s"[: 2 - ranked[-1].text.endswith("s")] if form in POSSESSIVES else ""
            out, at = out + question[at:start] + ranked[-1].text + owning, start + len(form)
    return out + question[at:] if at or len(own - GENERIC) > 3 else with_topic(question, memory)


def fit(phrase: Phrase, kind: str) -> float:
    """Salience times agreement in kind and number; 0 where the phrase cannot be meant."""
    score = phrase.user + phrase.opening + phrase.assistant
    if kind == "person":
        return score * phrase.person if phrase.person >= 0.5 else 0.0
    score *= 0.3 if kind == "thing" and phrase.person > 1 else 1.0
    plural = " of " not in phrase.text and not phrase.text.lower().endswith(singular(phrase.text.split()[-1]))
    return score if plural == (kind == "several") else 0.7 * score


def is_lacking(core: str, memory: Memory) -> bool:
    """Whether a question without references has too few words of its own to be searched for."""
    tokens, said, own = words(core), phrases(core), stems(core) - GENERIC
    asks = tokens[0] in AUX | WH | {"tell"} or (core.rstrip().endswith("?") and SAYING & set(tokens))
    whole = (own and DEFINITION.match(core)) or any(own & p.stems for p in memory.spoken if p.user)
    if not asks or whole or any(p.proper for p in said):
        return False
    return len(own) <= FEW_WORDS + any(p.article in POINTING | {"the"} and len(p.stems) == 1 for p in said)


def with_topic(question: str, memory: Memory) -> str:
    """The question with the topic of the conversation at its end."""
    best = max(memory.spoken, key=lambda p: (p.user > 0) * (p.user + p.opening))
    if not best.user:
        return question
    memory.used.append(best)
    body, tokens = question.rstrip("?!. "), words(question)
    of = singular(tokens[-1]) in RELATIONAL and stems(body) <= GENERIC and tokens[0] in WH | {"tell"}
    return body + (f" of {best.text}" if of else f" ({best.text})") + question[len(body) :].strip()
