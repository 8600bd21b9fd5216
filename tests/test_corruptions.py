from __future__ import annotations

import pytest

from qa_eval.corruptions import CORRUPTIONS, PARAPHRASES

PASSAGE = "Tolland met Brandt in Harn in 1994. The dam of Lisk was built by Veltria."
CHANGES = [
    (
        "numbers swapped",
        "It has 12 locks and, further on, 30 gates.",
        "It has 30 locks and, further on, 12 gates.",
    ),
    ("dates swapped", "Begun in 1987, it opened in May 1994.", "Begun in May 1994, it opened in 1987."),
    ("another month", "It opens before December.", "It opens before January."),
    ("another numeral of a name", "It saw World War II.", "It saw World War I."),
    ("names swapped", "Then Veltria sold oil to Oskland.", "Then Oskland sold oil to Veltria."),
    ("another name of the passage", "They say that Petersen came.", "They say that Brandt came."),
    ("negation added", "The dam was built.", "The dam was not built."),
    ("negation removed", "The dam was never built.", "The dam was built."),
    ("fact made possible", "The dam is high.", "The dam may be high."),
    ("possible made fact", "They may build it.", "They did build it."),
    ("possible made fact", "They planned to build it.", "They managed to build it."),
    ("opposite word", "It rose after the war.", "It fell after the war."),
    ("what two predicates are of swapped", "He saw Veld and praised Rell.", "He saw Rell and praised Veld."),
    ("another period", "It costs 5 euros a month.", "It costs 5 euros a year."),
    ("attribution dropped", "Critics say that it is high.", "It is high."),
    ("attribution dropped", "According to Veld, it is high.", "It is high."),
    ("unchanged", "The dam is high.", "The dam is high."),
    ("adverbial moved", "In 1994, the dam opened.", "The dam opened in 1994."),
    ("aside left out", "The dam (a high one) opened.", "The dam opened."),
    (
        "numbers rewritten",
        "It has two gates and 5 percent of the water.",
        "It has 2 gates and 5% of the water.",
    ),
    ("contraction written out", "However, they didn’t come.", "They did not come."),
    ("surname only", "They say that Maria Tolland came.", "They say that Tolland came."),
]
NOT_APPLIED = [
    ("another number", "The dam is high."),
    ("numbers swapped", "It has 12 to 30 locks."),
    ("another year", "The dam is high."),
    ("another month", "May it open!"),
    ("another numeral of a name", "It saw World War I."),
    ("names swapped", "Then Tolland and Brandt met."),
    ("another name of the passage", "They say that it is Harn, that Veltria, Lisk, Tolland and Brandt came."),
    ("negation added", "No dam was built."),
    ("negation removed", "It was not built, and not paid."),
    ("opposite word", "The dam is high."),
    ("what two predicates are of swapped", "He praised Veld and Rell."),
    ("another period", "It costs 5 euros."),
    ("attribution dropped", "They say it loudly."),
    ("surname only", "He said: “Maria Tolland came.”"),
]


@pytest.mark.parametrize(("rule", "sentence", "changed"), CHANGES)
def test_a_rule_changes_a_sentence(rule: str, sentence: str, changed: str) -> None:
    assert {**CORRUPTIONS, **PARAPHRASES}[rule](sentence, PASSAGE) == changed


@pytest.mark.parametrize(("rule", "sentence"), NOT_APPLIED)
def test_a_rule_leaves_alone_what_it_would_not_change(rule: str, sentence: str) -> None:
    assert {**CORRUPTIONS, **PARAPHRASES}[rule](sentence, PASSAGE) is None


def test_another_number_and_another_year_are_not_in_the_passage() -> None:
    number = CORRUPTIONS["another number"]("It has 12 locks.", PASSAGE)
    year = CORRUPTIONS["another year"]("It opened in 1994.", PASSAGE)
    assert number is not None
    assert year is not None
    assert number != "It has 12 locks."
    assert year[:-5] == "It opened in "
    assert year[-5:-1] not in PASSAGE
