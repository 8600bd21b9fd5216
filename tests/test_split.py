from __future__ import annotations

import hashlib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fakes import FakeEmbedder
from qa.documents.split import MAX_TOKENS, furniture_spans, split
from qa.language.text import sentence_spans
from qa.types import Document

count_tokens = FakeEmbedder().count_tokens


def document(text: str, **metadata: str) -> Document:
    sha256 = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return Document("d", "d.txt", "D", text, sha256, None, metadata)


WORDS = st.lists(
    st.sampled_from(["Aa.", "b", "é", "U.S.", "\n\n", "\n", "5.5", "“q?”", "👩‍👩‍👧", "…", "\u202e"])
)


@given(st.one_of(st.text(), WORDS.map(" ".join)))
@example("")
@example("no final newline")
@example("a\r\nb")
@example("x" * 10_000)
@example("word " * 5_000)
@example("One. " * 5_000)
def test_offsets_are_exact_and_nothing_but_white_space_is_left_out(text: str) -> None:
    passages = split(document(text), count_tokens)
    end = 0
    for passage in passages:
        assert text[passage.start : passage.end] == passage.text
        assert passage.text.strip() == passage.text != ""
        assert text[end : passage.start].strip() == ""
        assert len(passage.text) <= 12 * MAX_TOKENS
        end = passage.end
    assert text[end:].strip() == ""
    assert len({passage.id for passage in passages}) == len(passages)


@given(st.text())
def test_sentences_are_in_order_and_cover_the_text(text: str) -> None:
    end = 0
    for start, stop in sentence_spans(text):
        assert text[end:start].strip() == ""
        assert text[start:stop].strip() == text[start:stop] != ""
        end = stop
    assert text[end:].strip() == ""


def test_passages_fit_the_encoder_and_end_with_sentences() -> None:
    text = " ".join(f"This is sentence number {n} of a long text." for n in range(200))
    passages = split(document(text), count_tokens)
    assert len(passages) > 5
    assert all(count_tokens([passage.text])[0] <= MAX_TOKENS for passage in passages)
    assert all(passage.text.endswith("text.") for passage in passages)


def test_short_paragraphs_share_a_passage_and_long_ones_do_not() -> None:
    long = "This sentence is here to fill a paragraph up to a certain length. " * 12
    assert len(split(document("A short one.\n\nAnother short one."), count_tokens)) == 1
    assert len(split(document(f"{long}\n\n{long}"), count_tokens)) == 2


def test_page_furniture_is_in_no_passage_but_the_same_words_inside_a_line_are() -> None:
    text = "Date:\n\nThe news. Date: is a word here.\n\nLatest stories"
    one = document(text, furniture="Date:\nLatest stories")
    assert [text[start:end] for start, end in furniture_spans(one)] == ["Date:", "Latest stories"]
    assert [passage.text for passage in split(one, count_tokens)] == ["The news. Date: is a word here."]


@pytest.mark.parametrize("text", ["x" * 100_000, "x " * 50_000, "字" * 20_000])
def test_one_enormous_line_is_cut_without_loss(text: str) -> None:
    passages = split(document(text), count_tokens)
    assert "".join(passage.text for passage in passages).replace(" ", "") == text.replace(" ", "")


def test_text_of_which_the_encoder_reads_nothing_is_a_passage_too() -> None:
    (passage,) = split(document("\u200b\u200b"), lambda texts: [0] * len(texts))
    assert passage.text == "\u200b\u200b"
