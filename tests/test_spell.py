from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.finding.spell import Lexicon, correct

TEXT = "The Belarusian ambassador Lukashenko spoke in Moscow about sanctions and smugglers."
STEMS = ["belarusian", "ambassador", "lukashenko", "spoke", "moscow", "sanction", "smuggler"]
VOCABULARY = {
    word: 1996 + n
    for n, word in enumerate(
        ["the", "what", "where", "people", "when", "actions", "smuggling", "harm", "owen"]
    )
}


def occurrences(word: str) -> list[str]:
    stem = word.lower().removesuffix("s")
    return [TEXT] if any(stem == one or stem == f"{one}s" for one in STEMS) else []


LEXICON = Lexicon(VOCABULARY, lambda: STEMS, occurrences)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("waht did the ambasador say", "what did the ambassador say"),
        ("Did Lukashenka speak in Mosocw?", "Did Lukashenko speak in Moscow?"),
        ("why sactions", "why sanctions"),
        ("how many peple", "how many people"),
    ],
)
def test_misspelt_words_are_put_right(typed: str, meant: str) -> None:
    assert correct(typed, LEXICON) == meant


@pytest.mark.parametrize(
    "question",
    [
        "What did the ambassador say about sanctions?",
        "Who smuggled it?",  # the vocabulary has a word of its stem
        "Does it do harm or is it harming?",
        "What is Qwen?",  # short names have too many neighbours
        "Who is Tikhanovskaya?",  # nothing is near
        "Is an owel a bird?",  # a general word is suggested only if it is common or in the documents
        "",
    ],
)
def test_what_is_known_or_has_no_near_word_stays(question: str) -> None:
    rare = Lexicon({**VOCABULARY, "did": 1990}, lambda: STEMS, occurrences)
    rare.__dict__["common"] = ["what", "where", "people", "when"]
    assert correct(question, rare) == question


@given(st.text())
def test_it_never_fails_and_leaves_everything_but_words_alone(text: str) -> None:
    changed = correct(text, LEXICON)
    assert [c for c in changed if c.isdigit()] == [c for c in text if c.isdigit()]
