from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from fakes import DIMENSION, FakeEmbedder
from qa.errors import (
    CorpusMissing,
    DocumentNotFound,
    IndexBusy,
    IndexDamaged,
    IndexForeign,
    IndexMissing,
    IndexStale,
)
from qa.index import Index
from qa.ingest import Report, ingest
from qa.vectors import Vectors


class OtherEmbedder(FakeEmbedder):
    name = "another"


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    folder = tmp_path / "corpus"
    folder.mkdir()
    (folder / "cats.txt").write_text("Cats purr at night. They sleep by day.")
    (folder / "dogs.txt").write_text("Dogs bark at strangers. They fetch sticks.")
    return folder


def run(corpus: Path, *paths: Path, embedder: FakeEmbedder | None = None) -> Report:
    chosen = embedder or FakeEmbedder()
    return ingest(
        paths or (corpus,),
        corpus=corpus,
        index_folder=corpus.parent / "index",
        reader=chosen,
        embedder_for=lambda passages: chosen,
    )


def opened(corpus: Path) -> Index:
    return Index.open(corpus.parent / "index", FakeEmbedder())


def found(index: Index, words: str) -> list[str]:
    with index.snapshot():
        hits = index.search_vectors(FakeEmbedder().encode([words])[0].vector, 10)
        return [index.passages([one])[one][0].document_id for one, _ in hits if index.passages([one])]


def test_both_searches_find_the_passage_and_offsets_hold(corpus: Path) -> None:
    run(corpus)
    with opened(corpus) as index:
        assert found(index, "Cats purr")[0] == "cats"
        (hit, score), *_ = index.search_text('"barking"', 5)
        passage, tokens = index.passages([hit])[hit]
        assert passage.document_id == "dogs"
        assert score > 0
        document = index.document("dogs")
        assert document.text[passage.start : passage.end] == passage.text
        assert tokens.vectors.shape == (9, DIMENSION)
        np.testing.assert_allclose(np.linalg.norm(tokens.vectors, axis=1), 1, atol=1e-3)
        assert [passage.text[a:b] for a, b in tokens.spans[:2]] == ["Dogs", "bark"]


def test_stored_token_vectors_are_nearly_the_encoders(corpus: Path) -> None:
    run(corpus)
    with opened(corpus) as index:
        (hit, _), *_ = index.search_text('"purr"', 5)
        passage, tokens = index.passages([hit])[hit]
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


@pytest.mark.parametrize("kill_at", ["upsert", "delete"])
def test_a_write_broken_off_is_completed_by_the_next(
    corpus: Path, monkeypatch: pytest.MonkeyPatch, kill_at: str
) -> None:
    run(corpus)
    (corpus / "cats.txt").write_text("Cats hunt mice. They climb trees.")
    original = getattr(Vectors, kill_at)

    def broken(self: Vectors, *args: object) -> None:
        original(self, *args)
        if args[0]:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Vectors, kill_at, broken)
        with pytest.raises(KeyboardInterrupt):
            run(corpus)
    with opened(corpus) as index:
        text = index.document("cats").text
        for hit, _ in index.search_text('"cats"', 5):
            assert index.passages([hit])[hit][0].text in text
    run(corpus)
    with opened(corpus) as index:
        assert "mice" in index.document("cats").text
        assert index._vectors.count() == index.counts().passages
        assert index._store.unclaimed() == set()


def test_no_index_an_empty_one_and_a_foreign_one_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(IndexMissing, match="qa ingest"):
        Index.open(tmp_path / "none", FakeEmbedder())
    with Index.write(tmp_path / "empty", FakeEmbedder()):
        pass
    with pytest.raises(IndexMissing, match="holds no document"):
        Index.open(tmp_path / "empty", FakeEmbedder())
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.jpg").write_bytes(b"x")
    with pytest.raises(IndexForeign, match=r"cat\.jpg"):
        Index.open(tmp_path / "photos", FakeEmbedder())
    with pytest.raises(IndexForeign), Index.write(tmp_path / "photos", FakeEmbedder()):
        pass
    assert [path.name for path in (tmp_path / "photos").iterdir()] == ["cat.jpg"]


@pytest.mark.parametrize("content", [b"not a database at all, but long enough to be looked at" * 30, None])
def test_a_file_in_the_place_of_the_database_is_foreign(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "index" / "qa.sqlite3"
    path.parent.mkdir()
    if content is None:
        connection = sqlite3.connect(path)
        connection.execute("CREATE TABLE t (x)")
        connection.close()
    else:
        path.write_bytes(content)
    with pytest.raises(IndexForeign, match="QA_INDEX"):
        Index.open(path.parent, FakeEmbedder())


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


def test_lost_vectors_are_noticed_and_made_again(corpus: Path) -> None:
    run(corpus)
    shutil.rmtree(corpus.parent / "index" / "chroma")
    with pytest.raises(IndexDamaged, match="qa ingest"):
        opened(corpus)
    run(corpus)
    with opened(corpus) as index:
        assert found(index, "Dogs bark")[0] == "dogs"


def test_a_second_writer_is_told_who_writes(corpus: Path) -> None:
    with (
        Index.write(corpus.parent / "index", FakeEmbedder()),
        pytest.raises(IndexBusy, match=str(os.getpid())),
    ):
        run(corpus)


INGEST_IN_ANOTHER_PROCESS = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from fakes import FakeEmbedder
from qa.ingest import ingest
corpus, fake = Path(sys.argv[2]), FakeEmbedder()
folder = corpus.parent / "index"
ingest([corpus], corpus=corpus, index_folder=folder, reader=fake, embedder_for=lambda n: fake)
"""


def test_an_open_index_sees_what_another_process_writes(corpus: Path) -> None:
    run(corpus)
    with opened(corpus) as index:
        assert "birds" not in found(index, "Birds sing")
        (corpus / "birds.txt").write_text("Birds sing.")
        script = [sys.executable, "-c", INGEST_IN_ANOTHER_PROCESS, str(Path(__file__).parent), str(corpus)]
        subprocess.run(script, check=True, timeout=60)
        assert found(index, "Birds sing")[0] == "birds"


def test_a_snapshot_does_not_change_while_it_is_read(corpus: Path) -> None:
    run(corpus)
    with opened(corpus) as index, index.snapshot():
        before = index.document("cats").text
        (corpus / "cats.txt").write_text("Cats hunt mice.")
        writer = threading.Thread(target=run, args=(corpus,))
        writer.start()
        writer.join()
        assert index.document("cats").text == before


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


def test_a_database_whose_making_was_broken_off_is_made_again(corpus: Path) -> None:
    folder = corpus.parent / "index"
    folder.mkdir()
    connection = sqlite3.connect(folder / "qa.sqlite3")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.close()
    with pytest.raises(IndexMissing, match="never finished"):
        opened(corpus)
    assert sorted(run(corpus).added) == ["cats", "dogs"]


def test_damaged_files_are_named_and_vectors_made_again(corpus: Path) -> None:
    run(corpus)
    (corpus.parent / "index" / "chroma" / "chroma.sqlite3").write_bytes(b"garbage " * 2000)
    with pytest.raises(IndexDamaged, match="qa ingest"):
        opened(corpus)
    run(corpus)
    with opened(corpus) as index:
        assert found(index, "Dogs bark")[0] == "dogs"
    database = corpus.parent / "index" / "qa.sqlite3"
    content = bytearray(database.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    database.write_bytes(content)
    with pytest.raises(IndexDamaged, match="qa ingest"):
        opened(corpus)


def test_an_index_that_was_emptied_or_replaced_says_so(corpus: Path) -> None:
    run(corpus)
    with opened(corpus) as index:
        with index.change():
            index.remove(["cats", "dogs"])
        with pytest.raises(IndexMissing, match="holds no document"), index.snapshot():
            pass
        assert not index.is_replaced()
        shutil.rmtree(corpus.parent / "index")
        assert index.is_replaced()


def test_questions_go_on_while_another_process_writes(corpus: Path) -> None:
    run(corpus)
    failures: list[BaseException] = []
    done = threading.Event()

    def ask(index: Index) -> None:
        while not done.is_set():
            try:
                found(index, "Cats purr")
            except BaseException as error:
                failures.append(error)
                return

    with opened(corpus) as index:
        threads = [threading.Thread(target=ask, args=(index,)) for _ in range(3)]
        for thread in threads:
            thread.start()
        for n in range(3):
            (corpus / f"new{n}.txt").write_text(f"Bird number {n} sings.")
            script = [
                sys.executable,
                "-c",
                INGEST_IN_ANOTHER_PROCESS,
                str(Path(__file__).parent),
                str(corpus),
            ]
            subprocess.run(script, check=True, timeout=60)
        done.set()
        for thread in threads:
            thread.join()
        assert "new2" in found(index, "Bird number 2 sings")
    assert failures == []


def test_a_name_that_is_not_utf8_is_refused_and_the_rest_is_indexed(corpus: Path) -> None:
    Path(os.fsdecode(os.fsencode(corpus) + b"/bad\xff.txt")).write_text("Text.")
    report = run(corpus)
    assert sorted(report.added) == ["cats", "dogs"]
    assert ["not UTF-8" in failure.reason for failure in report.failed] == [True]
