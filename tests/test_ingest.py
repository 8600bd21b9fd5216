"""Folders of files of all formats, kept in step with the index."""

from __future__ import annotations

import json
import random
from collections import Counter
from pathlib import Path

import pytest

import files
from indexing import found, opened, rows, run

FILES = 1000
DAMAGED = FILES // 20


def good(kind: str, number: int) -> bytes:
    text = f"The bridge number {number} was opened in {1000 + number}."
    match kind:
        case "pdf":
            return files.pdf(["A report", "", text], [f"It is {number} metres long."])
        case "docx":
            return GOOD_DOCX if number % 10 else files.word(text)  # making one takes longer than reading it
        case "html":
            return files.html(text)
        case "jsonl":
            rows = ({"id": f"{number}-{part}", "text": f"{text} Part {part}."} for part in range(3))
            return "".join(json.dumps(row) + "\n" for row in rows).encode()
        case "md":
            return f"---\ntitle: Bridge {number}\n---\n{text}".encode()
        case _:
            return text.encode(("utf-8", "utf-16")[number % 2])


GOOD_DOCX = files.word("A bridge of words.")
BAD = (
    ("pdf", files.encrypted_pdf(), "password"),
    ("pdf", files.scanned_pdf(), "OCR"),
    ("pdf", b"%PDF-1.7 cut", "damaged"),
    ("docx", GOOD_DOCX[:1000], "damaged"),
    ("docx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "password"),
    ("html", b"<nav>Only a menu</nav>", "no text"),
    ("jsonl", b'{"text": "A"}\n{"no text": 1}\n', "line 2"),
    ("md", b"\x81\x8d\x8f", "save it as UTF-8"),
    ("txt", b"", "no text"),
    ("png", b"\x89PNG", "can't be read; convert it"),
)


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A folder of a thousand files, and what is wrong with the damaged ones, by name."""
    corpus = tmp_path_factory.mktemp("mixed") / "corpus"
    rng = random.Random(0)
    damaged = set(rng.sample(range(FILES), DAMAGED))
    wrong: dict[str, str] = {}
    kinds = ("pdf", "docx", "html", "jsonl", "md", "txt")
    for number in range(FILES):
        folder = corpus / f"part{number % 7}"
        folder.mkdir(parents=True, exist_ok=True)
        if number in damaged:
            kind, content, reason = BAD[len(wrong) % len(BAD)]
            wrong[f"{number}.{kind}"] = reason
        else:
            kind, content = kinds[number % 6], good(kinds[number % 6], number)
        (folder / f"{number}.{kind}").write_bytes(content)
    return corpus, wrong


def test_the_good_files_of_a_thousand_are_in_and_each_bad_one_is_named(
    mixed: tuple[Path, dict[str, str]],
) -> None:
    corpus, wrong = mixed
    report = run(corpus)
    reasons = {failure.path.name: failure.reason for failure in report.failed}
    assert reasons.keys() == wrong.keys()
    assert all(name in reasons[name] and wrong[name] in reasons[name] for name in wrong)
    with opened(corpus) as index:
        known = index.known()
        held = Counter(one.file for one in known.values())
        expected = {path.relative_to(corpus).as_posix() for path in corpus.rglob("*.*")}
        whole = {file for file in expected if Path(file).name not in wrong}
        assert held.keys() - whole == {file for file in expected if wrong.get(Path(file).name) == "line 2"}
        assert whole <= held.keys()
        assert {held[file] for file in whole if file.endswith(".jsonl")} == {3}
        assert sorted(known) == sorted(report.added)
        assert index._vectors.count() == index.counts().passages
        assert index.document("part0/0").pages[1] > 0
    again = run(corpus)
    assert (again.added, again.changed, again.removed) == ([], [], [])
    assert sorted(again.unchanged) == sorted(report.added)
    assert len(again.failed) == DAMAGED


def test_unchanged_files_are_not_parsed_again(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (corpus / "a.pdf").write_bytes(files.pdf(["A page."]))
    run(corpus)
    monkeypatch.setattr("qa.sync.reading.parse", None)
    assert sorted(run(corpus).unchanged) == ["a", "cats", "dogs"]


def test_a_file_that_was_damaged_keeps_what_it_said_and_is_followed_once_mended(corpus: Path) -> None:
    path = corpus / "a.pdf"
    path.write_bytes(files.pdf(["Parrots talk."]))
    run(corpus)
    path.write_bytes(b"%PDF-1.7 cut")
    for _ in range(2):
        report = run(corpus)
        assert [failure.path.name for failure in report.failed] == ["a.pdf"]
        assert (report.changed, report.removed) == ([], [])
    with opened(corpus) as index:
        assert index.document("a").text == "Parrots talk."
    path.write_bytes(files.pdf(["Parrots fly."]))
    assert run(corpus).changed == ["a"]
    path.unlink()
    assert run(corpus).removed == ["a"]


def test_lines_come_change_and_go_by_their_ids(corpus: Path) -> None:
    rows(corpus, "Parrots talk.", "Owls hoot.", "Larks sing.")
    assert sorted(run(corpus).added) == ["birds/larks", "birds/owls", "birds/parrots", "cats", "dogs"]
    rows(corpus, "Owls hoot.", "Parrots fly.", "Wrens hide.")
    report = run(corpus)
    assert (report.added, report.changed, report.removed) == (
        ["birds/wrens"],
        ["birds/parrots"],
        ["birds/larks"],
    )
    assert sorted(report.unchanged) == ["birds/owls", "cats", "dogs"]
    with opened(corpus) as index:
        assert index.document("birds/owls").uri == "birds.jsonl#owls"
        assert found(index, "Wrens hide")[0] == "birds/wrens"
    (corpus / "birds.jsonl").unlink()
    assert run(corpus).removed == ["birds/owls", "birds/parrots", "birds/wrens"]


def test_a_bad_line_removes_nothing(corpus: Path) -> None:
    rows(corpus, "Parrots talk.", "Owls hoot.")
    run(corpus)
    (corpus / "birds.jsonl").write_text('{"id": "owls", "text": "Owls see."}\n{broken')
    report = run(corpus)
    assert (report.changed, report.removed) == (["birds/owls"], [])
    assert "line 2 is not valid JSON" in report.failed[0].reason
    with opened(corpus) as index:
        assert index.document("birds/parrots").text == "Parrots talk."


def test_two_files_can_not_have_one_id(corpus: Path) -> None:
    rows(corpus, "Owls hoot.", "Owls see.")
    (corpus / "birds").mkdir()
    (corpus / "birds" / "owls.txt").write_text("Owls fly.")
    (corpus / "cats.txt.md").write_text("Cats, again.")
    (corpus / "cats.md").write_text("Cats, once more.")
    report = run(corpus)
    reasons = sorted(failure.reason for failure in report.failed)
    assert len(reasons) == 3
    assert any("birds.jsonl, line 2: the id 'owls' is that of line 1" in reason for reason in reasons)
    assert any("owls.txt: the id 'birds/owls' belongs to birds.jsonl" in reason for reason in reasons)
    assert any("the id 'cats.txt' belongs to cats.txt" in reason for reason in reasons)
    assert sorted(run(corpus).unchanged) == sorted(report.added)


def test_a_file_that_takes_the_place_of_another_has_its_id(corpus: Path) -> None:
    run(corpus)
    (corpus / "cats.txt").rename(corpus / "cats.md")
    assert run(corpus).changed == ["cats"]
    (corpus / "cats.txt").write_text("Cats purr.")
    report = run(corpus)
    assert (sorted(report.added), report.removed) == (["cats.md", "cats.txt"], ["cats"])
    (corpus / "cats.md").unlink()
    report = run(corpus)
    assert (report.added, sorted(report.removed)) == (["cats"], ["cats.md", "cats.txt"])


def test_a_folder_named_twice_is_read_once(corpus: Path) -> None:
    assert sorted(run(corpus, corpus, corpus / "cats.txt", corpus).added) == ["cats", "dogs"]


def test_a_document_that_was_taken_out_comes_back(corpus: Path) -> None:
    run(corpus)
    with opened(corpus) as index, index.change():
        index.remove(["cats"])
    assert run(corpus).added == ["cats"]
