from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.support.quantities import quantities, ranges

SAME = [
    ("12 men", "twelve men"),
    ("25 percent", "25%"),
    ("25 per cent", "25 percent"),
    ("$185 million", "185 million dollars"),
    ("$185 million", "US$185m"),
    ("1.5 billion euros", "€1.5bn"),
    ("20,000 people", "twenty thousand people"),
    ("a dozen eggs", "12 eggs"),
    ("two hundred and fifty", "250"),
    ("the 23rd floor", "the twenty-third floor"),
    ("half of the seats", "50 percent of the seats"),
    ("a third of voters", "one in three voters"),
    ("a 30-year-old man", "a man 30 years old"),
    ("10 km", "10 kilometres"),
    ("minus five degrees", "-5 degrees"),
    ("half a million people", "500,000 people"),
    ("half a dozen eggs", "6 eggs"),
    ("a quarter of a million dollars", "$250,000"),
    ("two and a half million people", "2.5 million people"),
    ("three-quarters of a million", "750,000"),
    ("5 to 10 percent", "5 percent to 10 percent"),
]
DIFFERENT = [
    ("$185 million", "185 million"),
    ("$185 million", "€185 million"),
    ("half a million people", "a million people"),
    ("half a dozen eggs", "a dozen eggs"),
    ("12 km", "12 miles"),
    ("12 percent", "12"),
    ("12 million", "12 billion"),
    ("3.5", "3.50001"),
    ("two weeks", "two months"),
    ("the third", "three"),
    ("10 square kilometres", "10 kilometres"),
    ("hundreds of people", "thousands of people"),
    ("tens of thousands", "thousands"),
    ("F-16", "F-15"),
    ("10:30", "10:45"),
    ("100m", "$100m"),
]


def keys(text: str) -> list[tuple[Decimal | str, str]]:
    return [one.key for one in quantities(text)]


@pytest.mark.parametrize(("a", "b"), SAME)
def test_two_wordings_of_one_quantity_are_equal(a: str, b: str) -> None:
    assert keys(a)
    assert keys(a) == keys(b)


@pytest.mark.parametrize(("a", "b"), DIFFERENT)
def test_another_number_or_unit_is_not_equal(a: str, b: str) -> None:
    assert keys(a)
    assert keys(a) != keys(b)


@pytest.mark.parametrize("text", ["one of them", "no one came", "this one is new", "one another", "nothing"])
def test_a_pronoun_is_no_number(text: str) -> None:
    assert quantities(text) == ()


def test_a_dash_or_to_joins_two_numbers() -> None:
    assert ranges("They won 3-1, with 5 and 10.") == {(Decimal(3), Decimal(1))}
    assert ranges("from 7 to 9") == {(Decimal(7), Decimal(9))}
    assert ranges("between 5 and 10", loosely=True) == {(Decimal(5), Decimal(10))}


@given(st.text(max_size=80))
def test_any_text_can_be_read(text: str) -> None:
    for one in quantities(text):
        assert 0 <= one.start < one.end <= len(text)


@given(st.integers(0, 10**30), st.integers(0, 10**30))
def test_different_numbers_are_never_equal(a: int, b: int) -> None:
    assert (keys(f"about {a} men") == keys(f"about {b:,} men")) == (a == b)
