import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.language.dates import explain, find_dates

PIECES = [
    "this ", "last ", "next ", "month", "year ", "on ", "Friday", "three ", "years ", "ago", "over the ",
    "yesterday",    "earlier ", "999 ", "decades ", "in the ", "will ", " 2019", "31 February ", "44 BC",
]  # fmt: skip
PUBLISHED = st.one_of(
    st.none(), st.dates().map(str), st.sampled_from(["2019", "2019-12", "0001", "9999-12-31", "x", "2019-13"])
)


@given(st.one_of(st.text(), st.lists(st.sampled_from(PIECES)).map("".join)), PUBLISHED)
def test_notes_point_at_their_phrase(quote: str, published: str | None) -> None:
    for note in explain(quote, published):
        assert quote[note.start : note.end] == note.phrase
        assert note.meaning


@given(st.one_of(st.text(), st.lists(st.sampled_from(PIECES)).map("".join)))
def test_dates_have_bounds_in_order(text: str) -> None:
    assert all(d.low <= d.high and d.start < d.end <= len(text) for d in find_dates(text))


@pytest.mark.parametrize(
    ("quote", "published", "meaning"),
    [
        ("In Europe this month, all eyes", "2019-12", "December 2019"),
        ("Earlier this month, they met", "2019-12-18", "December 2019"),
        ("announced last month", "2020-01", "December 2019"),
        ("Last year, China invested", "2019-12", "2018"),
        ("early next year", "2019", "2020"),
        ("protests erupted three years ago", "2023-04", "2020"),
        ("barely existed twenty years ago", "2019", "about 1999"),
        ("more than five years ago", "2019", "before 2014"),
        ("Over the last year, it stood by", "2023-04", "April 2022 to April 2023"),
        ("In the last two years it grew", "2019", "2017 to 2019"),
        ("he said yesterday", "2020-01-01", "Tuesday 31 December 2019"),
        ("They will celebrate on Sunday", "2023-03-31", "Sunday 2 April 2023"),
        ("They met on Friday", "2019-12-18", "Friday 13 December 2019"),
        ("they arrived last Friday", "2019-12-20", "Friday 13 December 2019"),
    ],
)
def test_relative_dates_are_explained(quote: str, published: str, meaning: str) -> None:
    assert [note.meaning for note in explain(quote, published)] == [meaning]


@pytest.mark.parametrize(
    ("quote", "published"),
    [
        ("this month and last year", None),
        ("this month", "2019"),  # the month is not known
        ("he said yesterday", "2019-12"),  # the day is not known
        ("Another is due on Friday", "2019-12"),
        ("A meeting on Friday", "2019-12-18"),  # before or after: no verb tells
        ("He said he will come on Friday", "2019-12-18"),  # both tenses
        ("the last year of his life", "2019"),
        ("in the last year of the war", "2019"),
        ("on Friday, December 20", "2019-12-18"),  # says itself which
        ("last week", "2019-12-18"),  # where weeks begin differs
        ("this year", "not a date"),
    ],
)
def test_nothing_is_claimed_that_does_not_follow(quote: str, published: str | None) -> None:
    assert explain(quote, published) == ()
