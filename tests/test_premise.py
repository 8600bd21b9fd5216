"""Which sentences tell of another than the question names, and which only look so."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.finding.premise import is_of_another

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
