from __future__ import annotations

import os
from pathlib import Path

import pytest

from qa.documents.sources import CORPUS_ORIGIN, scan
from qa.errors import CorpusMissing, FileUnreadable


def touch(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("text")


def ids(path: Path, corpus: Path) -> list[str]:
    return [source.document_id for source in scan(path, corpus).sources]


def test_ids_are_paths_without_suffix_and_with_it_where_two_collide(tmp_path: Path) -> None:
    touch(tmp_path, "a.txt", "b.txt", "b.md", "sub/c.txt", "d.v1.txt")
    assert ids(tmp_path, tmp_path) == ["a", "b.md", "b.txt", "d.v1", "sub/c"]


def test_a_single_file_gets_the_id_it_has_in_its_folder(tmp_path: Path) -> None:
    touch(tmp_path, "sub/b.txt", "sub/b.md")
    found = scan(tmp_path / "sub" / "b.txt", tmp_path)
    assert [source.document_id for source in found.sources] == ["sub/b.txt"]
    assert found.origin == CORPUS_ORIGIN


def test_hidden_files_and_metadata_are_no_documents(tmp_path: Path) -> None:
    touch(tmp_path, "a.txt", "a.txt.meta.toml", ".hidden.txt", ".git/x.txt")
    assert ids(tmp_path, tmp_path) == ["a"]


def test_a_folder_elsewhere_is_an_origin_of_its_own(tmp_path: Path) -> None:
    touch(tmp_path, "corpus/a.txt", "other/b.txt")
    found = scan(tmp_path / "other", tmp_path / "corpus")
    assert found.origin == str(tmp_path / "other")
    assert [source.document_id for source in found.sources] == ["b"]


def test_a_missing_path_is_named(tmp_path: Path) -> None:
    with pytest.raises(CorpusMissing, match="nowhere"):
        scan(tmp_path / "nowhere", tmp_path)


def test_a_folder_that_cannot_be_listed_is_not_taken_for_empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    touch(tmp_path, "a.txt", "sub/b.txt")
    listed = os.scandir

    def refuse(path: object) -> object:
        if str(path).endswith("sub"):
            raise PermissionError(13, "Permission denied", str(path))
        return listed(path)  # type: ignore[call-overload]

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(FileUnreadable, match="sub can't be read"):
        ids(tmp_path, tmp_path)


def test_a_hidden_folder_that_is_named_is_read_like_one_elsewhere(tmp_path: Path) -> None:
    touch(tmp_path, "corpus/a.txt", "corpus/.trash/a.txt", "corpus/.trash/sub/b.txt")
    for path, found in ((".trash", ["a", "sub/b"]), (".trash/sub", ["b"]), (".trash/a.txt", ["a"])):
        scanned = scan(tmp_path / "corpus" / path, tmp_path / "corpus")
        assert [source.document_id for source in scanned.sources] == found
        assert scanned.origin == str(tmp_path / "corpus" / path.removesuffix("/a.txt"))


def test_a_corpus_in_a_hidden_folder_is_not_hidden(tmp_path: Path) -> None:
    touch(tmp_path, ".local/corpus/a.txt")
    found = scan(tmp_path / ".local/corpus", tmp_path / ".local/corpus")
    assert [source.document_id for source in found.sources] == ["a"]
    assert found.gone(["a.txt"], ()) == []


def test_links_to_folders_are_followed_but_not_round_and_round(tmp_path: Path) -> None:
    touch(tmp_path, "corpus/a.txt", "corpus/sub/b.txt", "data/c.txt", "data/deep/d.txt")
    corpus = tmp_path / "corpus"
    links = {"corpus/linked": "data", "corpus/sub/up": "corpus", "data/up": ".", "data/deep/back": "data"}
    for link, target in links.items():
        (tmp_path / link).symlink_to(tmp_path / target)
    (corpus / "nowhere").symlink_to(tmp_path / "none")
    expected = ["a", "linked/c", "linked/deep/d", "sub/b"]
    assert ids(corpus, corpus) == expected
    assert ids(corpus / "linked", corpus) == ["linked/c", "linked/deep/d"]
    assert ids(corpus / "linked" / "deep" / "d.txt", corpus) == ["linked/deep/d"]
    (tmp_path / "shelf").symlink_to(corpus)
    assert ids(tmp_path / "shelf", corpus) == expected
    assert ids(tmp_path / "shelf" / "linked", tmp_path / "shelf") == ["linked/c", "linked/deep/d"]


def test_a_link_to_a_file_has_the_id_of_the_place_that_it_is_in(tmp_path: Path) -> None:
    touch(tmp_path, "data/report.txt", "corpus/a.txt", "elsewhere/b.txt")
    corpus = tmp_path / "corpus"
    for folder in ("corpus", "elsewhere"):
        (tmp_path / folder / "linked.txt").symlink_to(tmp_path / "data" / "report.txt")
    found = scan(corpus / "linked.txt", corpus)
    assert (found.origin, [one.uri for one in found.sources]) == (CORPUS_ORIGIN, ["linked.txt"])
    found = scan(tmp_path / "elsewhere" / "linked.txt", corpus)
    assert found.origin == str(tmp_path / "elsewhere")
    assert [one.uri for one in found.sources] == ["linked.txt"]


def test_the_index_is_passed_over_also_behind_a_link(tmp_path: Path) -> None:
    touch(tmp_path, "corpus/a.txt", "data/b.txt", "data/index/c.txt")
    (tmp_path / "corpus" / "linked").symlink_to(tmp_path / "data")
    found = scan(tmp_path / "corpus", tmp_path / "corpus", tmp_path / "data" / "index")
    assert [one.document_id for one in found.sources] == ["a", "linked/b"]


def test_a_folder_is_read_by_its_own_name_whatever_links_lead_to_it(tmp_path: Path) -> None:
    touch(tmp_path, "m/c.txt", "m/deep/d.txt", ".store/e.txt")
    links = {
        "a": "m",
        "z": "m/deep",
        "m/deep/back": "m",
        "shown": ".store",
        "shown2": ".store",
        "loop": "loop",
    }
    for link, target in links.items():
        (tmp_path / link).symlink_to(tmp_path / target)
    assert ids(tmp_path, tmp_path) == ["m/c", "m/deep/d", "shown/e"]
    assert ids(tmp_path / "a", tmp_path) == ["m/c", "m/deep/d"]
    assert ids(tmp_path / "a" / "deep", tmp_path) == ids(tmp_path / "z", tmp_path) == ["m/deep/d"]
    assert ids(tmp_path / "z" / "d.txt", tmp_path) == ["m/deep/d"]
    assert ids(tmp_path / "shown2", tmp_path) == ["shown/e"]
    assert scan(tmp_path, tmp_path).gone(["a/c.txt", "m/c.txt", "shown/e.txt", "shown2/e.txt"], ()) == [
        "a/c.txt",
        "shown2/e.txt",
    ]


def test_a_folder_elsewhere_is_read_by_the_first_of_its_names(tmp_path: Path) -> None:
    touch(tmp_path, "corpus/sub/a.txt", "data/b.txt", "data/deep/c.txt", "other/d.txt")
    corpus = tmp_path / "corpus"
    links = {
        "corpus/y": "data",
        "corpus/x": "data",
        "corpus/sub/inner": "data/deep",
        "corpus/zz": "data/deep",
    }
    rings = {"data/deep/ring": "other", "other/ring": "data"}
    for link, target in {**links, **rings}.items():
        (tmp_path / link).symlink_to(tmp_path / target)
    expected = ["sub/a", "sub/inner/c", "sub/inner/ring/d", "sub/inner/ring/ring/b"]
    assert ids(corpus, corpus) == expected
    for named in ("x", "y"):
        assert ids(corpus / named, corpus) == ["sub/inner/ring/ring/b"]
    assert ids(corpus / "zz" / "c.txt", corpus) == ["sub/inner/c"]
    (corpus / "sub" / "inner").unlink()
    assert ids(corpus, corpus) == ["sub/a", "x/b", "x/deep/c", "x/deep/ring/d"]
