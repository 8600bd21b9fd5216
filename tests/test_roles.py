from __future__ import annotations

import pytest

from qa.support.roles import exchanged, swapped

KEPT = [
    ("Veltria attacked Oskland.", "Veltria attacked Oskland in May."),
    ("Oskland was attacked by Veltria.", "Veltria attacked Oskland."),
    ("Veltria's attack on Oskland was brief.", "Veltria attacked Oskland."),
    ("The invasion of Oskland by Veltria was brief.", "Veltria invaded Oskland."),
    ("Oskland, invaded by Veltria, resisted.", "Veltria invaded Oskland."),
    ("Tolland met Brandt.", "Brandt met Tolland."),
    ("Veltria and Oskland signed a treaty.", "Oskland and Veltria signed a treaty."),
    ("Oskland trades with Veltria.", "Veltria trades with Oskland."),
    ("The protesters were arrested by the police.", "The police arrested the protesters."),
    ("Gas flows from Veltria to Oskland.", "From Veltria, gas flows to Oskland."),
    ("Tolland praised Brandt.", "Brandt praised Tolland, and Tolland praised Brandt."),
    ("Veltria attacked Oskland.", "Oskland suffered."),
]
SWAPPED = [
    ("Oskland attacked Veltria.", "Veltria attacked Oskland in May."),
    ("Veltria was attacked by Oskland.", "Veltria attacked Oskland."),
    ("Oskland's attack on Veltria was brief.", "Veltria attacked Oskland."),
    ("The invasion of Veltria by Oskland was brief.", "Veltria invaded Oskland."),
    ("Oskland is larger than Veltria.", "Veltria is larger than Oskland."),
    ("Oskland sold oil to Veltria.", "Veltria sold oil to Oskland."),
    ("Gas flows from Oskland to Veltria.", "Gas flows from Veltria to Oskland."),
    ("Protesters arrested the police.", "The police arrested protesters."),
    ("The Osklanders attacked the Veltrians.", "Veltrian troops attacked Oskland."),
]


@pytest.mark.parametrize(("sentence", "quote"), KEPT)
def test_who_does_what_may_be_told_in_other_forms(sentence: str, quote: str) -> None:
    assert swapped(sentence, [quote]) == ()


@pytest.mark.parametrize(("sentence", "quote"), SWAPPED)
def test_who_does_what_to_whom_is_not_turned_round(sentence: str, quote: str) -> None:
    assert swapped(sentence, [quote])


def test_what_is_turned_round_is_given_as_it_is_written() -> None:
    assert swapped("They say that Oskland attacked Veltria.", [SWAPPED[0][1]]) == (
        "Oskland attacked Veltria",
    )


TWO_DEEDS = "Tolland praised Brandt and criticised Petersen."
TWO_CAPITALS = "Harn is the capital of Veltria and Lisk the capital of Oskland."
OWN = [
    ("Tolland praised Brandt.", TWO_DEEDS),
    ("Tolland criticised Petersen.", TWO_DEEDS),
    ("Brandt was praised by Tolland.", TWO_DEEDS),
    (TWO_DEEDS, TWO_DEEDS),
    ("Tolland praised Petersen.", "Tolland praised Brandt and Petersen."),
    ("Tolland praised Petersen.", "Tolland praised Brandt, Veld and Petersen, and criticised Rell."),
    ("Tolland sold gas to Harn.", "Tolland sold oil to Lisk and gas to Harn."),
    ("Tolland visited Harn.", "Tolland visited Brandt in Harn."),
    ("Harn is the capital of Veltria.", TWO_CAPITALS),
    ("Lisk is the capital of Oskland.", TWO_CAPITALS),
]
OF_ANOTHER = [
    ("Tolland criticised Brandt.", TWO_DEEDS),
    ("Tolland praised Petersen.", TWO_DEEDS),
    ("Tolland criticised Brandt and Petersen.", TWO_DEEDS),
    ("Tolland criticised Brandt.", "Tolland praised Brandt, but later criticised Petersen."),
    ("Harn is the capital of Oskland.", TWO_CAPITALS),
    ("Lisk is the capital of Veltria.", TWO_CAPITALS),
]


@pytest.mark.parametrize(("sentence", "quote"), OWN)
def test_each_does_what_is_told_across_and(sentence: str, quote: str) -> None:
    assert exchanged(sentence, [quote]) == ()


@pytest.mark.parametrize(("sentence", "quote"), OF_ANOTHER)
def test_nobody_does_to_one_what_was_done_to_another(sentence: str, quote: str) -> None:
    assert exchanged(sentence, [quote])
