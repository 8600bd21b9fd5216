from __future__ import annotations

from qa.answering.compose import compose
from qa.types import Disagreement, Draft, Evidence, Passage, Position


def evidence(*scored: tuple[str, float], document: str = "d", first: int = 1) -> list[Evidence]:
    text = " ".join(quote for quote, _ in scored)
    passage = Passage(f"{document}@0", document, 0, len(text), text)
    return [
        Evidence(number, passage, text.index(quote), text.index(quote) + len(quote), quote, score)
        for number, (quote, score) in enumerate(scored, start=first)
    ]


def quotes(draft: Draft) -> list[str]:
    return [claim.text for claim in draft.claims]


BEST = ("The mill was sold because the river dried up.", 9.0)
NEAR = ("Its wheel had stood still for years.", 8.5)
FAR = ("Grass grows on the roof today.", 2.0)


def test_one_sentence_where_the_others_score_far_lower() -> None:
    assert quotes(compose("Why was the mill sold?", evidence(BEST, FAR))) == [BEST[0]]


def test_further_sentences_that_score_nearly_as_well_in_reading_order() -> None:
    assert quotes(compose("Why was the mill sold?", evidence(NEAR, (BEST[0], 9.0), FAR)[::-1][1:])) == [
        NEAR[0],
        BEST[0],
    ]


def test_a_sure_short_answer_stands_alone() -> None:
    dated = ("The mill was built in 1871.", 9.0)
    assert quotes(compose("When was the mill built?", evidence(dated, NEAR))) == [dated[0]]


def test_at_most_three_and_never_the_same_fact_twice() -> None:
    again = ("The mill was sold because that river had dried up.", 8.9)
    others = [(f"Another reason was number {word} of many.", 8.8) for word in ("one", "two", "three")]
    drafted = quotes(compose("Why was the mill sold?", evidence(BEST, again, *others)))
    assert again[0] not in drafted
    many = [("Wolves howl.", 9.0), ("Birds sing.", 9.0), ("Fish swim.", 9.0), ("Cats purr.", 9.0)]
    assert len(compose("Why?", evidence(*many)).claims) == 3


def test_what_answers_another_part_is_added_from_any_document() -> None:
    other = evidence(("Its owner was Anna Berg.", 3.0), document="e", first=9)
    draft = compose("Why was the mill sold, and who owned it?", evidence(BEST, FAR), other)
    assert quotes(draft) == [BEST[0], "Its owner was Anna Berg."]
    assert [claim.evidence_numbers for claim in draft.claims] == [(1,), (9,)]


def test_a_disagreement_gives_the_first_sentence_of_each_position() -> None:
    found = evidence(("It was built in 1871.", 9.0), ("It was built in 1880.", 8.0))
    sides = Disagreement("value", (Position("1880", (2,)), Position("1871", (1,))))
    assert quotes(compose("When was it built?", found, (), sides)) == [found[1].quote, found[0].quote]


def test_no_evidence_is_an_empty_draft() -> None:
    assert compose("Why?", ()).claims == ()


SERIES = [
    ("First, the mill was sold.", 3.0),
    ("Nobody minded.", 2.5),
    ("Second, its wheel was taken to the town.", 2.0),
    ("Third, the pond was drained.", 1.0),
]


def test_a_series_is_given_in_the_place_of_what_announces_it() -> None:
    announcing = ("Three things changed in the village.", 9.0)
    drafted = quotes(compose("What changed in the village?", evidence(announcing, *SERIES)))
    assert drafted == [SERIES[0][0], SERIES[2][0], SERIES[3][0]]
    two = quotes(compose("What changed in the village?", evidence(announcing, *SERIES[:3])))
    assert two == [announcing[0], SERIES[0][0], SERIES[2][0]]


def test_items_of_another_series_or_of_none_are_left_out() -> None:
    apart = quotes(compose("What changed?", evidence(("Much changed.", 9.0), FAR, *SERIES)))
    assert apart == ["Much changed."]
    alone = [("First, the mill was sold.", 3.0), ("First built in 1871, the bridge fell.", 2.0)]
    assert quotes(compose("What changed?", evidence(("Much changed.", 9.0), *alone))) == ["Much changed."]
    assert quotes(compose("How many changed?", evidence(("Three changed.", 9.0), *SERIES))) == [
        "Three changed."
    ]


def test_the_reason_that_is_told_in_the_next_sentence_is_given_too() -> None:
    sold = ("The mill was sold.", 9.0)
    because = ("Because the river had dried up, it stood still.", 3.0)
    assert quotes(compose("Why was the mill sold?", evidence(sold, because))) == [sold[0], because[0]]
    assert quotes(compose("What was sold?", evidence(sold, because))) == [sold[0]]
    assert quotes(compose("Why was the mill sold?", evidence(sold, FAR, because))) == [sold[0]]
    assert quotes(compose("Why was the mill sold?", evidence(BEST, because))) == [BEST[0]]
