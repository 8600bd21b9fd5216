"""Small files of every format, made here so that each byte of them is known."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Sequence

import docx


def pdf(
    *pages: Sequence[str],
    title: str = "",
    created: str = "",
    author: str = "",
    first_size: int = 12,
    encrypt: str = "",
) -> bytes:
    """A PDF with these lines on its pages, the first line of each at the top; blank lines leave a gap."""
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>"]
    kids = " ".join(f"{4 + 2 * i} 0 R" for i in range(len(pages)))
    objects.append(f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>".encode())
    objects.append(b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>")
    for i, lines in enumerate(pages):
        resources = "/Resources << /Font << /F 3 0 R >> >> /MediaBox [0 0 595 842]"
        objects.append(f"<< /Type /Page /Parent 2 0 R {resources} /Contents {5 + 2 * i} 0 R >>".encode())
        drawn = "".join(f"({_escaped(line)}) Tj T*\n" for line in lines)
        drawn = drawn.replace("T*", "T* /F 12 Tf", 1)
        stream = f"BT /F {first_size} Tf 14.4 TL 70 770 Td\n{drawn}ET".encode("cp1252")
        if lines[:1] == [PICTURE]:
            stream = b"q 595 0 0 842 0 0 cm BI /W 1 /H 1 /CS /G /BPC 8 ID \x80 EI Q"
        objects.append(f"<< /Length {len(stream)} >>\nstream\n".encode() + stream + b"\nendstream")
    info = f"<< /Title ({title}) /CreationDate (D:{created}) /Author ({author}) >>"
    objects.append(info.encode("cp1252"))
    return _assembled(objects, encrypt)


def _escaped(line: str) -> str:
    return line.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")


def _assembled(objects: list[bytes], encrypt: str) -> bytes:
    body = bytearray(b"%PDF-1.4\n")
    places = []
    for number, content in enumerate(objects, start=1):
        places.append(len(body))
        body += f"{number} 0 obj\n".encode() + content + b"\nendobj\n"
    start = len(body)
    body += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    body += b"".join(f"{place:010} 00000 n \n".encode() for place in places)
    trailer = f"/Size {len(objects) + 1} /Root 1 0 R /Info {len(objects)} 0 R {encrypt}"
    return bytes(body) + f"trailer << {trailer} >>\nstartxref\n{start}\n%%EOF".encode()


def looping_pdf(loop: str) -> bytes:
    """A PDF of "Some words.", something of which leads back to itself.

    `loop` is "pages" (the tree of pages holds itself), "count" (and says it has a million), "form" (a form
    draws itself, four times each time), or "trailer" (an earlier trailer is the same one).
    """
    kids, count = {"pages": ("4 0 R 2 0 R", 2), "count": ("2 0 R", 1_000_000)}.get(loop, ("4 0 R", 1))
    draws = b"/X Do /X Do /X Do /X Do"
    content = (b"/X Do " if loop == "form" else b"") + b"BT /F 12 Tf 70 770 Td (Some words.) Tj ET"
    form = b"<< /Type /XObject /Subtype /Form /BBox [0 0 500 800] /Resources << /XObject << /X 6 0 R >> >>"
    resources = b"/Resources << /Font << /F 3 0 R >> /XObject << /X 6 0 R >> >>"
    body = _assembled(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            f"<< /Type /Pages /Kids [{kids}] /Count {count} >>".encode(),
            b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 5 0 R " + resources + b" >>",
            b"<< /Length %d >>\nstream\n%b\nendstream" % (len(content), content),
            form + b" /Length %d >>\nstream\n%b\nendstream" % (len(draws), draws),
        ],
        "",
    )
    start = body.rpartition(b"startxref\n")[2].split()[0]
    return body.replace(b"trailer << ", b"trailer << /Prev " + start + b" ") if loop == "trailer" else body


def lying_docx() -> bytes:
    """A DOCX of a part that decompresses to a hundred megabytes and is said to have a thousand bytes."""
    content = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(word("A word."))) as old,
        zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for part in old.infolist():
            padding = b" " * 100_000_000 if part.filename == "word/document.xml" else b""
            new.writestr(part.filename, old.read(part) + padding)
            if padding:
                size = struct.pack("<I", new.getinfo(part.filename).file_size)
    return content.getvalue().replace(size, struct.pack("<I", 1000))


def encrypted_pdf() -> bytes:
    """A PDF whose password is not the empty one: its check values are of no password at all."""
    values = f"/O <{'11' * 32}> /U <{'22' * 32}> /P -4"
    encrypt = f"/Encrypt << /Filter /Standard /V 1 /R 2 {values} >> /ID [<00> <00>]"
    return pdf(["Secret."], encrypt=encrypt)


PICTURE = "a picture"
"""In the place of the first line of a page of `pdf`: the page is all of an image, as scanners make them."""


def scanned_pdf() -> bytes:
    """A PDF with a page that shows no text."""
    return pdf([])


def word(*paragraphs: str, title: str = "", author: str = "", table: Sequence[Sequence[str]] = ()) -> bytes:
    """A DOCX with these paragraphs, then a table."""
    document = docx.Document()
    for paragraph in paragraphs:
        document.add_paragraph(paragraph)
    if table:
        grid = document.add_table(len(table), len(table[0]))
        for row, cells in zip(grid.rows, table, strict=True):
            for cell, text in zip(row.cells, cells, strict=True):
                cell.text = text
    document.core_properties.title = title
    document.core_properties.author = author
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()


def with_body(content: bytes, body: str) -> bytes:
    """A DOCX in the place of whose body stands `body`, in WordprocessingML."""
    changed = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as old,
        zipfile.ZipFile(changed, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for part in old.infolist():
            data = old.read(part)
            if part.filename == "word/document.xml":
                head, _, rest = data.partition(b"<w:body>")
                data = head + b"<w:body>" + body.encode() + b"</w:body>" + rest.partition(b"</w:body>")[2]
            new.writestr(part.filename, data)
    return changed.getvalue()


def zip_bomb() -> bytes:
    """A DOCX of a megabyte that decompresses to more than is allowed."""
    content = io.BytesIO(word("A word."))
    with zipfile.ZipFile(content, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/zeros.xml", b" " * 61_000_000)
    return content.getvalue()


def html(text: str, head: str = "") -> bytes:
    """A page with a menu and a paragraph."""
    menu = "<nav><a href=/>Home</a> <a href=/a>About</a></nav><script>let hidden = 1</script>"
    return f"<!doctype html><html><head>{head}</head><body>{menu}<p>{text}</p></body></html>".encode()
