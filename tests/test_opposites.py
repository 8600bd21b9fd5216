from __future__ import annotations

import pytest

from qa.support.opposites import reversed_words

KEPT = [
    ("It opened before June.", "Before June it opened."),
    ("Brandt left after Tolland came.", "Tolland came before Brandt left."),
    ("Over 200 men came.", "More than 200 men came."),
    ("At least 200 men came.", "No fewer than 200 men came."),
    ("It was open until 1998.", "It was open from 1994 to 1998."),
    ("It has been open since 1994.", "It was open from 1994 to 1998."),
    ("Prices grew by 5 percent.", "Prices rose by 5 percent in May, but fell by 3 percent in June."),
    ("Prices fell in June.", "Prices rose by 5 percent in May, but fell by 3 percent in June."),
    ("According to Brandt it is high.", "It is high, says a letter from Brandt."),
    ("He moved to Harn.", "He moved from Lisk to Harn."),
    ("The largest lake is deep.", "The largest lake is deep, and the smallest one shallow."),
    ("The smallest lake is shallow.", "The largest lake is deep, and the smallest lake is shallow."),
]
REVERSED = [
    ("It opened before June.", "It opened after 5 June 2019.", "before"),
    ("It opened after the war.", "It opened before the war.", "after"),
    ("More than 200 men came.", "Fewer than 200 men came.", "More than"),
    ("Under 200 men came.", "More than 200 men came.", "Under"),
    ("At most 200 men came.", "At least 200 men came.", "At most"),
    ("It rose from 10 to 5 percent.", "It rose from 5 to 10 percent.", "from"),
    ("It has been open since 1998.", "It was open until 1998.", "since"),
    ("He moved from Harn.", "He moved to Harn in spring.", "from"),
    ("Prices fell by 5 percent.", "Prices rose by 5 percent.", "fell"),
    ("Prices rose by 5 percent.", "Prices fell by 5 percent in May, but rose by 3 percent in June.", "rose"),
    ("It is the smallest lake.", "It is the largest lake.", "smallest"),
    ("The house is south of the river.", "The house is north of the river.", "south of"),
]


@pytest.mark.parametrize(("sentence", "quote"), KEPT)
def test_what_goes_one_way_may_be_told_in_other_words(sentence: str, quote: str) -> None:
    assert reversed_words(sentence, [quote]) == ()


@pytest.mark.parametrize(("sentence", "quote", "word"), REVERSED)
def test_what_goes_the_other_way_is_seen(sentence: str, quote: str, word: str) -> None:
    assert word in reversed_words(sentence, [quote])
