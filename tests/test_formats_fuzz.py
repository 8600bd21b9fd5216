"""Whatever the bytes, a file is a document or a `LoadError` that names it."""

from __future__ import annotations

import io
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import files
from qa.documents.load import parse, parse_lines
from qa.documents.metadata import parse_metadata
from qa.errors import FileTooLarge, LoadError, MetadataInvalid
from qa.language.text import readable
from qa.sync.uploads import read_upload
from qa.types import Document

R = TypeVar("R")
PDF = files.pdf(
    ["A heading", "", "Some words of a text."], ["Its second page."], title="T", created="20210304"
)
DOCX = files.word("A paragraph.", title="T", table=[["a", "b"]])
HTML = files.html("Some <b>words</b> of a text.", "<title>T</title><meta name=author content=A>")
MARKDOWN = b"---\ntitle: T\ndate: 2021-03-04\n---\n# Heading\n\nText."
WORDS = st.sampled_from(
    (
        *(b"<", b">", b"/", b"&#xD800;", b"<!--", b"]]>", b"<p>", b"<main>", b"<table><td>", b"<script>"),
        *(b"\0", b"\xff", b"\n", b"\r", b" " * 50, b"\xc3\xa9", b"\xef\xbb\xbf", b"\xff\xfe", b"text"),
        *(b"---\n", b"+++\n", b": ", b"&a ", b"*a", b"{", b"}", b"[", b'"', b"\\ud800", b"#", b'{"text": "'),
        *(b"obj", b"stream", b"/Kids", b"charset=zip"),
    )
)
DEEP = b".".join([b"a"] * 50_000) + b" = 1"
ANYTHING = st.one_of(st.binary(max_size=300), st.lists(WORDS, max_size=40).map(b"".join))
# Hypothesis shrinks what it finds; a first example that is slow because of an import is no finding.
FUZZ = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def mutated(content: bytes) -> st.SearchStrategy[bytes]:
    """`content` cut short, or with a piece of it replaced."""
    place = st.integers(0, len(content))
    cut = place.map(lambda end: content[:end])
    patched = st.tuples(place, st.integers(0, 20), ANYTHING).map(
        lambda patch: content[: patch[0]] + patch[2] + content[patch[0] + patch[1] :]
    )
    return st.one_of(cut, patched)


def check(name: str, content: bytes) -> None:
    found = outcome(lambda: parse(Path(name), content, "id", name, {})[0])
    if isinstance(found, LoadError):
        assert name in str(found)
        assert str(found).isprintable()
    else:
        hold(found)


def outcome(read: Callable[[], R]) -> R | LoadError:
    try:
        return read()
    except LoadError as error:
        return error


def hold(document: Document) -> None:
    assert document.text.strip()
    assert document.text == readable(document.text)
    assert "\0" not in document.text
    assert "\r" not in document.text
    assert document.title.strip() == document.title != ""
    assert list(document.pages) == sorted(document.pages)
    assert all(0 <= start <= len(document.text) for start in document.pages)
    for value in (document.title, document.uri, document.published or "", *document.metadata.values()):
        assert value == readable(value)


@FUZZ
@given(st.sampled_from(["a.txt", "a.md", "a.html", "a.pdf", "a.docx"]), ANYTHING)
@example("a.html", b"<!DOCTYPE a [<!ENTITY b 'c'>]>&b;")
@example("a.html", b"<p>\xed\xa0\x80")
@example("a.html", "<p>é".encode("utf-16"))
@example("a.html", b'<meta charset="punycode"><p>\xff\xfe')
@example("a.md", b"---\n!!python/object:os.system x\n---\ntext")
@example("a.md", b"---\ntitle: " + b"[" * 2000 + b"\n---\ntext")
@example("a.md", b"+++\n" + DEEP[:19_000] + b"\n+++\ntext")
@example("a.md", b"+++\ndate = 1" + b"0" * 5000 + b"\n+++\ntext")
@example("a.md", b"+++\ndate = 0x1" + b"0" * 5000 + b"\n+++\ntext")
@example("a.txt", b"\xff\xfe\x00\xd8")
def test_any_bytes(name: str, content: bytes) -> None:
    check(name, content)


@FUZZ
@given(mutated(PDF))
def test_a_pdf_that_is_broken(content: bytes) -> None:
    check("a.pdf", content)


@FUZZ
@given(mutated(DOCX))
def test_a_docx_that_is_broken(content: bytes) -> None:
    check("a.docx", content)


@FUZZ
@given(
    st.sampled_from(["word/document.xml", "docProps/core.xml", "[Content_Types].xml", "_rels/.rels"]),
    st.data(),
)
def test_a_docx_with_a_part_that_is_broken(part: str, data: st.DataObject) -> None:
    changed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(DOCX)) as old, zipfile.ZipFile(changed, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, data.draw(mutated(content)) if name == part else content)
    check("a.docx", changed.getvalue())


def test_a_docx_whose_properties_are_something_else() -> None:
    core = b"<a/>"
    changed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(DOCX)) as old, zipfile.ZipFile(changed, "w") as new:
        for name in old.namelist():
            new.writestr(name, core if name == "docProps/core.xml" else old.read(name))
    check("a.docx", changed.getvalue())


@FUZZ
@given(st.one_of(mutated(HTML).map(lambda b: ("a.html", b)), mutated(MARKDOWN).map(lambda b: ("a.md", b))))
def test_a_page_that_is_broken(file: tuple[str, bytes]) -> None:
    check(*file)


@FUZZ
@given(st.one_of(ANYTHING, mutated(b'{"id": "a", "text": "b", "title": "c"}\n{"text": "d", "date": 2021}\n')))
@example(b'{"text": "\\ud800\\u0000", "id": "a", "title": "\\ud800"}')
@example(b'{"text": "a", "id": "\\ud800"}')
@example(b'{"text": "a", "id": 1e999, "date": 1' + b"0" * 5000 + b"}")
def test_lines_that_are_broken(content: bytes) -> None:
    check_lines(content)


def check_lines(content: bytes) -> None:
    for one in parse_lines(Path("a.jsonl"), io.BytesIO(content), "a", "a.jsonl", {}):
        if isinstance(one, LoadError):
            assert "a.jsonl" in str(one)
        else:
            hold(one)
            assert one.id == readable(one.id)


@FUZZ
@given(st.one_of(ANYTHING, mutated(b'title = "T"\npublished = 2021-03-04\nfurniture = ["a"]\n')))
@example(b"a = " + b"[" * 5000)
@example(DEEP)
@example(DEEP[:19_000])
@example(b"published = 1" + b"0" * 5000)
@example(b"published = 0x1" + b"0" * 5000)
def test_metadata_that_is_broken(content: bytes) -> None:
    check_metadata(content)


@pytest.mark.parametrize("part", ["a", "a-b", '"a"', "'a'", '"\\""', "a "])
@pytest.mark.parametrize("line", ["{} = 1", "[{}]", "a = {{{} = 1}}"])
def test_a_key_of_many_parts_is_refused_before_its_parts_are_kept(part: str, line: str) -> None:
    """The parser keeps the way to each part: of 19,000 bytes that can be 700 MB."""
    key = ".".join([part] * (18_000 // (len(part) + 1)))
    tracemalloc.start()
    try:
        with pytest.raises(MetadataInvalid, match="over 100 parts; correct it"):
            parse_metadata(Path("a.txt.meta.toml"), line.format(key).encode())
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


def test_a_large_metadata_file_is_refused_wherever_it_comes_from() -> None:
    with pytest.raises(FileTooLarge, match="over 20,000 bytes"):
        read_upload("a.txt", b"Text.", ("a.txt.meta.toml", DEEP))


def test_what_looks_like_a_deep_key_in_a_text_is_none() -> None:
    title = ". ".join(["www.example.org/a.b.c"] * 90)
    given = parse_metadata(Path("a.txt.meta.toml"), f'title = "{title}"'.encode())
    assert given["title"] == title


def check_metadata(content: bytes) -> None:
    found = outcome(lambda: parse_metadata(Path("a.txt.meta.toml"), content))
    if isinstance(found, LoadError):
        assert "a.txt.meta.toml" in str(found)
    else:
        assert all(isinstance(value, str) for value in found.values())


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.html", b"<nav></nav>x" * 100_000),
        ("a.html", b"<ul><li><a href=x>link</a></ul>text " * 50_000),
        ("a.html", b"<p " + b"a=b " * 500_000 + b">x"),
        ("a.html", b"<pre>" + b" " * 2_000_000 + b"x"),
        ("a.md", b"# " + b" " * 2_000_000 + b"#x#"),
        ("a.md", b"---\n" + b"\n" * 1_000_000 + b"---"),
        ("a.txt", b"\xe9 " * 1_000_000),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_long_files_take_time_in_proportion(name: str, content: bytes) -> None:
    """A quadratic step in a reader would make this run for hours."""
    check(name, content)
