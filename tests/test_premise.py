"""Which sentences tell of another than the question names, and which only look so."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.finding.premise import is_another_number, is_of_another, names_a_sibling

LENT = "Last year, Norway invested $40 million in nine bridges in Iceland, with more investments to come."


@pytest.mark.parametrize(
    ("question", "sentence"),
    [
        # Another one does it.
        ("How much did Sweden invest in bridges in Iceland?", LENT),
        ("When did Ashford win the cup?", "In 1971, Oakdale finally wins the cup."),
        ("When did Ashford rebuild the mill?", "Oakdale rebuilt the mill in 1901."),
        ("When did Ashford leave the league?", "In 1971, Oakdale left the league."),
        ("When did Ann found the bank?", "John Baker founded the bank in 1921."),
        ("When was Ashford rebuilt?", "Oakdale was rebuilt in 1884."),
        # The names are exchanged.
        ("How much did Iceland invest in Norway?", LENT),
        # It is done elsewhere.
        ("How much did Norway invest in bridges in Denmark?", LENT),
        ("Who built the bridges in Denmark?", "Engineers built nine bridges in Iceland."),
        # The sentence with the year does not name what the year is asked of.
        ("In what year did Iceland join Ruritania?", "In 1949, Iceland and Norway signed a pact."),
    ],
)
def test_a_sentence_on_another_is_told(question: str, sentence: str) -> None:
    assert is_of_another(question, sentence)


@pytest.mark.parametrize(
    ("question", "sentence"),
    [
        ("How much did Norway invest in bridges in Iceland?", LENT),
        ("how much did sweden invest in bridges in iceland?", LENT),  # names are known by their capitals
        ("Who invested in bridges in Iceland?", LENT),
        ("When did Norway build the bridges?", "It built them in 1931."),
        ("When did the UN vote?", "The United Nations voted in 1971."),
        (
            "What did the US buy in the United Kingdom?",
            "The United States bought mills in the UK and in Norway.",
        ),
        ("When was Oakdale rebuilt?", "The mill near Ashford was rebuilt in 1884, after Oakdale."),
        ("When were Miller's works published?", "His best works were published in 1920."),
        ("When did Norwegians arrive in Iceland?", "The people of Norway arrived there in 870."),
        ("When did Norway leave the war on Friday?", "Norway left the war in 1940."),
        ("How much did Norway invest in Iceland and Denmark?", LENT),
        ("When did Miller visit Oakdale?", "The President visited Oakdale in 2015."),
        ("", LENT),
    ],
)
def test_a_sentence_on_the_same_is_not(question: str, sentence: str) -> None:
    assert not is_of_another(question, sentence)


@pytest.mark.parametrize(
    ("sentence", "around", "another"),
    [
        ("The Sorvo 200 weighs 9 kg.", "", True),
        ("The Sorvo 200 weighs 9 kg.", "The Sorvo 300 weighs 12 kg.", True),
        ("The Sorvo 300 weighs 12 kg, the Sorvo 200 less.", "", False),
        ("It weighs 9 kg.", "Sorvo 200: manual", True),
        ("It weighs 12 kg.", "Sorvo 300: manual", False),
        ("It weighs 12 kg, 3 more than the Sorvo 200 that it replaced.", "Sorvo 300: manual", False),
        ("The Sorvo 300 weighs 12 kg.", "Sorvo 200: manual", False),
        ("All models weigh 9 kg.", "", False),
        ("The Grendel 200 weighs 9 kg.", "", False),
        ("In 2004 the Sorvo 2000 was sold for $50.", "", False),
    ],
)
def test_another_number_of_the_same_name_is_told(sentence: str, around: str, another: bool) -> None:
    assert (
        is_another_number("How much does the Sorvo 300 weigh?", sentence, f"{around}\n{sentence}") is another
    )


@pytest.mark.parametrize(
    ("question", "sentence"),
    [
        ("Which mission followed Apollo 11?", "Apollo 12 followed in November 1969."),
        ("Who preceded Louis XVI?", "Louis XV ruled until 1774."),
        ("Who was the father of Henry VIII?", "Henry VII was his father."),
        ("Which mission came after Apollo 11?", "Apollo 12 came in November 1969."),
    ],
)
def test_a_neighbour_is_asked_for_by_another_number(question: str, sentence: str) -> None:
    assert not is_another_number(question, sentence, sentence)


def test_a_roman_number_is_the_same() -> None:
    asked = "When did World War II end?"
    assert not is_another_number(asked, "World War 2 ended in 1945.", "")
    assert is_another_number(asked, "World War 1 ended in 1918.", "")
    assert not is_another_number("Who was Henry 14?", "Henry XIV was a king.", "")


def test_a_day_of_the_month_numbers_no_name() -> None:
    assert not is_another_number("Who came on March 3?", "Ann came on March 5.", "")


@pytest.mark.parametrize(
    ("told", "sibling"),
    [
        ("Lake Ummer is large. It is 143 metres deep.", True),
        ("Lake Ummer and Lake Ezzar are 143 metres deep.", False),
        ("The lake is 143 metres deep.", False),
        ("Lake Ummer is deep. LE is 143 metres deep.", False),
        ("Mount Ummer is 143 metres high.", False),
    ],
)
def test_a_text_on_a_sibling_is_told(told: str, sibling: bool) -> None:
    assert names_a_sibling("How deep is Lake Ezzar?", told) is sibling


NAMING = st.lists(
    st.sampled_from(
        [
            "How",
            "When",
            "did",
            "was",
            "Ann",
            "the",
            "US",
            "in’s",
            "in",
            "of",
            "built",
            "builds",
            ",",
            ".",
            "Oakdale's",
            "UK",
            "B",
        ]
    ),
    max_size=12,
).map(" ".join)


@given(st.one_of(NAMING, st.text(max_size=40)), st.one_of(NAMING, st.text(max_size=40)))
def test_any_text_is_survived(question: str, sentence: str) -> None:
    assert is_of_another(question, sentence) in (True, False)
    assert names_a_sibling(question, sentence) in (True, False)
    assert not is_another_number(question, question, sentence)
