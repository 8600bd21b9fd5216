from hypothesis import given
from hypothesis import strategies as st

from qa.answering.disagreement import Statement, find_disagreement
from statements import said, sides


def test_different_years_are_two_positions() -> None:
    found = find_disagreement(
        "When was the bridge opened?",
        said(
            ("a", "The bridge was opened in 1931.", None, 0.9), ("b", "In 1935 the bridge opened.", None, 0.8)
        ),
    )
    assert sides(found) == ("value", {"1931": (1,), "1935": (2,)})


def test_another_precision_or_wording_is_no_disagreement() -> None:
    for question, one, other in [
        ("When was the bridge opened?", "The bridge was opened in May 1931.", "The bridge opened in 1931."),
        ("How much did the bridge cost?", "The bridge cost $185m.", "The bridge cost 185 million dollars."),
        (
            "How many people came to the fair?",
            "About 2,000 people came to the fair.",
            "Nearly 2,000 came to the fair.",
        ),
        ("Who built the bridge?", "The bridge was built by John Smith.", "The bridge was built by Smith."),
    ]:
        assert find_disagreement(question, said(("a", one, None, 0.9), ("b", other, None, 0.9))) is None


def test_one_document_does_not_disagree_with_itself() -> None:
    rows = said(
        ("a", "The bridge was opened in 1931.", None, 0.9), ("a", "The bridge opened in 1935.", None, 0.9)
    )
    assert find_disagreement("When was the bridge opened?", rows) is None


def test_counts_that_exclude_each_other_disagree() -> None:
    found = find_disagreement(
        "How many people protested in Lisbon?",
        said(
            ("a", "More than a thousand people protested in Lisbon.", "2019-12", 0.9),
            ("b", "Hundreds of people protested in Lisbon.", "2019-12", 0.85),
        ),
    )
    assert sides(found) == ("value", {"More than a thousand": (1,), "Hundreds": (2,)})


def test_a_weak_statement_takes_no_position() -> None:
    rows = said(
        ("a", "The bridge over the river was opened in 1931.", None, 0.9),
        ("b", "The mayor died in 1950.", None, 0.2),
    )
    assert find_disagreement("When was the bridge over the river opened?", rows) is None


def test_a_share_neither_supports_nor_denies_a_number() -> None:
    rows = said(
        ("a", "The club has 300 members.", None, 0.9),
        ("b", "The club has 800 members.", None, 0.9),
        ("c", "The club has 20 percent members.", None, 0.9),
    )
    found = find_disagreement("How many members did the club have?", rows)
    assert sides(found) == ("value", {"300": (1,), "800": (2,)})


def test_the_dates_of_the_question_are_honoured() -> None:
    rows = said(
        ("a", "On May 3, nearly 2,000 people marched in Lisbon.", None, 0.9),
        ("b", "On June 9, hundreds of people marched in Lisbon.", None, 0.9),
    )
    assert find_disagreement("How many people marched in Lisbon on May 3?", rows) is None


def test_a_past_share_told_of_two_times_is_no_conflict() -> None:
    rows = said(
        ("a", "In 1997, one in three voters wanted the union.", None, 0.9),
        ("b", "In 2016, 10 percent of voters wanted the union.", None, 0.9),
    )
    assert find_disagreement("What share of voters wanted the union?", rows) is None


def test_a_sentence_that_holds_both_values_conflicts_with_neither() -> None:
    rows = said(
        ("a", "The bridge was opened in 1931 and opened again in 1935.", None, 0.9),
        ("b", "The bridge opened in 1935.", None, 0.9),
    )
    assert find_disagreement("When was the bridge opened?", rows) is None


def test_durations_up_to_now_differ_by_the_time_of_writing() -> None:
    question = "How long has the queen been in power?"
    rows = said(
        ("a", "The queen has been in power for more than 25 years.", "2019-12", 0.9),
        ("b", "The queen has been in power for almost 30 years.", "2023-04", 0.9),
        ("c", "The queen has been in power since 1994.", "2019-12", 0.9),
    )
    assert sides(find_disagreement(question, rows)) == (
        "as_of",
        {"more than 25 years": (1, 3), "almost 30 years": (2,)},
    )


def test_durations_that_no_time_of_writing_explains_conflict() -> None:
    found = find_disagreement(
        "How long has the queen been in power?",
        said(
            ("a", "The queen has been in power for 10 years.", "2019-12", 0.9),
            ("b", "The queen has been in power for 30 years.", "2020-12", 0.9),
        ),
    )
    assert found is not None
    assert found.kind == "value"


def test_a_state_of_now_is_as_of() -> None:
    found = find_disagreement(
        "How many members does the club have?",
        said(
            ("a", "The club has 300 members.", "2015", 0.9),
            ("b", "The club has 800 members.", "2021", 0.9),
        ),
    )
    assert found is not None
    assert found.kind == "as_of"


def test_yes_against_no() -> None:
    found = find_disagreement(
        "Did Belgium join the customs union?",
        said(
            ("a", "Belgium did join the customs union.", None, 0.9),
            ("b", "Belgium did not join the customs union.", None, 0.9),
        ),
    )
    assert sides(found) == ("value", {"yes": (1,), "no": (2,)})


TEXTS = st.one_of(
    st.text(max_size=60), st.sampled_from(["In 1997 Ann came.", "for 25 years", "since 1994", "$5m", "20%"])
)
STATEMENTS = st.builds(
    Statement,
    number=st.integers(1, 9),
    document_id=st.sampled_from("abc"),
    title=TEXTS,
    published=st.one_of(st.none(), st.sampled_from(["2019", "2023-04", "x", "2019-1"])),
    sentence=TEXTS,
    passage=TEXTS,
    relevance=st.floats(-1, 1),
)
QUESTIONS = st.one_of(
    TEXTS, st.sampled_from(["When did Ann come?", "How long has Ann ruled?", "Is Ann here?", "Who?"])
)


@given(QUESTIONS, st.lists(STATEMENTS, max_size=6))
def test_any_statements_are_survived(question: str, statements: list[Statement]) -> None:
    found = find_disagreement(question, statements)
    numbers = {s.number for s in statements}
    assert found is None or all(set(p.citations) <= numbers for p in found.positions)
    assert found is None or len(found.positions) >= 2


def test_a_passing_duration_or_another_count_takes_no_position() -> None:
    lasting = said(
        ("a", "The queen has been in power for 25 years.", "2019-12", 0.9),
        ("b", "The queen in power serves two consecutive four-year terms.", "2019-12", 0.9),
        ("c", "The queen in power was challenged three years ago.", "2019-12", 0.9),
    )
    assert find_disagreement("How long has the queen been in power?", lasting) is None
    people = said(
        ("a", "The population of Norway is close to 5 million.", None, 0.9),
        ("b", "Tens of thousands of soldiers came to Norway.", None, 0.9),
    )
    assert find_disagreement("What is the population of Norway?", people) is None


def test_a_yes_or_no_question_with_a_value_takes_sides() -> None:
    rows = said(
        ("a", "The bridge over the river was opened in 1931.", None, 0.9),
        ("b", "In 1935 the bridge over the river opened.", None, 0.8),
    )
    found = find_disagreement("Was the bridge over the river opened in 1931?", rows)
    assert sides(found) == ("value", {"yes": (1,), "no": (2,)})
    assert find_disagreement("Was the bridge over the river opened in 1900?", rows) is None


def test_what_both_sentences_do_not_tell_is_no_conflict() -> None:
    rows = said(
        ("a", "Norway borrowed $500 million from Sweden.", None, 0.8),
        ("b", "Sweden invested $185 million in Norway.", None, 0.8),
    )
    assert find_disagreement("How much money has Norway lent to Sweden?", rows) is None


def test_a_date_may_be_told_in_other_words_by_the_weaker_source() -> None:
    opened = ("a", "The Lisbon bridge was opened in 1931.", None, 0.9)
    ready = ("b", "Lisbon's new bridge was ready for traffic in 1935.", None, 0.8)
    asked = "When did Lisbon open it?"
    assert sides(find_disagreement(asked, said(opened, ready))) == ("value", {"1931": (1,), "1935": (2,)})
    closed = ("a", "The Lisbon bridge was closed in 1931.", None, 0.9)
    assert find_disagreement(asked, said(closed, ready)) is None


def test_the_first_case_told_goes_before_another() -> None:
    first = "More than a thousand people protested in Lisbon before the talks."
    second = "Nearly 5,000 people protested in Lisbon that day."
    passage = f"{first} Another protest was held on May 3. {second}"
    rows = [
        Statement(1, "a", "", None, second, passage, 0.9),
        Statement(2, "a", "", None, first, passage, 0.8),
        *said(("b", "Hundreds of people protested in Lisbon before the talks.", None, 0.9)),
    ]
    found = find_disagreement("How many people protested in Lisbon before the talks?", rows)
    assert found is not None
    assert {p.value for p in found.positions} == {"More than a thousand", "Hundreds"}


def test_other_things_counted_are_no_conflict() -> None:
    rows = said(
        ("a", "The club has twelve rooms in Lisbon.", None, 0.8),
        ("b", "The club has 800 members in Lisbon.", None, 0.8),
    )
    assert find_disagreement("How many rooms does the club have in Lisbon?", rows) is None


def test_who_does_what_the_question_names_them_for_is_counted() -> None:
    rows = said(
        ("a", "More than a thousand demonstrators came to Lisbon.", None, 0.8),
        ("b", "Hundreds of protesters came to Lisbon to demonstrate.", None, 0.8),
    )
    found = find_disagreement("How many demonstrators came to Lisbon?", rows)
    assert sides(found) == ("value", {"More than a thousand": (1,), "Hundreds": (2,)})
    rows = said(
        ("a", "More than a thousand soldiers came to Lisbon.", None, 0.8),
        ("b", "Hundreds of students came to Lisbon to meet soldiers.", None, 0.8),
    )
    assert find_disagreement("How many soldiers did Lisbon have?", rows) is None


def test_two_names_differ_also_where_the_sentences_say_it_in_other_words() -> None:
    rows = said(
        ("a", "The bridge over the Leven is the work of Ann Miller.", None, 0.9),
        ("b", "John Baker is behind the bridge over the Leven.", None, 0.9),
    )
    found = find_disagreement("Who designed the bridge over the Leven?", rows)
    assert sides(found) == ("value", {"Ann Miller": (1,), "John Baker": (2,)})


def test_what_is_told_of_another_is_no_conflict() -> None:
    question = "How much did Norway invest in bridges in Iceland?"
    mine = ("a", "Norway invested $40 million in bridges in Iceland.", None, 0.9)
    other = "{} invested $90 million in bridges in Iceland."
    assert find_disagreement(question, said(mine, ("b", other.format("Norway"), None, 0.9))) is not None
    assert find_disagreement(question, said(mine, ("b", other.format("Sweden"), None, 0.9))) is None


def test_what_is_told_of_a_sibling_or_another_number_is_no_conflict() -> None:
    first = Statement(
        1, "a", "", None, "Lake Ezzar is 118 metres deep.", "Lake Ezzar is 118 metres deep.", 0.9
    )

    def beside(title: str) -> Statement:
        return Statement(
            2, "b", title, None, "The lake is 143 metres deep.", "The lake is 143 metres deep.", 0.9
        )

    asked = "How many metres deep is Lake Ezzar?"
    assert find_disagreement(asked, (first, beside("Lake Ummer"))) is None
    assert sides(find_disagreement(asked, (first, beside("Lake Ezzar")))) == (
        "value",
        {"118": (1,), "143": (2,)},
    )
    rows = said(
        ("a", "Three people flew with Apollo 11.", None, 0.9),
        ("b", "Four people flew with Apollo 12.", None, 0.9),
    )
    assert find_disagreement("How many people flew with Apollo 11?", rows) is None
