from __future__ import annotations

import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from qa.support.grounding import Premise, missing_values

QUOTE = (
    "On December 7, 2019, Anna Veld of the Lisk Institute said the ferry would cost $185 million, "
    "about 25 percent more than in 2014, and carry 12 crews of “ordinary, unpaid sailors” over the two lakes."
)


def cite(quote: str, title: str = "", published: str | None = None, passage: str = "") -> Premise:
    passage = passage or quote
    start = passage.index(quote)
    return Premise(passage, start, start + len(quote), title, published)


GROUNDED = [
    QUOTE,
    "The ferry costs 185 million dollars.",
    "It is 25% more than in 2014.",
    "It carries twelve crews over 2 lakes.",
    "In December 2019 Veld spoke.",
    "On 7 December 2019 Veld spoke.",
    "Veld spoke on December 7.",
    "In 2019, Anna Veld spoke.",
    'The crews are "ordinary, unpaid sailors".',
    'The crews are "ordinary … sailors".',
    "The Lisk Institute's estimate is higher.",
]
UNGROUNDED = [
    ("The ferry costs 186 million dollars.", ["186 million dollars"]),
    ("The ferry costs €185 million.", ["€185 million"]),
    ("The ferry costs 185 million.", ["185 million"]),
    ("It is 25 more than in 2014.", ["25"]),
    ("It is 25 percent more than in 2015.", ["2015"]),
    ("It was said in November 2019.", ["November 2019"]),
    ("On December 8, 2019, she spoke.", ["December 8, 2019"]),
    ("She spoke on Monday, December 7.", ["Monday, December 7"]),
    ("In 1997 she spoke.", ["1997"]),
    ("Anna Lisk spoke.", ["Anna Lisk"]),
    ("Anna Veld of Oslo spoke.", ["Anna Veld of Oslo"]),
    ('The crews are "unpaid, ordinary sailors".', ['"unpaid, ordinary sailors"']),
    ("The crews are “well paid sailors”.", ["“well paid sailors”"]),
    ("Three lakes are crossed.", ["Three"]),
    ("The third lake is crossed.", ["third"]),
    ("Thousands of sailors came.", ["Thousands"]),
]


@pytest.mark.parametrize("sentence", GROUNDED)
def test_what_stands_in_the_quote_is_not_missing(sentence: str) -> None:
    assert missing_values(sentence, [cite(QUOTE)]) == ()


@pytest.mark.parametrize(("sentence", "missing"), UNGROUNDED)
def test_what_does_not_stand_in_the_quote_is_missing(sentence: str, missing: list[str]) -> None:
    assert list(missing_values(sentence, [cite(QUOTE)])) == missing


def test_a_title_names_what_a_quote_calls_he() -> None:
    quote = "He left the party in May 2001."
    assert missing_values("Tomas Rell left the party.", [cite(quote, "The career of Tomas Rell")]) == ()
    assert missing_values("Tomas Rell left the party.", [cite(quote, passage=f"Tomas Rell spoke. {quote}")])


def test_who_opens_a_sentence_is_named_by_the_quote_not_by_small_words_around_it() -> None:
    premise = cite("He resigned in May.", passage="She wore a brown coat. He resigned in May.")
    assert missing_values("Brown resigned in May.", [premise]) == ("Brown",)


@pytest.mark.parametrize(
    ("sentence", "missing"),
    [
        ("The Calva dam is 91 metres high.", ("91 metres",)),
        ("The Calva dam was opened in 1961.", ("1961",)),
        ("The Calva dam is 71 metres high.", ()),
        ("The Calva 2 plant is 71 metres high.", ()),
        ("The 2010 Lisk Fair is 71 metres high.", ()),
        ("In 2010 Lisk had a dam 71 metres high.", ("2010",)),
    ],
)
def test_a_title_names_things_and_gives_no_values(sentence: str, missing: tuple[str, ...]) -> None:
    title = "Calva dam: 91 metres, opened in 1961 (Calva 2, at the 2010 Lisk Fair)"
    assert missing_values(sentence, [cite("The dam of the plant is 71 metres high.", title)]) == missing


@pytest.mark.parametrize(
    ("sentence", "quote", "missing"),
    [
        ("It was open from 1994 to 1998.", "It opened in 1994, flooded in 1998, closed in 2004.", True),
        ("It was open from 1994 to 1998.", "It flooded in 1994 and 1998.", True),
        ("It was open from 1994 to 1998.", "It was open from May 1994 to June 1998.", False),
        ("It flooded in 1994 and 1998.", "It flooded in 1994 and again in 1998.", False),
        ("It flooded in 1998.", "It flooded in 1994 and 1998.", False),
    ],
)
def test_two_loose_years_are_no_span(sentence: str, quote: str, missing: bool) -> None:
    assert bool(missing_values(sentence, [cite(quote)])) == missing


@pytest.mark.parametrize(
    ("sentence", "quote", "missing"),
    [
        ("1900 workers of the mill struck.", "By 1900 the workers of the mill struck.", True),
        ("The mill had 1900 workers.", "In 1900 the mill had workers.", True),
        ("In 1900 workers of the mill struck.", "By 1900 the workers of the mill struck.", False),
        ("The 1900 strikes closed the mill.", "The strikes of 1900 closed the mill.", False),
        ("As of 1900 workers were paid.", "Workers were paid as of 1900.", False),
        ("There were 1900 workers.", "The mill had 1900 workers.", False),
    ],
)
def test_a_year_does_not_count_things(sentence: str, quote: str, missing: bool) -> None:
    assert bool(missing_values(sentence, [cite(quote)])) == missing


@pytest.mark.parametrize(
    ("sentence", "quote", "missing"),
    [
        ("It costs 5 euros a year.", "It costs 5 euros a month.", ("5 euros a year",)),
        ("It carries 420 cars an hour.", "It carries 420 cars a day.", ("420 cars an hour",)),
        ("It costs 5 euros a year.", "It costs 5 euros.", ("5 euros a year",)),
        ("It costs 5 euros per month.", "It costs 5 euros a month.", ()),
        ("It costs 5 euros a month.", "The monthly fee is 5 euros.", ()),
        ("It costs 60 euros a year.", "It costs 5 euros a month or 60 euros per annum.", ()),
        (
            "It costs 60 euros a month.",
            "It costs 5 euros a month or 60 euros per annum.",
            ("60 euros a month",),
        ),
        ("It costs 5 euros.", "It costs 5 euros a month.", ()),
    ],
)
def test_a_rate_keeps_its_period(sentence: str, quote: str, missing: tuple[str, ...]) -> None:
    assert missing_values(sentence, [cite(quote)]) == missing


def test_the_date_of_publication_counts_for_as_of_only() -> None:
    premise = cite("The bridge is closed.", published="2019-12")
    assert missing_values("As of December 2019, the bridge is closed.", [premise]) == ()
    assert missing_values("As of 2019, the bridge is closed.", [premise]) == ()
    assert missing_values("The bridge was closed in December 2019.", [premise]) == ("December 2019",)
    assert missing_values("As of December 2020, the bridge is closed.", [premise]) == ("December 2020",)


def test_several_citations_count_together_but_a_name_is_not_put_together() -> None:
    premises = [cite("Anna Veld spoke in 2014."), cite("Tomas Rell paid $5.")]
    assert missing_values("Rell paid $5 when Veld spoke in 2014.", premises) == ()
    assert missing_values("Anna Rell spoke.", premises) == ("Anna Rell",)


def test_a_range_keeps_its_two_ends_together() -> None:
    premise = cite("They won 3–1 in the season 1994–98 and lost 2-0.")
    assert missing_values("They won 3-1 between 1994 and 1998.", [premise]) == ()
    assert missing_values("They won 3-0.", [premise]) == ("3–0",)


WORDS = st.lists(
    st.sampled_from(
        "the river Anna Veld crossed 12 25 % $ million in 2014 May 7 , of “two” lakes Lisk’s third -3 F-16 ."  # noqa: SIM905
        " and not 3,500 over ( ) 9:30 half".split()
    ),
    min_size=1,
    max_size=16,
).map(" ".join)


@given(WORDS)
def test_a_sentence_copied_from_its_evidence_misses_nothing(sentence: str) -> None:
    assert missing_values(sentence, [cite(f"{sentence}")]) == ()
    assert missing_values(sentence, [cite(f"Before it, a word. {sentence} And one after.")]) == ()


@given(WORDS, st.integers(0, 10**12))
def test_a_number_that_the_evidence_lacks_is_always_missing(words: str, number: int) -> None:
    assume(str(number) not in re.sub(r"\D+", " ", words.replace(",", "")).split())
    assume(number not in (1, 2, 3, 50))  # "two", "third" and "half" are numbers too
    quote = f"The river is long. {words}"
    assert missing_values(f"There were {number} boats on it.", [cite(quote)])


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_text_can_be_checked(sentence: str, quote: str) -> None:
    missing_values(sentence, [cite(quote or "x")])
