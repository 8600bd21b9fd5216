"""write(question, evidence) → sentences in a language model's words, each as soon as it is whole."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass

from qa.interfaces import Generator, conversation
from qa.language.text import sentence_spans
from qa.language.words import term_set
from qa.speaking.prompts import ANSWER, ANSWER_EXAMPLES, Source, answer_schema, ask
from qa.types import Claim, Document, Evidence

_SENTENCE_TOKENS = 160
"""Of a sentence, the words that answer and its JSON; a long one has about 110."""

_FURTHER_TERMS = 2
"""Terms of a sentence that a further source has to hold (eval/LOG.md has the figures)."""

_MARK = r"\[\d+(?:\s*,\s*\d+)*\]"
_MARKS = re.compile(rf"\s*{_MARK}")
_CITED = re.compile(rf"(.+?)((?:\s*{_MARK})+)", re.DOTALL)
_THOUGHT = re.compile(r"<think>.*?(?:</think>|$)", re.DOTALL)
"""What some servers leave of a model's reasoning in its reply."""

_LIST = '"sentences"'
"""What names the list of sentences in a reply in JSON."""


@dataclass(frozen=True, slots=True)
class Written:
    """A sentence, and the words that the model takes for the answer: none where it gave none."""

    claim: Claim
    answer: str = ""


@dataclass(frozen=True, slots=True)
class _Sentence:
    """What the model wrote of one sentence, and the numbers that it gave for its sources."""

    text: str
    sources: list[int]
    answer: str = ""


def write(
    question: str,
    evidence: Sequence[Evidence],
    sources: Mapping[str, Document],
    generator: Generator,
    most: int,
) -> Iterator[Written | None]:
    """The sentences that the model answers with, at most `most`, and None for each piece that completes none.

    `evidence` is what the model sees, what is quoted first, where it is numbered from 1; `sources` has the
    documents by id. A sentence that cites none of it, or shares no word with it, is left out, and so is one
    that was said before. Closing the iterator stops the generation. Raises `GeneratorError`.
    """
    shown = [_source(n, one, sources[one.passage.document_id]) for n, one in enumerate(evidence, start=1)]
    held = {one.number: term_set(f"{one.title} {one.text}") for one in shown}
    messages = conversation(ANSWER, ANSWER_EXAMPLES, ask(question, shown))
    schema = answer_schema(sorted(held), most)
    said: set[str] = set()
    with closing(generator.generate(messages, schema, most * _SENTENCE_TOKENS)) as pieces:
        for sentence in _sentences(pieces):
            if sentence is None:
                yield None
                continue
            text = " ".join(_MARKS.sub("", sentence.text).split())
            numbers = _attributed(text, [number for number in sentence.sources if number in held], held)
            if numbers and text not in said:
                said.add(text)
                cited = tuple(evidence[number - 1].number for number in numbers)
                yield Written(Claim(text, cited), sentence.answer)
            if len(said) == most:
                return


def _source(number: int, evidence: Evidence, document: Document) -> Source:
    return Source(number, document.title, document.published, evidence.quote)


def _attributed(text: str, cited: Sequence[int], held: Mapping[int, set[str]]) -> tuple[int, ...]:
    """The fewest sources that hold the sentence's terms; of equals, those that the model cites.

    A small model finds the right words more often than the right numbers, and likes to add numbers. Still,
    a sentence for which it names no source is not attributed at all.
    """
    wanted = term_set(text)
    left = [*cited, *(number for number in held if number not in cited)] if cited else []
    chosen: list[int] = []
    while left:
        best = max(left, key=lambda number: len(wanted & held[number]))
        gained = wanted & held[best]
        if len(gained) < (_FURTHER_TERMS if chosen else 1):
            break
        chosen.append(best)
        left.remove(best)
        wanted -= gained
    return tuple(chosen)


def _sentences(pieces: Iterable[str]) -> Iterator[_Sentence | None]:
    """The sentences of a reply in JSON, each once it is complete; or those of a reply in plain text.

    None after each piece, so that the caller can stop there.
    """
    text, done = "", 0
    decoder = json.JSONDecoder()
    for piece in pieces:
        text += piece
        while "}" in piece:  # only then may an object have become complete
            start = text.find("{", done or _list_start(text))
            try:
                value, done = decoder.raw_decode(text, start)
            except (ValueError, IndexError):
                break
            sentence = _sentence(value)
            if sentence is not None:
                yield sentence
        yield None
    if _LIST not in text:
        yield from _cited(text)


def _list_start(text: str) -> int:
    """Where the list of sentences begins: brackets may stand in what a server puts before its JSON."""
    named = text.find(_LIST)
    return len(text) if named < 0 else text.find("[", named) + 1 or len(text)


def _sentence(value: object) -> _Sentence | None:
    if not isinstance(value, dict) or not isinstance(value.get("text"), str):
        return None
    answer = value.get("answer")
    answer = answer if isinstance(answer, str) and re.search(r"\w", answer) else ""
    return _Sentence(value["text"], _numbers(str(value.get("sources"))), answer)


def _cited(text: str) -> Iterator[_Sentence]:
    """The sentences that are followed by markers such as [1] or [1, 2]."""
    for said, marks in _CITED.findall(_THOUGHT.sub("", text)):
        said = said.lstrip(" .!?\n")
        spans = sentence_spans(said)
        if spans:
            last = said[slice(*spans[-1])]
            yield _Sentence(last if last[-1] in ".!?" else f"{last}.", _numbers(marks))


def _numbers(text: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", text)]
