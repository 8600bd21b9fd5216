from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from fakes import DIMENSION, FakeEmbedder
from indexing import INDEX, OtherEmbedder, examined, found, opened, run
from qa.errors import (
    CorpusMissing,
    DocumentNotFound,
    IndexStale,
)
from qa.storage.index import Index
from qa.storage.vectors import Vectors
from qa.sync.ingest import index_documents
from qa.sync.reading import Fresh, with_passages
from qa.types import Document


def test_both_searches_find_the_passage_and_offsets_hold(corpus: Path) -> None:
    run(corpus)
    with opened(corpus) as index:
        assert found(index, "Cats purr")[0] == "cats"
        (hit, score), *_ = index.search_text('"barking"', 5)
        passage, tokens = index.passages([hit])[hit], index.tokens([hit])[hit]
        assert passage.document_id == "dogs"
        assert score > 0
        document = index.document("dogs")
        assert document.text[passage.start : passage.end] == passage.text
        assert tokens.vectors.shape == (9, DIMENSION)
        np.testing.assert_allclose(np.linalg.norm(tokens.vectors, axis=1), 1, atol=1e-3)
        assert [passage.text[a:b] for a, b in tokens.spans[:2]] == ["Dogs", "bark"]


def test_what_is_replaced_while_others_read_never_answers_and_is_deleted_together(
    corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each deletion costs as much as a write, and an upload that replaces another would wait for it."""
    run(corpus)
    deleted: list[int] = []
    delete = Vectors.delete

    def counted(self: Vectors, ids: Sequence[str]) -> None:
        deleted.extend([len(ids)] if ids else [])
        delete(self, ids)

    monkeypatch.setattr(Vectors, "delete", counted)
    fake, folder = FakeEmbedder(), corpus.parent / INDEX
    question = fake.encode(["Cats purr"])[0].vector
    with opened(corpus) as index:
        for n in range(20):
            text = f"Cats purr {n} times."
            note = Document("note", "note", "Note", text, hashlib.sha256(text.encode()).hexdigest())
            with index.change():
                fresh = with_passages(Fresh(note, "upload", "note.txt"), fake.count_tokens)
                index_documents([fresh], index, fake, lambda _: fake)
            with index.snapshot():
                hits = [one for one, _ in index.search_vectors(question, 3)]
                assert len(index.passages(hits)) == len(hits) == 3
        assert deleted == [16]
        assert index._vectors.count() == index.counts().passages + 3
        assert index.is_whole()
    assert examined(folder).healthy
    with Index.write(folder, fake) as index:
        assert deleted == [16, 3]
        assert index._vectors.count() == index.counts().passages


def test_any_number_of_documents_may_be_named(corpus: Path) -> None:
    run(corpus)
    named = [*(str(n) for n in range(40_000)), "cats"]
    with opened(corpus) as index:
        assert list(index.known(named)) == ["cats"]
        assert len(index.search_text('"purr" OR "barking"', 5, named)) == 1


def test_stored_token_vectors_are_nearly_the_encoders(corpus: Path) -> None:
    run(corpus)
    with opened(corpus) as index:
        (hit, _), *_ = index.search_text('"purr"', 5)
        passage, tokens = index.passages([hit])[hit], index.tokens([hit])[hit]
        exact = FakeEmbedder().encode([passage.text])[0].tokens.vectors
        assert (tokens.vectors * exact).sum(axis=1).min() > 0.999


def test_second_ingest_does_nothing_and_changes_are_followed(corpus: Path) -> None:
    assert sorted(run(corpus).added) == ["cats", "dogs"]
    assert sorted(run(corpus).unchanged) == ["cats", "dogs"]
    (corpus / "cats.txt").write_text("Cats hunt mice.")
    (corpus / "dogs.txt").unlink()
    (corpus / "fish.txt").write_text("Fish swim.")
    report = run(corpus)
    assert (report.added, report.changed, report.removed) == (["fish"], ["cats"], ["dogs"])
    with opened(corpus) as index:
        assert [document.id for document in index.documents()] == ["cats", "fish"]
        assert sorted(found(index, "Dogs bark")) == ["cats", "fish"]
        assert index.search_text('"purr"', 5) == []
        with pytest.raises(DocumentNotFound, match="dogs"):
            index.document("dogs")
        assert index._vectors.count() == index.counts().passages == 2


def test_changed_metadata_alone_is_a_change(corpus: Path) -> None:
    run(corpus)
    (corpus / "cats.txt.meta.toml").write_text('published = "2020"')
    assert run(corpus).changed == ["cats"]
    with opened(corpus) as index:
        assert index.document("cats").published == "2020"
        assert found(index, "Cats purr")[0] == "cats"


def test_a_failed_file_is_reported_and_keeps_what_was_indexed(corpus: Path) -> None:
    run(corpus)
    (corpus / "cats.txt").write_bytes(b"\xff\xfe broken")
    report = run(corpus)
    assert [failure.path.name for failure in report.failed] == ["cats.txt"]
    assert report.removed == []
    with opened(corpus) as index:
        assert "purr" in index.document("cats").text


def test_an_emptied_corpus_folder_removes_nothing(corpus: Path) -> None:
    run(corpus)
    for file in corpus.iterdir():
        file.unlink()
    with pytest.raises(CorpusMissing, match="holds no document"):
        run(corpus)
    with opened(corpus) as index:
        assert index.counts().documents == 2


def test_one_file_or_another_folder_leaves_the_rest_alone(corpus: Path) -> None:
    run(corpus)
    other = corpus.parent / "other"
    other.mkdir()
    (other / "birds.txt").write_text("Birds sing.")
    assert run(corpus, other).added == ["birds"]
    (corpus / "cats.txt").write_text("Cats hunt.")
    assert run(corpus, corpus / "cats.txt").changed == ["cats"]
    assert run(corpus).removed == []
    with opened(corpus) as index:
        assert [document.id for document in index.documents()] == ["birds", "cats", "dogs"]


def test_an_id_taken_by_another_folder_is_refused(corpus: Path) -> None:
    run(corpus)
    other = corpus.parent / "other"
    other.mkdir()
    (other / "cats.txt").write_text("Other cats.")
    (failure,) = run(corpus, other).failed
    assert "rename the file" in failure.reason


def test_an_index_of_another_encoder_is_stale_until_the_next_ingest(corpus: Path) -> None:
    run(corpus, embedder=OtherEmbedder())
    with pytest.raises(IndexStale, match=r"another.*run 'qa ingest'"):
        opened(corpus)
    assert sorted(run(corpus).changed) == ["cats", "dogs"]
    with opened(corpus) as index:
        assert found(index, "Cats purr")[0] == "cats"


def test_documents_from_elsewhere_are_renewed_from_the_stored_text(corpus: Path) -> None:
    other = corpus.parent / "other"
    other.mkdir()
    (other / "birds.txt").write_text("Birds sing.")
    run(corpus, corpus, other, embedder=OtherEmbedder())
    (other / "birds.txt").unlink()
    assert sorted(run(corpus).changed) == ["birds", "cats", "dogs"]
    with opened(corpus) as index:
        assert found(index, "Birds sing")[0] == "birds"


def test_one_file_removes_nothing_though_other_ids_begin_with_its_own(corpus: Path) -> None:
    for name in ("doc1", "doc10"):
        (corpus / f"{name}.txt").write_text(f"This is {name}.")
    run(corpus)
    assert run(corpus, corpus / "doc1.txt").removed == []
    with opened(corpus) as index:
        assert "doc10" in [document.id for document in index.documents()]


def test_one_id_from_two_folders_at_once_is_refused(corpus: Path) -> None:
    for name in ("a", "b"):
        (corpus.parent / name).mkdir()
        (corpus.parent / name / "x.txt").write_text(f"From {name}.")
    report = run(corpus, corpus.parent / "a", corpus.parent / "b")
    assert report.added == ["x"]
    assert len(report.failed) == 1
    with opened(corpus) as index:
        assert index.document("x").text == "From a."


def test_a_name_that_is_not_utf8_is_refused_and_the_rest_is_indexed(corpus: Path) -> None:
    Path(os.fsdecode(os.fsencode(corpus) + b"/bad\xff.txt")).write_text("Text.")
    report = run(corpus)
    assert sorted(report.added) == ["cats", "dogs"]
    assert ["not UTF-8" in failure.reason for failure in report.failed] == [True]


def test_an_index_is_whole_for_who_opens_it_while_another_process_commits(
    corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(corpus)
    with opened(corpus) as index:
        seen = iter(
            [index.vectors()[0], []]
        )  # announced and in Chroma as it looks first, and then they count
        monkeypatch.setattr(index._store, "gone_vectors", lambda: next(seen))
        assert index.is_whole()


def test_the_terms_and_their_counts_are_those_of_the_last_write(corpus: Path) -> None:
    run(corpus)
    with opened(corpus) as index:
        assert "purr" in index.terms()
        assert index.frequencies(["purr", "hoot"], 9) == [1, 0]
        (corpus / "owls.txt").write_text("Owls hoot.")
        run(corpus)
        assert "hoot" in index.terms()
        assert index.frequencies(["purr", "hoot"], 9) == [1, 1]
