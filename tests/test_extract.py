"""Which sentences are looked at for disagreement, and that what disagrees is quoted wherever it ranks."""

from __future__ import annotations

import hashlib

from qa.answering.extract import considered, extract
from qa.finding.rank import FEATURES, RankedSentence, Ranking
from qa.types import Document, Evidence, Found, Passage

ONE = [f"In 1931 the bridge of Oakdale was opened by mayor number {n}." for n in range(12)]
OTHER = "The bridge of Oakdale was opened in 1935."
RELEVANT = {"maxsim": 0.9, "pooled": 0.9, "passage_maxsim": 0.9}


def ranked(text: str, document_id: str, sentences: list[str]) -> list[RankedSentence]:
    passage = Passage(f"{document_id}@0", document_id, 0, len(text), text)
    row = tuple(RELEVANT.get(name, 0.0) for name in FEATURES)
    places = [(text.index(one), text.index(one) + len(one)) for one in sentences]
    return [RankedSentence(passage, start, end, 1.0, row) for start, end in places]


def document(document_id: str, text: str) -> Document:
    return Document(document_id, f"{document_id}.txt", "", text, hashlib.sha256(text.encode()).hexdigest())


def test_one_document_does_not_crowd_out_the_others() -> None:
    sentences = [*ranked(" ".join(ONE), "a", ONE), *ranked(OTHER, "b", [OTHER])]
    assert [number for number, _ in considered(sentences)] == [1, 2, 3, 13]


def test_a_position_that_ranks_after_the_first_ten_is_quoted() -> None:
    sources = {"a": document("a", " ".join(ONE)), "b": document("b", OTHER)}
    sentences = [*ranked(sources["a"].text, "a", ONE), *ranked(OTHER, "b", [OTHER])]
    evidence = tuple(
        Evidence(number, one.passage, one.start, one.end, one.passage.text[one.start : one.end], one.score)
        for number, one in enumerate(sentences, start=1)
    )
    found = Found("When was the bridge of Oakdale opened?", evidence, sources, 0.9)
    timings = dict.fromkeys(("compose", "verify"), 0.0)
    answer = extract(found, Ranking((), tuple(sentences)), (), 10, sources.__getitem__, timings)
    assert answer.status == "conflict"
    assert {citation.quote for citation in answer.citations} == {ONE[0], OTHER}
