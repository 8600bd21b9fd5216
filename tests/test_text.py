from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qa.language.text import sentence_spans

PIECES = [
    *"AGKag.?!,;:()[]'\"“”’ \n\t059-–…",
    "\xa0",
    "\u2009",
    "\u3000",
    "\u202f",
    "\u2028",
    "\u0085",
    "\x1c",
]
PIECES += [
    "é",
    "É",
    "ß",
    "Ж",
    "中",
    "。",
    "\u0301",
    "😀",
    "\u202e",
    "\u200b",
    "ﬁ",
    "İ",
    "«",
    "Mr.",
    "e.g.",
    "U.S.",
]


@pytest.mark.parametrize("blank", ["\xa0", "\u2009", "\u3000", "\u202f", "\u2028", "\u0085"])
def test_a_wide_blank_before_a_full_stop_is_no_panic(blank: str) -> None:
    """Found by fuzzing: sentencex panics, which is no `Exception` and would have ended the thread."""
    text = f"Platform A{blank}. It is high."
    assert [text[start:end] for start, end in sentence_spans(text)][-1] == "It is high."


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=40).map("".join))
def test_sentences_hold_every_word_in_order_whatever_the_text(text: str) -> None:
    spans = sentence_spans(text)
    assert "".join("".join(text[start:end].split()) for start, end in spans) == "".join(text.split())
    assert all(before[1] <= after[0] for before, after in pairwise(spans))
