from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.language.short_answer import answer_type, rank_values, short_answer
from qa.language.values import Value, compare, values

PIECES = [
    "about ", "nearly ", "more than ", "twelve ", "2,000 ", "1997 ", "December ", "20 ", "$185", " million ",
    "one in three ", "%", "hundreds of ", "New York", " van ", "’s ", "years ", ", ", "(", ".", "-", "12/5 ",
]  # fmt: skip


def one(text: str, kind: str) -> Value:
    return next(v for v in values(text) if v.kind == kind)


@given(st.one_of(st.text(), st.lists(st.sampled_from(PIECES)).map("".join)))
def test_offsets_point_at_the_text_and_nothing_overlaps(text: str) -> None:
    found = values(text)
    assert all(text[v.start : v.end] == v.text and v.text for v in found)
    assert all(a.end <= b.start for a, b in pairwise(found))
    assert all(v.low <= v.high for v in found)


@given(st.text(), st.one_of(st.text(), st.lists(st.sampled_from(PIECES)).map("".join)))
def test_any_question_and_sentence_are_survived(question: str, sentence: str) -> None:
    span = short_answer(question, sentence)
    assert span is None or 0 <= span[0] < span[1] <= len(sentence)


@pytest.mark.parametrize(
    ("sentence", "kind", "text", "low", "high"),
    [
        ("They met on December 20, 2019.", "date", "December 20, 2019", 20191220, 20191220),
        ("It was signed in 1997.", "date", "1997", 19970000, 19979999),
        ("Protests in 2011-2012 were large.", "date", "2011-2012", 20110000, 20129999),
        ("First broached in the 1990s.", "date", "1990s", 19900000, 19999999),
        ("China invested $185 million there.", "money", "$185 million", 185e6, 185e6),
        ("It cost 9.5 billion euros.", "money", "9.5 billion euros", 9.5e9, 9.5e9),
        ("Support fell to 10 percent.", "percent", "10 percent", 10, 10),
        ("Almost three-quarters of exports go east.", "percent", "Almost three-quarters", 67.5, 75),
        ("They paid for twelve economic projects.", "count", "twelve", 12, 12),
        ("Nearly 2,000 people came.", "count", "Nearly 2,000", 1800, 2000),
        ("More than a thousand demonstrators came.", "count", "More than a thousand", 1000, 2000),
        ("Hundreds of protesters came.", "count", "Hundreds", 200, 999),
        ("Some tens of thousands of troops came.", "count", "tens of thousands", 20000, 99999),
        ("The talks took five hours.", "duration", "five hours", 5 / 24, 5 / 24),
        ("Two and a half million people came.", "count", "Two and a half million", 2.5e6, 2.5e6),
        ("They took four and a half hours.", "duration", "four and a half hours", 4.5 / 24, 4.5 / 24),
    ],
)
def test_values_are_read(sentence: str, kind: str, text: str, low: float, high: float) -> None:
    value = one(sentence, kind)
    assert value.text == text
    assert [value.low, value.high] == pytest.approx([low, high])


@pytest.mark.parametrize(
    ("sentence", "names"),
    [
        ("The painter Vincent van Gogh met J. R. R. Tolkien.", ["Vincent van Gogh", "J. R. R. Tolkien"]),
        ("In Minsk, the Bank of England's men met.", ["Minsk", "Bank of England"]),
    ],
)
def test_names_keep_particles_and_lose_possessives(sentence: str, names: list[str]) -> None:
    assert [v.text for v in values(sentence) if v.kind == "name"] == names


def test_labels_and_pronouns_are_no_counts() -> None:
    assert not [v for v in values("Along Route 8. This one is one of them.") if v.kind == "count"]


@pytest.mark.parametrize(
    ("a", "b", "kind", "expected"),
    [
        ("in December 1997", "in 1997", "date", "compatible"),
        ("on 5 May 1997", "on May 5, 1997", "date", "equal"),
        ("in 1996", "in 1997", "date", "different"),
        ("on December 20", "on 20 December 2019", "date", "compatible"),
        ("185 million dollars", "$185m", "money", "equal"),
        ("$185 million", "£185 million", "money", "different"),
        ("about 2,000 men", "nearly 2,000 men", "count", "compatible"),
        ("more than a thousand men", "hundreds of men", "count", "different"),
        ("571 men", "570 men", "count", "compatible"),
        ("two men", "three men", "count", "different"),
        ("one in three men", "33 percent of men", "percent", "compatible"),
        ("The Dramatics sang", "by Dramatics", "name", "equal"),
        ("by Alexander Lukashenko", "by Lukashenko", "name", "compatible"),
        ("by the United Nations", "by the UN", "name", "compatible"),
        ("by Wendy Fraser", "by Patrick Swayze", "name", "different"),
    ],
)
def test_values_compare(a: str, b: str, kind: str, expected: str) -> None:
    assert compare(one(a, kind), one(b, kind)) == expected
    assert compare(one(b, kind), one(a, kind)) == expected


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("When was it signed?", "when"),
        ("In what year was it signed?", "when"),
        ("How much money was lent?", "money"),
        ("How many people came?", "count"),
        ("How many years did it take?", "duration"),
        ("How long has he ruled?", "duration"),
        ("What share of voters agreed?", "percent"),
        ("Who signed it?", "who"),
        ("Where was it signed?", "where"),
        ("In which city was it signed?", "where"),
        ("Did they sign it?", "yes_no"),
        ("What was agreed when they met?", "other"),
    ],
)
def test_questions_have_a_type(question: str, kind: str) -> None:
    assert answer_type(question) == kind


@pytest.mark.parametrize(
    ("question", "sentence", "answer"),
    [
        ("When was the treaty signed?", "The treaty was signed in 1997 in Moscow.", "1997"),
        ("How many projects did China fund?", "China funded twelve projects with $185 million.", "twelve"),
        (
            "How much money did China invest?",
            "China invested $185 million in twelve projects.",
            "$185 million",
        ),
        (
            "How many demonstrators came?",
            "In 2019, nearly 2,000 demonstrators came in 30 buses.",
            "nearly 2,000",
        ),
    ],
)
def test_the_words_that_answer_are_marked(question: str, sentence: str, answer: str) -> None:
    span = short_answer(question, sentence)
    assert span is not None
    assert sentence[span[0] : span[1]] == answer


def test_how_long_a_thing_is_may_be_a_length_and_how_long_it_takes_may_not() -> None:
    sentence = "The glacier is 12 kilometres long and has 40 lakes."
    assert [v.text for v, _ in rank_values("How long is the glacier?", sentence)] == ["12"]
    assert rank_values("How long did the glacier grow?", sentence) == ()


def test_what_the_question_says_is_no_answer() -> None:
    ranked = rank_values("Who ruled Belarus in 1994?", "In 1994 Belarus was ruled by Alexander Lukashenko.")
    assert [v.text for v, _ in ranked] == ["Alexander Lukashenko"]


def test_nothing_is_marked_without_a_value_or_for_a_reason() -> None:
    assert short_answer("When was it signed?", "Nobody knows.") is None
    assert short_answer("Why did Putin come to Sochi?", "Putin came to Sochi for Lukashenko.") is None
