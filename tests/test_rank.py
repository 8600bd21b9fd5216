from __future__ import annotations

import zlib

import numpy as np
import pytest

from qa.finding.rank import FEATURES, Candidate, Ranking, rank, vocabulary_prior
from qa.interfaces import TokenVectors
from qa.language.text import sentence_spans
from qa.types import Passage


def tokens(text: str) -> TokenVectors:
    """One random but repeatable unit vector a word: the same word matches itself and nothing else."""
    spans = [(i, i + len(w)) for i, w in _words(text)]
    rows = [np.random.default_rng(zlib.crc32(w.lower().encode())).normal(size=64) for _, w in _words(text)]
    vectors = np.array(rows, np.float32).reshape(-1, 64)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return TokenVectors(vectors, np.array(spans, np.int32).reshape(-1, 2))


def _words(text: str) -> list[tuple[int, str]]:
    found, at = [], 0
    for word in text.split():
        at = text.index(word, at)
        found.append((at, word.strip(".,?")))
        at += len(word)
    return found


def candidate(text: str, name: str = "a", title: str = "") -> Candidate:
    passage = Passage(name, f"document of {name}", 100, 100 + len(text), text)
    return Candidate(passage, fused=0.5, tokens=tokens(text), title=title)


def ranked(question: str, *candidates: Candidate) -> Ranking:
    return rank(question, tokens(question), candidates, lambda word: float(len(word)))


RIVER = "The river is long. The mill was built by Anna Berg in 1871. Fish live there."


def test_the_sentence_that_shares_the_question_s_words_comes_first() -> None:
    best = ranked("When was the mill built?", candidate(RIVER)).sentences[0]
    assert best.passage.text[best.start : best.end] == "The mill was built by Anna Berg in 1871."


def test_every_sentence_is_ranked_once_with_its_exact_span_best_first() -> None:
    found = ranked("When was the mill built?", candidate(RIVER))
    assert sorted((s.start, s.end) for s in found.sentences) == sentence_spans(RIVER)
    scores = [s.score for s in found.sentences]
    assert scores == sorted(scores, reverse=True)


def test_questions_and_headings_like_them_state_nothing() -> None:
    text = "Why the mill was built\n\nWhen the river rose, the mill was built. Who built the mill? Anna did."
    found = ranked("Why was the mill built?", candidate(text))
    said = {s.passage.text[s.start : s.end] for s in found.sentences}
    assert said == {"When the river rose, the mill was built.", "Anna did."}


@pytest.mark.parametrize(
    "text",
    [
        "When: Friday 12 May, 7 pm",
        "What to bring\nWarm clothes",
        "When the light blinks, hold the button for five seconds",
        "When he died in 1999 the firm was sold.[12]",
    ],
)
def test_what_begins_like_a_question_but_says_something_is_evidence(text: str) -> None:
    assert ranked("When is it?", candidate(text)).sentences


def test_a_title_above_its_text_states_nothing_and_one_that_is_all_there_is_may() -> None:
    title = "The mill was built"
    found = ranked("How was the mill built?", candidate(f"{title}\n\nOf oak and slate.", title=title))
    assert [s.passage.text[s.start : s.end] for s in found.sentences] == ["Of oak and slate."]
    assert ranked("How was the mill built?", candidate(title, title=title)).sentences


def test_another_number_of_the_name_asked_about_comes_last_and_is_told() -> None:
    text = (
        "The Sorvo 200 weighs 9 kilograms in all. Some weigh more. The Sorvo 300 weighs 12 kilograms in all."
    )
    found = ranked("How much does the Sorvo 300 weigh?", candidate(text)).sentences
    said = [s.passage.text[s.start : s.end] for s in found]
    assert said[0].startswith("The Sorvo 300")
    assert (said[-1], found[-1].another) == ("The Sorvo 200 weighs 9 kilograms in all.", True)
    assert not any(s.another for s in found[:-1])


def test_the_words_that_name_nothing_are_matched_by_themselves() -> None:
    features = {}
    for s in ranked("When did Ann Berg die?", candidate("Ann Berg married. Ann Berg did die.")).sentences:
        features[s.passage.text[s.start : s.end]] = s.feature("predicate")
    assert features["Ann Berg did die."] > features["Ann Berg married."]


def test_a_passage_ranks_by_its_best_sentence() -> None:
    other = candidate("Nothing to see. Grass is green.", "b")
    found = ranked("When was the mill built?", other, candidate(RIVER))
    assert [p.passage.id for p in found.passages] == ["a", "b"]
    assert found.passages[0].score == found.sentences[0].score


def test_a_sentence_with_the_kind_of_answer_asked_for_is_marked() -> None:
    found = ranked("When was the mill built?", candidate(RIVER)).sentences
    assert {s.start: s.feature("kind") for s in found} == {0: 0.0, 19: 1.0, 60: 0.0}


def test_the_title_supplies_terms_that_the_passage_lacks() -> None:
    without = ranked("When was the Oakdale mill built?", candidate(RIVER)).sentences[0]
    titled = ranked("When was the Oakdale mill built?", candidate(RIVER, title="Oakdale")).sentences[0]
    assert without.feature("missing_names") > 1
    assert titled.feature("missing_names") == 0


def test_numbers_and_negations_of_the_question_are_looked_for_in_the_sentence_itself() -> None:
    text = "The mill was never sold in 1871. It was sold in 1902."
    found = {s.start: s for s in ranked("Why wasn't the mill sold in 1871?", candidate(text)).sentences}
    assert [found[at].feature("missing_number") for at in (0, 33)] == [0.0, 1.0]
    assert [found[at].feature("missing_negation") for at in (0, 33)] == [0.0, 1.0]


def test_words_in_common_and_the_worst_match_are_measured_in_the_sentence() -> None:
    found = {s.start: s for s in ranked("mill built 1871", candidate(RIVER)).sentences}
    assert found[19].feature("same_words") == pytest.approx(1.0)
    assert found[19].feature("worst_match") == pytest.approx(1.0)
    assert found[0].feature("worst_match") < 0.6


@pytest.mark.parametrize("question", ["", "?", "the of", "¿Qué?"])
def test_any_question_can_be_ranked(question: str) -> None:
    found = ranked(question, candidate(RIVER))
    assert len(found.sentences) == 3
    assert all(np.isfinite(s.features).all() and len(s.features) == len(FEATURES) for s in found.sentences)


def test_sentences_that_were_not_encoded_are_left_out() -> None:
    whole = candidate(RIVER)
    cut = TokenVectors(whole.tokens.vectors[:4], whole.tokens.spans[:4])
    short = Candidate(whole.passage, 0.5, cut)
    empty = Candidate(whole.passage, 0.5, TokenVectors(cut.vectors[:0], cut.spans[:0]))
    assert [s.start for s in ranked("Long river?", short).sentences] == [0]
    assert ranked("Long river?", empty) == ranked("Long river?") == Ranking()


def test_the_vocabulary_prior_holds_rare_words_informative_and_unknown_ones_most() -> None:
    prior = vocabulary_prior({"[PAD]": 0, "the": 5, "river": 200, "mill": 900}, first=5)
    assert prior("The") < prior("river") < prior("mill")
    assert prior("xylograph") >= max(prior("the"), 0)
