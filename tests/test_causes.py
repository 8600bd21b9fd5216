"""A reason joins two things: one statement has to tell both, or that one follows from another."""

from __future__ import annotations

import pytest

from qa.support.causes import unfounded

ROOF = "The roof of the mill leaked for years."
CLOSED = "The mill was closed in 1931."
BOTH = "In 1931 the mill was closed, as its roof had leaked for years."
SO = "Therefore the mill was closed in 1931."


@pytest.mark.parametrize(
    ("sentence", "statements", "found"),
    [
        ("The mill was closed because its roof leaked.", [ROOF, CLOSED], ("because",)),
        ("The mill was closed because its roof leaked.", [BOTH], ()),
        ("The mill was closed because its roof leaked.", [ROOF, SO], ()),
        ("The mill was closed due to its leaking roof.", [CLOSED, ROOF], ("due to",)),
        ("Because of its leaking roof, the mill was closed in 1931.", [ROOF, CLOSED], ("Because of",)),
        ("Because of its leaking roof, the mill was closed in 1931.", [BOTH], ()),
        ("The mill was closed because the miller died.", [BOTH], ("because",)),
        ("The mill was closed in 1931.", [CLOSED], ()),
    ],
)
def test_a_reason_has_to_be_given_by_the_evidence(
    sentence: str, statements: list[str], found: tuple[str, ...]
) -> None:
    assert unfounded(sentence, statements) == found
