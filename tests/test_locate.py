from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.speaking.locate import holds, is_new, locate, place

QUOTES = {
    1: "Viber, an app, was largely developed in Belarus.",
    2: "World of Tanks is a “massively-successful” game.",
}


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        ("viber", [{1: "Viber"}]),
        ("massively successful game", [{2: "massively-successful” game"}]),
        ("massively successful", [{2: "massively-successful"}]),
        ('World of Tanks" ', [{2: "World of Tanks"}]),
        ("Viber, World of Tanks", [{1: "Viber"}, {2: "World of Tanks"}]),
        ("World of Tanks and Skype", [{2: "World of Tanks"}]),
        ("app, was largely", [{1: "app, was largely"}]),
        ("Belarus. World", []),
        ("Be", []),
        ("…", []),
        ("", []),
    ],
)
def test_an_answer_stands_where_its_words_do(answer: str, found: list[dict[int, str]]) -> None:
    places = locate(answer, QUOTES)
    assert [{n: QUOTES[n][slice(*span)] for n, span in one.items()} for one in places] == found


@given(st.text(), st.text())
def test_a_place_has_the_words_of_the_answer(text: str, answer: str) -> None:
    span = place(answer, text)
    if span is not None:
        assert place(answer, text[slice(*span)]) is not None


@pytest.mark.parametrize(
    ("text", "answer", "held"),
    [
        ("Viber was made there.", "Viber", True),
        ("Viber was made there, as was World of Tanks.", "World of Tanks; Viber", True),
        ("Viber was made there.", "Viber, World of Tanks", False),
        ("Vibers were made there.", "Viber", False),
        ("It costs 1,000 euros.", "1,000 euros", True),
        ("It costs 1,001 euros.", "1,000 euros", False),
    ],
)
def test_a_text_holds_an_answer_or_each_of_its_parts(text: str, answer: str, held: bool) -> None:
    assert holds(text, answer) is held


def test_an_answer_is_new_if_the_question_does_not_say_it() -> None:
    question = "What are the considerations of malum prohibitum?"
    assert not is_new("malum prohibitum considerations", question)
    assert not is_new("the", question)
    assert is_new("considerations of custom", question)
    assert is_new("1996", question)
