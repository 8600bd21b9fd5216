from __future__ import annotations

import pytest

from qa.answering.parts import parts
from qa.finding.lexical import FUNCTION_WORDS
from qa.finding.mentions import WH
from qa.language.discourse import asks


@pytest.mark.parametrize(
    "question",
    [
        "How much did China invest in Belarus?",
        "Who met Putin and Lukashenko?",
        "Tell me about Minsk and what it is known for",
        "",
    ],
)
def test_a_single_question_stays_whole(question: str) -> None:
    assert parts(question) == (question,)


def test_joined_questions_each_stand_alone() -> None:
    first, second = parts("How much did China invest in Belarus, and in how many projects?")
    assert first == "How much did China invest in Belarus?"
    assert second.startswith("In how many projects")
    assert "China" in second


def test_there_are_at_most_three() -> None:
    assert len(parts("Who came and when and where and why and how and what for?")) == 3


@pytest.mark.parametrize("word", ["who", "whom", "whose", "what", "which", "when", "where", "why", "how"])
def test_every_stage_knows_each_interrogative(word: str) -> None:
    assert len(parts(f"Who built the bridge, and {word} paid it?")) == 2
    assert asks(f"{word.capitalize()} it was built")
    assert word in FUNCTION_WORDS
    assert word in WH
