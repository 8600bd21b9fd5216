"""Reading in another process: what a file does to it stays there."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

import files
from qa.documents import apart
from qa.documents.apart import ReadingProcess
from qa.documents.formats import read
from qa.errors import FileDamaged, FileEncrypted, FileTooLarge

GOOD = files.pdf(["A page."], ["Another page."], title="A title")


def standing_in(monkeypatch: pytest.MonkeyPatch, body: str) -> None:
    """Another program in the place of the reading one: one line of Python for each request."""
    loop = f"import sys, time, os\nfor line in sys.stdin.buffer:\n    {body}"
    monkeypatch.setattr(apart, "COMMAND", (sys.executable, "-c", loop))


def test_it_reads_as_this_process_does_and_goes_on_after_errors() -> None:
    with ReadingProcess() as process:
        for name, content in (("a.pdf", GOOD), ("b.html", files.html("Text.")), ("c.txt", b"Text.")):
            assert process.read(Path(name), content) == read(Path(name), content)
            with pytest.raises(FileEncrypted, match=r"secret\.pdf is protected"):
                process.read(Path("secret.pdf"), files.encrypted_pdf())


def test_a_file_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    standing_in(monkeypatch, "time.sleep(600)")
    with ReadingProcess(max_seconds=0.2) as process, pytest.raises(FileTooLarge, match=r"a\.pdf takes over"):
        process.read(Path("a.pdf"), GOOD)


def test_a_file_that_ends_the_process_is_named_and_the_next_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    with ReadingProcess() as process:
        with monkeypatch.context() as patch:
            standing_in(patch, "os.abort()")
            with pytest.raises(FileDamaged, match=r"a\.pdf makes the program"):
                process.read(Path("a.pdf"), GOOD)
        assert process.read(Path("a.pdf"), GOOD).title == "A title"


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not keep to the limit")
def test_a_file_that_takes_too_much_memory_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    code = (
        "import sys, qa.documents.apart as apart; apart._limit_memory();"
        "apart.formats.read = lambda path, content: bytearray(4_000_000_000);"
        "apart.serve(sys.stdin.buffer, sys.stdout.buffer)"
    )
    monkeypatch.setattr(apart, "COMMAND", (sys.executable, "-c", code))
    with ReadingProcess() as process, pytest.raises(FileTooLarge, match=r"a\.pdf takes too much memory"):
        process.read(Path("a.pdf"), GOOD)


def test_nothing_is_imported_from_the_folder_one_is_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pypdfium2.py").write_text("raise SystemExit")
    monkeypatch.chdir(tmp_path)
    with ReadingProcess() as process:
        assert process.read(Path("a.pdf"), GOOD).title == "A title"


def test_closing_ends_the_process() -> None:
    process = ReadingProcess()
    process.read(Path("a.pdf"), GOOD)
    assert process._process is not None
    pid = process._process.pid
    process.close()
    process.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
