"""A reason joins two things: one statement has to tell both, and that one follows from the other."""

from __future__ import annotations

import pytest

from qa.support.causes import unfounded

ROOF = "The roof of the mill leaked for years."
CLOSED = "The mill was closed in 1931."
BOTH = "In 1931 the mill was closed, as its roof had leaked for years."
SO = "Therefore the mill was closed in 1931."
LEAKED = "The mill was closed because its roof leaked."


@pytest.mark.parametrize(
    ("sentence", "statements", "found"),
    [
        (LEAKED, [ROOF, CLOSED], ("because",)),
        (LEAKED, [BOTH], ()),
        (LEAKED, [ROOF, SO], ()),
        (LEAKED, [SO], ("because",)),
        ("The mill was closed due to its leaking roof.", [CLOSED, ROOF], ("due to",)),
        ("Because of its leaking roof, the mill was closed in 1931.", [ROOF, CLOSED], ("Because of",)),
        ("Because of its leaking roof, the mill was closed in 1931.", [BOTH], ()),
        ("Since its roof leaked, the mill was closed.", [ROOF, CLOSED], ("Since",)),
        ("The roof of the mill leaked, so it was closed.", [ROOF, CLOSED], ("so",)),
        ("The mill was closed because its miller died.", [BOTH], ("because",)),
        (
            "The mill was closed in 1931 because its miller died.",
            ["The mill was closed in 1931, long before its miller died."],
            ("because",),
        ),
        ("The war began because prices rose.", ["Prices rose because the war began."], ("because",)),
        ("Prices rose because the war began.", ["The war began, and therefore prices rose."], ()),
        ("The train is due to arrive at noon.", ["The train is due at noon."], ()),
        ("The mill has been closed since 1931.", [CLOSED], ()),
        ("The mill was closed in 1931.", [CLOSED], ()),
    ],
)
def test_a_reason_has_to_be_given_by_the_evidence(
    sentence: str, statements: list[str], found: tuple[str, ...]
) -> None:
    assert unfounded(sentence, statements) == found
