"""Files that are hidden, moved, linked or gone: what becomes of their documents."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from indexing import opened, run
from qa.build import run_ingest
from qa.cli import remove_documents
from qa.errors import DocumentKept
from qa.settings import Settings
from qa.sync.uploads import remove
from served import served


def held(corpus: Path) -> dict[str, str]:
    """The files of the documents, by id."""
    with opened(corpus) as index:
        return {name: one.file for name, one in index.known().items()}


def test_what_was_indexed_of_a_hidden_folder_by_mistake_goes(
    corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (corpus / ".trash").mkdir()
    (corpus / ".trash" / "rats.txt").write_text("Rats gnaw.")
    with monkeypatch.context() as patch:
        patch.setattr("qa.documents.sources.is_hidden", lambda path, root: False)
        assert run(corpus, corpus / ".trash").added == [".trash/rats"]
    assert run(corpus).removed == [".trash/rats"]
    assert sorted(held(corpus)) == ["cats", "dogs"]


def test_a_hidden_folder_that_was_named_is_followed_when_it_is_named(corpus: Path) -> None:
    (corpus / ".notes").mkdir()
    (corpus / ".notes" / "rats.txt").write_text("Rats gnaw.")
    (corpus / ".notes" / "mice.txt").write_text("Mice hide.")
    assert sorted(run(corpus, corpus, corpus / ".notes").added) == ["cats", "dogs", "mice", "rats"]
    report = run(corpus)
    assert (sorted(report.unchanged), report.removed) == (["cats", "dogs"], [])
    (corpus / ".notes" / "rats.txt").unlink()
    assert run(corpus, corpus / ".notes").removed == ["rats"]


def test_a_folder_that_was_moved_is_read_at_its_new_place(corpus: Path) -> None:
    docs, papers = corpus.parent / "docs", corpus.parent / "papers"
    docs.mkdir()
    (docs / "rats.txt").write_text("Rats gnaw.")
    (docs / "mice.txt").write_text("Mice hide.")
    run(corpus, docs)
    docs.rename(papers)
    report = run(corpus, papers)
    assert (sorted(report.changed), report.failed) == (["mice", "rats"], [])
    assert sorted(run(corpus, papers).unchanged) == ["mice", "rats"]
    docs.mkdir()
    (docs / "rats.txt").write_text("Rats gnaw.")
    (failure,) = run(corpus, docs).failed
    assert f"belongs to a document from {papers}" in failure.reason


def test_an_id_moves_between_the_corpus_and_a_folder_with_its_file(corpus: Path) -> None:
    run(corpus)
    other = corpus.parent / "other"
    other.mkdir()
    (other / "cats.txt").write_text("Cats purr.")
    assert [one.path for one in run(corpus, other).failed] == [other / "cats.txt"]
    (corpus / "cats.txt").unlink()
    assert run(corpus, other).changed == ["cats"]
    (other / "cats.txt").rename(corpus / "cats.txt")
    assert run(corpus).changed == ["cats"]


def test_a_document_whose_file_is_gone_can_be_deleted(corpus: Path) -> None:
    """The last of the corpus, one of a folder that is gone, and a single file from elsewhere."""
    other, single = corpus.parent / "other", corpus.parent / "single.txt"
    other.mkdir()
    (other / "rats.txt").write_text("Rats gnaw.")
    single.write_text("One file.")
    (corpus / "dogs.txt").unlink()
    run(corpus, corpus, other, single)
    with opened(corpus) as index, index.change():
        for name in ("cats", "rats", "single"):
            with pytest.raises(DocumentKept, match="remove its file there"):
                remove(name, index, corpus)
        for path in (corpus / "cats.txt", other / "rats.txt", single):
            path.unlink()
        other.rmdir()
        for name in ("cats", "rats", "single"):
            remove(name, index, corpus)
        assert index.known() == {}


def test_several_documents_are_deleted_at_once(
    settings_here: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("QA_CORPUS", str(settings_here.corpus))
    monkeypatch.setenv("QA_INDEX", str(settings_here.index))
    (settings_here.corpus / "tower.txt").write_text("The tower of Ulm is 161 metres high.")
    run_ingest(settings_here, [settings_here.corpus])
    with pytest.raises(DocumentKept):
        remove_documents(["lamp"])
    for name in ("lamp", "tower"):
        (settings_here.corpus / f"{name}.txt").unlink()
    remove_documents(["lamp", "tower"])
    assert capsys.readouterr().out == "'lamp' is deleted.\n'tower' is deleted.\n"


def test_the_service_answers_on_when_the_corpus_is_emptied(settings_here: Settings, tmp_path: Path) -> None:
    (settings_here.corpus / "lamp.txt").unlink()
    with served(tmp_path) as service:
        question = {"question": "When was the lighthouse of Ulm built?"}
        assert "1911" in httpx.post(f"{service.url}/v1/ask", json=question, timeout=60).text
        assert httpx.delete(f"{service.url}/v1/documents/lamp", timeout=60).status_code == 204
    assert "holds no document" in (tmp_path / "log").read_text()


def test_a_link_is_one_document_whether_it_is_named_or_its_folder(corpus: Path) -> None:
    (data := corpus.parent / "data").mkdir()
    (data / "rats.txt").write_text("Rats gnaw.")
    (corpus / "rats.txt").symlink_to(data / "rats.txt")
    assert run(corpus, corpus / "rats.txt").added == ["rats"]
    assert (sorted(run(corpus).added), held(corpus)["rats"]) == (["cats", "dogs"], "rats.txt")
    (data / "rats.txt").unlink()
    assert run(corpus).removed == ["rats"]


def test_a_folder_behind_two_links_is_indexed_once_by_the_name_that_it_has_now(corpus: Path) -> None:
    (data := corpus.parent / "data").mkdir()
    (data / "rats.txt").write_text("Rats gnaw.")
    (corpus / "late").symlink_to(data)
    assert "late/rats" in run(corpus).added
    (corpus / "early").symlink_to(data)
    report = run(corpus)
    assert (report.added, report.removed) == (["early/rats"], ["late/rats"])
    assert run(corpus, corpus / "late").unchanged == ["early/rats"]
    (corpus / "own").symlink_to(corpus)
    assert sorted(run(corpus).unchanged) == sorted(held(corpus)) == ["cats", "dogs", "early/rats"]


def test_a_file_that_fails_under_its_new_name_takes_nothing_out_under_the_old(corpus: Path) -> None:
    (data := corpus.parent / "data").mkdir()
    lines = ['{"id": "A", "text": "Rats gnaw."}\n', '{"id": "B", "text": "Moles dig."}\n']
    (data / "x.jsonl").write_text("".join(lines))
    (corpus / "late").symlink_to(data)
    run(corpus)
    (corpus / "early").symlink_to(data)
    (data / "x.jsonl").write_text(lines[0] + "{broken\n")
    assert run(corpus).removed == []
    (data / "x.jsonl").write_text("".join(lines))
    assert sorted(run(corpus).removed) == ["late/x/A", "late/x/B"]


def test_what_has_another_name_outside_of_what_is_read_stays_until_that_is_read(corpus: Path) -> None:
    (data := corpus.parent / "data").mkdir()
    (data / "rats.txt").write_text("Rats gnaw.")
    (corpus / "sub").mkdir()
    (corpus / "sub" / "owls.txt").write_text("Owls hoot.")
    (corpus / "sub" / "late").symlink_to(data)
    run(corpus)
    (corpus / "early").symlink_to(data)
    assert run(corpus, corpus / "sub").removed == []
    assert run(corpus).removed == ["sub/late/rats"]


def test_what_lies_behind_a_link_to_what_is_not_mounted_stays(corpus: Path) -> None:
    (share := corpus.parent / "share").mkdir()
    (share / "rats.txt").write_text("Rats gnaw.")
    (corpus / "linked").symlink_to(share)
    assert "linked/rats" in run(corpus).added
    share.rename(away := corpus.parent / "away")
    assert (run(corpus).removed, "linked/rats" in held(corpus)) == ([], True)
    away.rename(share)
    assert "linked/rats" in run(corpus).unchanged
    (corpus / "linked").unlink()
    assert run(corpus).removed == ["linked/rats"]


def test_the_id_of_a_document_whose_folder_may_not_be_mounted_is_not_taken_by_another_text(
    corpus: Path,
) -> None:
    (disk := corpus.parent / "disk").mkdir()
    (disk / "rats.txt").write_text("Rats gnaw.")
    run(corpus, disk)
    disk.rename(away := corpus.parent / "away")
    (corpus / "rats.txt").write_text("Rats of another kind swim.")
    (failure,) = run(corpus).failed
    assert "belongs to a document from" in failure.reason
    away.rename(disk)
    assert run(corpus, disk).unchanged == ["rats"]


def test_a_metadata_file_under_another_name_is_reported_with_the_right_one(corpus: Path) -> None:
    for name in ("cats.meta.toml", "DOGS.txt.meta.toml", "gone.txt.meta.toml", "cats.txt.meta.toml"):
        (corpus / name).write_text('title = "T"')
    reasons = {one.path.name: one.reason for one in run(corpus).failed}
    assert reasons.keys() == {"cats.meta.toml", "DOGS.txt.meta.toml"}
    assert "looked for in 'cats.txt.meta.toml'; rename it" in reasons["cats.meta.toml"]
    assert "looked for in 'dogs.txt.meta.toml'; rename it" in reasons["DOGS.txt.meta.toml"]
    (corpus / "cats.meta.toml").unlink()
    (corpus / "DOGS.txt.meta.toml").rename(corpus / "dogs.txt.meta.toml")
    report = run(corpus)
    assert (report.changed, report.failed) == (["dogs"], [])
