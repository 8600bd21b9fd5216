from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.support.bindings import misplaced

QUOTE = (
    "After the protests in 2020 he sided with the court, claiming that Harn, the port that Veltria seized "
    "from Oskland in 2014, was his. The seizure cost 12 soldiers and 30 farmers their lives."
)
KEPT = [
    QUOTE,
    "Veltria seized Harn from Oskland in 2014.",
    "In 2014 Veltria seized the port.",
    "There were protests in 2020.",
    "The protests of 2020 came after Harn had been seized in 2014.",
    "30 farmers and 12 soldiers lost their lives.",
    "It cost the lives of 12 soldiers.",
    "In 1999 they came.",
]
MISPLACED = [
    ("Veltria seized Harn from Oskland in 2020.", ("2020",)),
    ("After the protests in 2014 he sided with the court.", ("2014",)),
    ("After the protests in 2014 he claimed Harn, seized in 2020.", ("2014", "2020")),
    ("It cost 30 soldiers their lives.", ("30",)),
    ("It cost 30 soldiers and 12 farmers their lives.", ("30", "12")),
]


@pytest.mark.parametrize("sentence", KEPT)
def test_a_value_may_stand_wherever_it_is_of_the_same_thing(sentence: str) -> None:
    assert misplaced(sentence, [QUOTE]) == ()


@pytest.mark.parametrize(("sentence", "values"), MISPLACED)
def test_a_value_of_something_else_is_misplaced(sentence: str, values: tuple[str, ...]) -> None:
    assert misplaced(sentence, [QUOTE]) == values


WORDS = "the 12 30 in 2014 2020 seized lost men of a port 7 percent".split()  # noqa: SIM905


@given(st.lists(st.sampled_from(WORDS), max_size=20))
def test_a_text_misplaces_nothing_of_its_own(words: list[str]) -> None:
    text = " ".join(words)
    assert misplaced(text, [text]) == ()
