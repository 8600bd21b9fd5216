"""What each format says, and what is left out of it."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest

import files
from peaks import at_most
from qa.documents import formats
from qa.documents.formats.dates import borne_out, iso_date
from qa.documents.formats.extract import Extract
from qa.documents.formats.jsonl import read_lines
from qa.documents.load import parse_lines
from qa.errors import (
    FileDamaged,
    FileEmpty,
    FileEncrypted,
    FileNotText,
    FileScanned,
    FileTooLarge,
    FormatUnknown,
    LoadError,
    NameTaken,
)
from qa.types import Document


def read(name: str, content: bytes | str) -> Extract:
    return formats.read(Path(name), content.encode() if isinstance(content, str) else content)


PAGE = """<!doctype html><html><head><title>Bridge opens – The Post</title>
<meta property="article:published_time" content="2021-03-04T08:00:00Z"><meta name=author content="Ann Lee">
<link rel=canonical href="https://example.org/bridge"><meta name=date content=2022-01-01>
<script>script()</script><style>.style{}</style></head><body>
<header>The Post <nav><a href=/>menu one</a></nav></header>
<div class=top><ul><li><a href=/a>menu two</a><li><a href=/b>menu three</a></ul></div>
<article><header><h1>Bridge opens</h1></header>
<p>It   was <b>ope</b>ned<br>on <a href=x>Tuesday</a> &amp; cost 12&nbsp;million.</p><!-- comment -->
<p style="color:red; display: none">unseen one</p><p hidden>unseen two</p><template>unseen three</template>
<noscript>unseen four</noscript><div aria-hidden=true>unseen five</div>
<ul><li>First point.<li>Second point.</ul>
<table><tr><th>Year<th>Cost<tr><td>2019<td>4 million</table><pre>one
  two</pre></article>
<div role=navigation>menu four</div><footer>footer</footer></body></html>"""


def test_html_gives_the_main_text_alone() -> None:
    extract = read("a.html", PAGE)
    assert extract.text == (
        "Bridge opens\n\nIt was opened\non Tuesday & cost 12 million.\n\nFirst point.\n\nSecond point.\n\n"
        "Year | Cost\n\n2019 | 4 million\n\none\n  two"
    )
    assert (extract.title, extract.published, extract.author) == ("Bridge opens", "2021-03-04", "Ann Lee")
    assert extract.url == "https://example.org/bridge"


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("<p>Just a paragraph.", "Just a paragraph."),
        ("plain text without any tag", "plain text without any tag"),
        # A page of links says nothing but its links.
        ("<ul><li><a href=a>One</a><li><a href=b>Two</a></ul>", "One\n\nTwo"),
        ("<main><p>Main.</p></main><div>Beside.</div>", "Main."),
        ("<div>Before.</div><article>Short.</article><p>Most of the page is outside.</p>", None),
        ("<p>a</p><header><p>banner</p></header><section><header>kept</header></section>", "a\n\nkept"),
    ],
)
def test_what_is_main_is_told_by_landmarks_and_else_all_is(page: str, text: str | None) -> None:
    found = read("a.html", page).text
    assert found == (text or "Before.\n\nShort.\n\nMost of the page is outside.")


def test_html_is_read_in_the_encoding_that_it_says() -> None:
    page = '<meta charset="windows-1251"><p>Привет, мир'
    assert read("a.html", page.encode("cp1251")).text == "Привет, мир"


@pytest.mark.parametrize("page", ["<div>" * 5000 + "x", "<p>" + "<b>" * 5000])
def test_html_that_is_not_read_whole_is_refused(page: str) -> None:
    with pytest.raises(FileDamaged, match="deeper"):
        read("a.html", page)


def test_linked_data_and_the_window_tell_title_and_date() -> None:
    article = '"@type": "NewsArticle", "headline": "H", "datePublished": "2020-05-06"'
    data = '{"@graph": [{' + article + ', "author": [{"name": "A B"}]}]}'
    extract = read("a.html", f'<script type="application/ld+json">{data}</script><p>Text.')
    assert (extract.title, extract.published, extract.author) == ("H", "2020-05-06", "A B")
    titled = "<head><title>A page - The site</title></head><h1>The site</h1><h1>A page</h1>"
    assert read("a.html", titled).title == "A page"


def test_docx_gives_paragraphs_tables_and_notes() -> None:
    content = files.word(
        "The title", "Two words.", title="A study", author="Ann Lee", table=[["a", "b"], ["c", "d"]]
    )
    extract = read("a.docx", content)
    assert extract.text == "The title\n\nTwo words.\n\na | b\n\nc | d"
    assert (extract.title, extract.author, extract.published) == ("A study", "Ann Lee", None)


def test_docx_shows_what_a_reader_sees() -> None:
    body = (
        "<w:p><w:r><w:t>Kept</w:t></w:r><w:del><w:r><w:delText>gone</w:delText></w:r></w:del>"
        '<w:ins><w:r><w:t xml:space="preserve"> and put in</w:t></w:r></w:ins>'
        "<w:r><w:rPr><w:vanish/></w:rPr><w:t>hidden</w:t></w:r>"
        "<w:hyperlink><w:r><w:tab/><w:t>linked</w:t></w:r></w:hyperlink></w:p>"
    )
    assert read("a.docx", files.with_body(files.word("x"), body)).text == "Kept and put in linked"


@pytest.mark.parametrize(
    ("name", "content", "error", "advice"),
    [
        ("a.pdf", files.encrypted_pdf(), FileEncrypted, "save it without one"),
        ("a.pdf", files.scanned_pdf(), FileScanned, "OCR"),
        ("a.pdf", b"%PDF-1.4 and no more", FileDamaged, "save it again"),
        ("a.pdf", b"<html>not a PDF</html>", FileDamaged, "no PDF"),
        ("a.docx", files.word("Some text.")[:-300], FileDamaged, "save it again"),
        ("a.docx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100), FileEncrypted, "without a password"),
        ("a.docx", files.zip_bomb(), FileTooLarge, "split it"),
        ("a.txt", b"x" * 5_000_001, FileTooLarge, "split it"),
        ("a.html", b"x" * 20_000_001, FileTooLarge, "split it"),
        ("a.doc", b"x", FormatUnknown, ".docx, "),
        ("README", b"x", FormatUnknown, "without a type"),
        ("a.txt", b"\xff\xfeh\0i\0\0", FileNotText, "UTF-16"),
        ("a.txt", bytes(range(256)) * 4, FileNotText, "save it as UTF-8"),
    ],
)
def test_what_can_not_be_read_is_refused_with_what_to_do(
    name: str, content: bytes, error: type[LoadError], advice: str
) -> None:
    with pytest.raises(error, match=re.escape(advice)) as raised:
        read(name, content)
    assert name in str(raised.value)
    assert type(raised.value) is error


@pytest.mark.parametrize(
    "encoding",
    ["utf-8", "utf-8-sig", "utf-16", "utf-32", "utf-16-le-bom", "cp1252", "koi8-r", "euc_jp", "cp1250"],
)
def test_the_encoding_of_a_text_is_found(encoding: str) -> None:
    texts = {
        "cp1252": "Der Bürgermeister eröffnete die Brücke über die Donau. Das ist ein schöner Tag, sagte er.",
        "cp1250": "Most přes řeku byl otevřen v roce 1911. Říká se, že je nejkrásnější v celé zemi.",
        "koi8-r": "Мост через реку был открыт в 1911 году. Говорят, что он самый красивый в стране.",
        "euc_jp": "この橋は千九百十一年に開通しました。国で一番美しい橋だと言われています。",
    }
    text = texts.get(encoding, texts["cp1252"]) * 3
    content = b"\xff\xfe" + text.encode("utf-16-le") if encoding == "utf-16-le-bom" else text.encode(encoding)
    assert read("a.txt", content).text.lstrip("\ufeff") == text


def test_what_decompresses_to_too_much_is_not_decompressed() -> None:
    content = files.zip_bomb()
    with at_most(5_000_000), pytest.raises(FileTooLarge):
        read("a.docx", content)


def test_front_matter_is_read_and_is_no_text() -> None:
    for fence, entry in (("---", ": "), ("+++", " = ")):
        given = {"title": '"The bridge"', "date": "2021-03-04", "author": '"Ann"'}
        front = "".join(f"{key}{entry}{value}\n" for key, value in given.items())
        front = f"{fence}\n{front}{fence}\n# Heading\n\nText."
        extract = read("a.md", front)
        assert (extract.title, extract.published, extract.author) == ("The bridge", "2021-03-04", "Ann")
        assert extract.text == "# Heading\n\nText."
    assert read("a.md", "---\nNo mapping, a line.\n---\n# C#\n").text.startswith("---\nNo mapping")
    assert read("a.md", "# C#\n").title == "C#"
    assert read("a.md", "---\ntitle: [unclosed\n---\n## Heading ##\n").title == "Heading"


def lines(content: str) -> list[Extract | LoadError]:
    return list(read_lines(Path("a.jsonl"), io.BytesIO(content.encode())))


def test_json_lines_are_a_document_each() -> None:
    keys = '"title": "T", "date": "2021/03", "link": "https://e.org/a"'
    one, two = lines('{"_id": 7, "contents": "A", ' + keys + '}\n\n{"text": "B"}')
    assert one == Extract("A", title="T", published="2021-03", url="https://e.org/a", key="7")
    assert two == Extract("B", key="3")


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("{broken", "line 2 is not valid JSON"),
        ("[" * 100_000, "line 2 is not valid JSON"),
        ('"text"', "line 2 is no JSON object"),
        ('{"title": "T"}', "line 2 has no text"),
        ('{"text": "A", "id": "../x"}', "line 2: '../x' is no usable id"),
        ('{"text": "A", "id": " x"}', "no usable id"),
        ('{"text": "A", "id": ["x"]}', "no usable id"),
    ],
)
def test_a_line_that_is_none_is_named_and_the_others_are_read(line: str, complaint: str) -> None:
    first, second, third = lines('{"text": "A"}\n' + line + '\n{"text": "B"}\n')
    assert isinstance(first, Extract)
    assert isinstance(third, Extract)
    assert complaint in str(second)


def test_of_lines_with_one_id_the_first_counts_and_both_are_named() -> None:
    given = (
        '{"id": 3, "text": "A"}',
        "",
        '{"text": "B"}',
        '{"id": "x", "text": "C"}',
        '{"id": 3, "text": "D"}',
    )
    first, repeated, other, again = lines("\n".join(given))
    assert [one.text for one in (first, other) if isinstance(one, Extract)] == ["A", "C"]
    assert isinstance(repeated, NameTaken)
    assert isinstance(again, NameTaken)
    assert "a.jsonl, line 3: the id '3' is that of line 1" in str(repeated)
    assert "a.jsonl, line 5: the id '3' is that of line 1" in str(again)


def test_a_line_without_a_word_ends_nothing() -> None:
    content = b'{"text": "A"}\n{"text": "\\ufeff"}\n{"text": "B"}'
    kinds = [type(one) for one in parse_lines(Path("a.jsonl"), io.BytesIO(content), "a", "a.jsonl", {})]
    assert kinds == [Document, FileEmpty, Document]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "utf-16-be", "utf-16-le"])
def test_lines_in_another_encoding_are_refused_as_a_whole_or_each(encoding: str) -> None:
    content = '{"text": "The bridge was built in 1901."}\n{"text": "It has 5 arches."}\n'.encode(encoding)
    found = list(read_lines(Path("a.jsonl"), io.BytesIO(content)))
    assert not [one for one in found if isinstance(one, Extract)]
    if encoding in ("utf-16", "utf-32"):  # with a mark
        assert [str(one) for one in found] == [
            f"a.jsonl is {encoding.upper()}, and JSON Lines are UTF-8; save it as UTF-8."
        ]


def test_a_line_that_is_not_utf8_says_so() -> None:
    content = '{"text": "Zoë"}\n{"text": "Anna"}\n'.encode("cp1252")
    wrong, right = read_lines(Path("a.jsonl"), io.BytesIO(content))
    assert str(wrong) == "a.jsonl, line 1 is not UTF-8 (byte 12 is 0xeb); save the file as UTF-8."
    assert isinstance(right, Extract)
    assert right.text == "Anna"


def test_a_file_of_nothing_but_bad_lines_is_given_up() -> None:
    found = lines("no json\n" * 100_000)
    assert len(found) == 102
    assert "the rest was not read" in str(found[-1])


@pytest.mark.parametrize(
    ("given", "date"),
    [
        ("2021", "2021"),
        (2021, "2021"),
        ("20210304", "2021-03-04"),
        ("2021-03-04T08:00:00+01:00", "2021-03-04"),
        ("2021/3/4", None),
        ("04/03/2021", None),
        ("2021-02-30", None),
        ("1970-01-01T00:00:00Z", None),
        ("2021-03-045", None),
        (True, None),
        (None, None),
    ],
)
def test_dates_are_read_where_they_mean_one_thing(given: object, date: str | None) -> None:
    assert iso_date(given) == date


def test_a_month_is_borne_out_by_its_name() -> None:
    for page in ("4 March 2021", "March 4, 2021", "Mar. 2021", "on 2021-03-04"):
        assert borne_out("2021-03-04", page) == "2021-03"
    assert borne_out("2021-03-04", "March 2020, May 2021") == "2021"
    assert borne_out("2021-03-04", "12021") is None
