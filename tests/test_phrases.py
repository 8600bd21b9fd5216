import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.language.phrases import phrases
from qa.language.values import compare

PIECES = ["is a ", "was the ", "British ", "fencer", " who ", "(fencer)", "called ", "and ", ", ", "’s ", "-"]


@given(st.one_of(st.text(), st.lists(st.sampled_from(PIECES)).map("".join)))
def test_phrases_stand_in_the_sentence(sentence: str) -> None:
    assert all(sentence[p.start : p.end] == p.text and p.text and p.unit for p in phrases(sentence))


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("Peter Jacobs is a British fencer who competed.", "British fencer"),
        ("Peter Jacobs (ice hockey) was born in 1938.", "ice hockey"),
        ("A cooled vessel of this kind is called a condenser.", "condenser"),
    ],
)
def test_what_something_is_said_to_be(sentence: str, expected: str) -> None:
    assert expected in [p.text for p in phrases(sentence)]


def test_phrases_compare_by_their_words() -> None:
    first, second, third = (
        phrases(f"He was a {what}.")[0] for what in ("British fencer", "famous fencer and coach", "cricketer")
    )
    assert compare(first, second) == "compatible"
    assert compare(first, third) == "different"
