from __future__ import annotations

import pytest

from qa.support.assent import assented

CLIMB = "Can visitors climb the tower?"
SIGN = "Did Veltria sign the treaty?"
BORNE_OUT = [
    (SIGN, "Yes, Veltria signed the treaty in May."),
    (SIGN, "No, Veltria did not sign the treaty."),
    (SIGN, "Yes, the treaty was signed by Veltria."),
    (CLIMB, "Yes, visitors can climb the tower."),
    (CLIMB, "No, visitors can no longer climb the tower."),
    ("Is Veltria larger than Oskland?", "Yes, Veltria is larger than Oskland."),
    (SIGN, "No treaty was signed."),
    (SIGN, "Veltria signed it."),
]
LEFT_OUT = [
    (
        "Did all members vote for the treaty?",
        "Yes, nearly all members voted for the treaty.",
        "Nearly all members voted for the treaty.",
    ),
    (
        "Do most members support Tolland?",
        "Yes, few members support Tolland, most say.",
        "Few members support Tolland, most say.",
    ),
    (
        "Is the museum open every day?",
        "Yes, the museum was open every day until 1990.",
        "The museum was open every day until 1990.",
    ),
    (
        "Is the museum free for children?",
        "Yes, the museum is free for adults, and children pay half.",
        "The museum is free for adults, and children pay half.",
    ),
    (CLIMB, "Yes, the tower has been closed to visitors.", "The tower has been closed to visitors."),
    (CLIMB, "No, the tower has been closed to visitors.", "The tower has been closed to visitors."),
    (CLIMB, "Yes, visitors can no longer climb the tower.", "Visitors can no longer climb the tower."),
    (SIGN, "No, Veltria signed the treaty.", "Veltria signed the treaty."),
    (SIGN, "Yes, Veltria did not sign the treaty.", "Veltria did not sign the treaty."),
    (SIGN, "Yes, Veltria plans to sign the treaty.", "Veltria plans to sign the treaty."),
    (SIGN, "Yes, critics say Veltria did sign the treaty.", "Critics say Veltria did sign the treaty."),
    (SIGN, "Yes - Oskland signed the treaty.", "Oskland signed the treaty."),
    ("Did Veltria attack Oskland?", "Yes, Oskland attacked Veltria.", "Oskland attacked Veltria."),
    (
        "Is Veltria larger than Oskland?",
        "Yes, Veltria is smaller than Oskland.",
        "Veltria is smaller than Oskland.",
    ),
    (
        "Did Veltria or Oskland sign it?",
        "Yes, Veltria and Oskland signed it.",
        "Veltria and Oskland signed it.",
    ),
    ("When was it signed?", "Yes, it was signed in May.", "It was signed in May."),
    (SIGN, "Yes, ", ""),
]


@pytest.mark.parametrize(("question", "sentence"), BORNE_OUT)
def test_yes_and_no_stay_where_the_sentence_bears_them_out(question: str, sentence: str) -> None:
    assert assented(question, sentence) == sentence


@pytest.mark.parametrize(("question", "sentence", "left"), LEFT_OUT)
def test_yes_and_no_go_where_that_can_not_be_told(question: str, sentence: str, left: str) -> None:
    assert assented(question, sentence) == left
