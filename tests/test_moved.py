"""Files that are hidden, moved, linked or gone: what becomes of their documents."""

from __future__ import annotations

from pathlib import Path

import pytest

from indexing import opened, run


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
        patch.setattr("qa.sources.is_hidden", lambda path, root: False)
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
