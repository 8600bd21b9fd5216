"""Which sentence of a source stands for what is asked."""

from __future__ import annotations

from qa.answering.disagreement import Statement, find_disagreement
from statements import said, sides


def beside(first: str, second: str, relevances: tuple[float, float]) -> tuple[Statement, ...]:
    """Two sentences that follow each other in document b, after one of document a of 1931."""
    passage = f"{first} {second}"
    rows = ((first, relevances[0]), (second, relevances[1]))
    return (
        Statement(1, "a", "", None, "The Treaty of the Lakes was signed in 1931.", "", 0.9),
        *(Statement(n, "b", "", None, s, passage, r) for n, (s, r) in enumerate(rows, 2)),
    )


def test_a_date_stands_for_what_the_next_sentence_names() -> None:
    question, dated = "When was the Treaty of the Lakes signed?", "In 1935 they signed an agreement."
    named = "The Treaty of the Lakes was meant to last."
    told = sides(find_disagreement(question, beside(dated, named, (0.3, 0.8))))
    assert told == ("value", {"1931": (1,), "1935": (2,)})
    assert find_disagreement(question, beside(dated, named, (0.3, 0.3))) is None
    own_date = "It was in force by 1950."
    found = find_disagreement(question, beside(dated, own_date, (0.3, 0.8)))
    assert found is None or "1935" not in {position.value for position in found.positions}
    unasked = "In 1935 there was a flood."  # tells nothing of what is asked
    assert find_disagreement(question, beside(unasked, named, (0.3, 0.8))) is None


def test_the_first_case_is_as_relevant_as_the_second() -> None:
    first = ("b", "In spring more than two thousand people marched through the rain.", None, 0.3)
    second = ("b", "Nearly 5,000 came to the second march.", None, 0.6)
    one = ("a", "Hundreds of people marched in Lisbon.", None, 0.8)
    question = "How many people marched in Lisbon?"
    told = sides(find_disagreement(question, said(one, second, first)))
    assert told == ("value", {"Hundreds": (1,), "more than two thousand": (3,)})
    assert find_disagreement(question, said(one, first)) is None
    found = find_disagreement("How many people marched the second time?", said(one, second, first))
    assert found is None or "more than two thousand" not in {position.value for position in found.positions}
    other = ("b", "There was talk of a second march.", None, 0.6)  # counts nothing
    assert find_disagreement(question, said(one, other, first)) is None


def test_what_came_before_the_event_does_not_tell_of_it() -> None:
    marched = ("a", "Hundreds of people marched in Lisbon.", None, 0.9)
    before = ("b", "Ahead of the march, the police held two men in Lisbon.", None, 0.8)
    assert find_disagreement("How many people marched in Lisbon?", said(marched, before)) is None
    held = ("a", "Before the march, the police held nine men in Lisbon.", None, 0.9)
    found = find_disagreement(
        "How many men did the police hold before the march in Lisbon?", said(held, before)
    )
    assert sides(found) == ("value", {"nine": (1,), "two": (2,)})
