from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes import FakeEmbedder
from qa.finding.retrieve import DENSE_WEIGHT, fts_query, retrieve, search_words
from qa.storage.index import Index
from qa.sync.ingest import ingest


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    (corpus / "cats.txt").write_text("Cats purr at night.")
    (corpus / "dogs.txt").write_text("Dogs bark at strangers.")
    (corpus / "owls.txt").write_text("Owls hoot at night.")
    fake = FakeEmbedder()
    folder = tmp_path / "index"
    ingest([corpus], corpus=corpus, index_folder=folder, reader=fake, embedder_for=lambda passages: fake)
    with Index.open(folder, fake) as opened:
        yield opened


def found(index: Index, question: str, k: int = 3, documents: list[str] | None = None) -> list[str]:
    encoding = FakeEmbedder().encode([question])[0]
    return [one.passage.document_id for one in retrieve(question, lambda: encoding, index, k, documents)]


def test_what_fits_in_words_and_meaning_comes_first(index: Index) -> None:
    assert found(index, "Which cats purr at night?")[0] == "cats"
    assert found(index, "Do dogs bark?")[0] == "dogs"


def test_scores_are_the_convex_sum_of_both_searches(index: Index) -> None:
    encoding = FakeEmbedder().encode(["Cats purr"])[0]
    best, *others = retrieve("Cats purr", lambda: encoding, index, 3)
    assert best.fused == pytest.approx(DENSE_WEIGHT * best.cosine + (1 - DENSE_WEIGHT))
    assert all(one.fused == pytest.approx(DENSE_WEIGHT * one.cosine) for one in others)
    assert best.cosine > max(one.cosine for one in others)


def test_documents_and_k_limit_what_is_found(index: Index) -> None:
    assert found(index, "Cats purr at night", documents=["owls"]) == ["owls"]
    assert found(index, "Cats purr at night", documents=[]) == []
    assert len(found(index, "Cats purr at night", k=2)) == 2


@pytest.mark.parametrize(
    ("question", "query"),
    [
        ("Who is the leader of Belarus?", '"leader" OR "belarus"'),
        ("Who are you?", '"who" OR "are" OR "you"'),
        ('AND "quoted" NEAR(x)', '"quoted" OR "near" OR "x"'),
        ("?", ""),
    ],
)
def test_the_query_has_the_words_that_carry_meaning(question: str, query: str) -> None:
    assert fts_query(search_words(question)) == query


@given(st.text())
def test_any_question_is_a_query_that_sqlite_takes(question: str) -> None:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE VIRTUAL TABLE t USING fts5 (text)")
    query = fts_query(search_words(question))
    if query:
        connection.execute("SELECT * FROM t WHERE t MATCH ?", (query,)).fetchall()
    connection.close()


def test_a_question_without_words_finds_by_meaning_alone(index: Index) -> None:
    assert len(found(index, "?!")) == 3


def test_in_a_large_index_only_the_rarest_words_are_scored(
    index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    def scored(question: str) -> set[str]:
        hits = retrieve(question, lambda: FakeEmbedder().encode([question])[0], index, 3)
        return {one.passage.document_id for one in hits if one.bm25}

    assert scored("Do cats purr at night?") == {"cats", "owls"}
    monkeypatch.setattr("qa.finding.retrieve._MOST_SCORED", 2)
    assert scored("Do cats purr at night?") == {"cats"}  # "night" is in two passages
    monkeypatch.setattr("qa.finding.retrieve._MOST_SCORED", 1)
    assert scored("What of the night?") == {"cats", "owls"}  # the only word counts whatever it costs
