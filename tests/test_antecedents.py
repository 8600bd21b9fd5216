from __future__ import annotations

import pytest

from qa.antecedents import antecedents
from qa.grounding import Premise, missing_values

PASSAGE = (
    "Oskar Brandt was born in Lisk. In 1987 Maria Tolland became president of Veltria. "
    "She signed the treaty of Harn in the same year. The mill burnt down."
)


def cite(quote: str, title: str = "") -> Premise:
    start = PASSAGE.index(quote)
    return Premise(PASSAGE, start, start + len(quote), title)


SIGNED = cite("She signed the treaty of Harn in the same year.")


def test_the_sentence_that_names_whom_a_pronoun_stands_for_is_cited_too() -> None:
    sentence = "Maria Tolland signed the treaty of Harn."
    (found,) = antecedents(sentence, [SIGNED])
    assert found.quote == "In 1987 Maria Tolland became president of Veltria."
    assert missing_values(sentence, [SIGNED]) == ("Maria Tolland",)
    assert missing_values(sentence, [SIGNED, found]) == ()


@pytest.mark.parametrize(
    ("sentence", "premise"),
    [
        ("She signed the treaty of Harn.", SIGNED),  # nothing is missing
        ("Petersen signed the treaty of Harn.", SIGNED),  # nobody of that name is there
        ("Tolland signed the treaty in 1990.", SIGNED),  # a year that is nowhere
        ("Tolland burnt the mill down.", cite("The mill burnt down.")),  # no pronoun
        ("Brandt became president.", cite("Oskar Brandt was born in Lisk.")),
    ],
)
def test_nothing_else_is_added(sentence: str, premise: Premise) -> None:
    assert antecedents(sentence, [premise]) == ()


def test_the_nearest_sentence_that_has_the_name_is_taken() -> None:
    (found,) = antecedents("Brandt signed the treaty.", [SIGNED])
    assert found.quote == "Oskar Brandt was born in Lisk."
    assert antecedents("Tolland signed it.", [cite(SIGNED.quote, "The life of Maria Tolland")]) == ()
