"""Which sentences may be shown beside what they cite; with the real encoder, which the weights are for."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conftest import ROOT
from qa.build import build_embedder, build_entailment
from qa.interfaces import Embedder
from qa.language.text import sentence_spans
from qa.settings import Settings
from qa.storage.packing import pack, unpack
from qa.support.grounding import Premise
from qa.support.support import ENTAILED, THRESHOLD, Support, support

PASSAGE = (
    "Veltria and Oskland share the Lisk, a river of 340 kilometres. In 1987 the two governments agreed to "
    "build a dam at Harn, which was finished in 1994 and cost 62 million dollars. Veltria paid two thirds "
    "of it. Oskland did not pay its share until 2001, after President Maria Tolland had visited Oskar "
    "Brandt in Harn. She has refused to extend the agreement, and her ministers may close the northern "
    "lock next spring. Fishermen on both banks have protested against the dam for years because salmon "
    "can no longer reach the upper valley."
)
SENTENCES = [PASSAGE[a:b] for a, b in sentence_spans(PASSAGE)]
SAYS = [
    (0, "The Lisk is a river of 340 kilometres that Veltria and Oskland share."),
    (0, "Oskland and Veltria share the river Lisk."),
    (1, "The dam at Harn was finished in 1994."),
    (1, "It cost $62 million."),
    (1, "In 1987, both governments agreed to build a dam at Harn."),
    (1, "The dam at Harn cost 62 million dollars and was finished in 1994."),
    (2, "Two-thirds of it was paid by Veltria."),
    (3, "Until 2001 Oskland did not pay its share."),
    (3, "Tolland visited Brandt in Harn."),
    (3, "Oskland didn't pay its share until 2001."),
    (4, "She refuses to extend the agreement."),
    (4, "Her ministers may close the northern lock next spring."),
    (5, "Fishermen have protested against the dam because salmon no longer reach the upper valley."),
    (5, "Fishermen on both banks have been protesting for years."),
]
DOES_NOT_SAY = [
    (0, "The Lisk is a river of 430 kilometres."),
    (0, "The Lisk is a river of 340 miles."),
    (1, "The dam at Harn was finished in 1987."),
    (1, "The dam at Harn was finished in 1995."),
    (1, "It cost 62 million euros."),
    (1, "The dam was not finished in 1994."),
    (2, "Oskland paid two thirds of it."),
    (3, "Oskland paid its share until 2001."),
    (3, "Brandt had visited Tolland in Harn."),
    (3, "Maria Brandt visited Harn."),
    (4, "She has extended the agreement."),
    (4, "Her ministers closed the northern lock."),
    (4, "Her ministers will not close the northern lock next spring."),
    (5, "Salmon can reach the upper valley."),
    (5, "Farmers on both banks have burnt the harvest for years."),
    (5, "The Lisk Institute counted salmon in the upper valley."),
    (5, "I think you should protest against the dam."),
    (5, "The dam produces electricity for the capital and its suburbs."),
]


@pytest.fixture(scope="module")
def embedder() -> Embedder:
    return build_embedder()


def cite(number: int, embedder: Embedder) -> Premise:
    start = PASSAGE.index(SENTENCES[number])
    tokens = embedder.encode([PASSAGE])[0].tokens
    return Premise(PASSAGE, start, start + len(SENTENCES[number]), tokens=tokens)


@pytest.mark.parametrize(("number", "sentence"), SAYS)
def test_what_the_quote_says_in_other_words_holds(number: int, sentence: str, embedder: Embedder) -> None:
    assert support(sentence, [cite(number, embedder)], embedder).holds


@pytest.mark.parametrize(("number", "sentence"), DOES_NOT_SAY)
def test_what_the_quote_does_not_say_does_not_hold(number: int, sentence: str, embedder: Embedder) -> None:
    assert not support(sentence, [cite(number, embedder)], embedder).holds


def test_the_reason_is_given(embedder: Embedder) -> None:
    one = cite(1, embedder)
    assert support("The dam was finished in 1995.", [one], embedder).missing == ("1995",)
    assert support("The dam was not finished.", [one], embedder).opposed == ("finished",)


def test_two_citations_support_what_neither_says_alone(embedder: Embedder) -> None:
    both = "Veltria paid two thirds of the dam at Harn, which was finished in 1994."
    one, other = cite(1, embedder), cite(2, embedder)
    assert support(both, [one, other], embedder).holds
    assert not support(both, [one], embedder).holds
    assert not support(both, [other], embedder).holds


def test_a_passage_that_is_not_encoded_yet_is_encoded(embedder: Embedder) -> None:
    known = cite(1, embedder)
    fresh = Premise(known.passage, known.start, known.end)
    sentence = "The dam at Harn was finished in 1994."
    assert support(sentence, [fresh], embedder) == support(sentence, [known], embedder)


@pytest.mark.parametrize(("number", "sentence"), [*SAYS, *DOES_NOT_SAY])
def test_vectors_that_the_index_keeps_judge_as_fresh_ones_do(
    number: int, sentence: str, embedder: Embedder
) -> None:
    exact = cite(number, embedder)
    assert exact.tokens is not None
    kept = replace(exact, tokens=unpack(*pack(exact.tokens)))
    tokens = embedder.encode([sentence])[0].tokens
    fresh = support(sentence, [replace(exact, tokens=None)], embedder)
    given = support(sentence, [kept], Deaf(embedder), tokens=tokens)  # type: ignore[arg-type]
    assert (given.missing, given.opposed, given.holds) == (fresh.missing, fresh.opposed, fresh.holds)
    assert given.probability == pytest.approx(fresh.probability, abs=0.02)


class Deaf:
    """An encoder of which only the vocabulary may be used."""

    def __init__(self, embedder: Embedder) -> None:
        self.vocabulary = embedder.vocabulary


def test_nothing_holds_without_evidence_and_nothing_is_no_sentence(embedder: Embedder) -> None:
    assert not support("The dam was finished.", [], embedder).holds
    assert not support(" ", [cite(1, embedder)], embedder).holds


def test_what_is_missing_or_opposed_never_holds() -> None:
    assert Support(THRESHOLD).holds
    assert not Support(THRESHOLD - 0.01).holds
    assert not Support(1.0, missing=("1995",)).holds
    assert not Support(1.0, opposed=("finished",)).holds


def test_a_model_of_entailment_judges_in_place_of_the_weights(embedder: Embedder) -> None:
    asked: list[tuple[str, str]] = []

    def entails(premise: str, sentence: str) -> float:
        asked.append((premise, sentence))
        return 0.9 if "salmon" in premise else 0.1

    sentence = "The fish cannot swim up the river any more."
    premise = Premise(PASSAGE, *span(5), title="The dam")
    assert support(sentence, [premise], embedder, entails) == Support(0.9, (), (), ENTAILED)
    assert asked == [(f"The dam: {SENTENCES[5]}", sentence)]
    assert not support(sentence, [Premise(PASSAGE, *span(0))], embedder, entails).holds
    assert not support("7 salmon came.", [premise], embedder, entails).holds  # the hard rules stay


def test_no_model_of_entailment_is_loaded_unless_one_is_named() -> None:
    assert build_entailment(Settings()) is None


def span(number: int) -> tuple[int, int]:
    start = PASSAGE.index(SENTENCES[number])
    return start, start + len(SENTENCES[number])


CORPUS = [
    (text, start, end)
    for text in [path.read_text() for path in sorted((ROOT / "corpus").glob("*.txt"))]
    for start, end in sentence_spans(text)
]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(CORPUS), st.booleans())
def test_a_sentence_copied_from_its_evidence_always_holds(
    embedder: Embedder, place: tuple[str, int, int], spaced: bool
) -> None:
    text, start, end = place
    premise = Premise(text[max(0, start - 200) : end + 200], min(start, 200), min(start, 200) + end - start)
    sentence = premise.quote.replace(" ", "  ") if spaced else premise.quote
    assert support(sentence, [premise], embedder).holds


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from([s for s in SENTENCES if any(c.isdigit() for c in s)]), st.integers(1, 10**9), st.data()
)
def test_a_changed_number_never_holds(embedder: Embedder, quote: str, by: int, data: st.DataObject) -> None:
    number = data.draw(st.sampled_from(list(re.finditer(r"\d+", quote))))
    changed = quote[: number.start()] + str(int(number[0]) + by) + quote[number.end() :]
    assert not support(changed, [Premise(PASSAGE, *span(SENTENCES.index(quote)))], embedder).holds
