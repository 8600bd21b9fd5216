from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.answering.verify import Verified, check, verify
from qa.errors import DocumentNotFound
from qa.types import Citation, Claim, Document, Draft, Evidence, Passage

TEXT = "Cats purr at night. Dogs bark at strangers all day long."


def document(text: str = TEXT, document_id: str = "d") -> Document:
    return Document(document_id, f"{document_id}.txt", "T", text, hashlib.sha256(text.encode()).hexdigest())


def evidence(number: int, quote: str, text: str = TEXT) -> Evidence:
    start = text.find(quote)
    passage = Passage("p", "d", 0, len(text), text)
    return Evidence(number, passage, start, start + len(quote), quote, 1.0)


def read(document_id: str) -> Document:
    if document_id != "d":
        raise DocumentNotFound(document_id)
    return document()


NOTHING = Verified((), (), {})
REVISIONS = {"d": document().sha256}


def test_a_quote_at_its_place_stands_and_is_numbered_by_appearance() -> None:
    found = [evidence(4, "Dogs bark at strangers all day long."), evidence(2, "Cats purr at night.")]
    draft = Draft(tuple(Claim(one.quote, (one.number,)) for one in found))
    verified = verify(draft, found, REVISIONS, read)
    assert [claim.evidence_numbers for claim in verified.claims] == [(1,), (2,)]
    assert [citation.quote for citation in verified.citations] == [one.quote for one in found]
    assert all(TEXT[one.start : one.end] == one.quote for one in verified.citations)
    assert verified.numbers == {4: 1, 2: 2}


def test_a_claim_that_is_not_the_quote_is_dropped() -> None:
    found = [evidence(1, "Cats purr at night.")]
    assert verify(Draft((Claim("Cats purr all night.", (1,)),)), found, REVISIONS, read) == NOTHING


def test_a_claim_without_known_evidence_is_dropped() -> None:
    found = [evidence(1, "Cats purr at night.")]
    draft = Draft((Claim("Cats purr at night.", ()), Claim("Cats purr at night.", (1, 9))))
    assert verify(draft, found, REVISIONS, read) == NOTHING


def test_evidence_of_a_former_revision_or_a_removed_document_is_dropped() -> None:
    found = [evidence(1, "Cats purr at night.")]
    draft = Draft((Claim("Cats purr at night.", (1,)),))
    assert verify(draft, found, {"d": "another"}, read) == NOTHING

    def gone(document_id: str) -> Document:
        raise DocumentNotFound(document_id)

    assert verify(draft, found, REVISIONS, gone) == NOTHING


def cite(quote: str, start: int = 0) -> Citation:
    return Citation(1, "d", "T", "d.txt", None, document().sha256, start, start + len(quote), quote)


@pytest.mark.parametrize(
    ("citation", "failure"),
    [
        (cite("Cats purr at night."), None),
        (cite("Dogs bark at strangers", 3), "misattributed"),
        (cite("Birds sing at dawn."), "fabricated"),
        (cite(""), "fabricated"),
        (cite("Cats purr at strangers all day long."), "stitched"),
        (cite("purr at night. at strangers all day"), "stitched"),
        (replace(cite("Cats purr at night."), revision="old"), "stale"),
    ],
)
def test_each_failure_has_its_name(citation: Citation, failure: str | None) -> None:
    assert check(citation, document()) == failure


def test_words_of_another_document_are_misattributed_and_a_missing_document_is_stale() -> None:
    other = document("Birds sing at dawn.", "other")
    assert check(cite("Birds sing at dawn."), document(), [other]) == "misattributed"
    assert check(cite("Cats purr at night."), None) == "stale"


@given(st.text(min_size=1), st.data())
def test_any_exact_span_stands_and_any_moved_one_does_not(text: str, data: st.DataObject) -> None:
    one = Document("d", "d", "T", text, "revision")
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    citation = Citation(1, "d", "T", "d", None, "revision", start, end, text[start:end])
    assert check(citation, one) is None
    moved = replace(citation, start=start + 1, end=end + 1)
    assert (check(moved, one) is None) == (text[start + 1 : end + 1] == citation.quote)
