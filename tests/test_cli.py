"""The command line as a user meets it: as its own process, on real files."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

import files
from qa.cli import main

CHINA = "How much did China invest in Belarus, and in how many projects?"


def qa(*arguments: str, cwd: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **{f"QA_{name.upper()}": value for name, value in settings.items()}}
    command = [str(Path(sys.executable).parent / "qa"), *arguments]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=120)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "lamp.txt").write_text("The lighthouse was built in 1911. It is 40 metres high.")
    return tmp_path


def fails(result: subprocess.CompletedProcess[str], *complaints: str) -> None:
    assert result.returncode == 2, result.stdout + result.stderr
    assert "Traceback" not in result.stderr
    lines = [line for line in result.stderr.splitlines() if line.startswith("qa: ")]
    assert len(lines) == 1, result.stderr
    assert all(complaint in lines[0] for complaint in complaints), lines[0]


def test_ingest_ask_search_and_status(folder: Path) -> None:
    assert "1 added" in qa("ingest", cwd=folder).stdout
    assert "1 unchanged" in qa("ingest", cwd=folder).stdout
    asked = qa("ask", "When was the lighthouse built?", cwd=folder)
    assert asked.returncode == 0
    assert "The lighthouse was built in 1911. [1]" in asked.stdout
    refused = qa("ask", "Who painted the Sistine Chapel?", cwd=folder).stdout
    assert "The documents do not say." in refused
    for shown in (asked.stdout, refused):
        assert re.search(r"^Chance that the documents answer the question: \d+%$", shown, re.MULTILINE)
    body = json.loads(qa("ask", "When was the lighthouse built?", "--json", cwd=folder).stdout)
    assert body["citations"][0]["quote"] == "The lighthouse was built in 1911."
    assert "lamp 0-" in qa("search", "lighthouse", cwd=folder).stdout
    assert "1 document, 1 passage." in qa("status", cwd=folder).stdout


def test_a_pdf_is_cited_with_its_page_and_failures_are_told_by_the_exit_code(folder: Path) -> None:
    pages = [["A report on bridges."], ["The bridge of Ulm was opened in 1832."]]
    (folder / "corpus" / "report.pdf").write_bytes(files.pdf(*pages))
    (folder / "corpus" / "locked.pdf").write_bytes(files.encrypted_pdf())
    (folder / "corpus" / "cut.docx").write_bytes(b"PK")
    result = qa("ingest", cwd=folder)
    assert result.returncode == 2
    assert "2 added, 0 changed, 0 removed, 0 unchanged, 2 failed" in result.stdout
    complaints = [line for line in result.stderr.splitlines() if line.startswith("qa: ")]
    assert ["cut.docx" in complaints[0], "locked.pdf" in complaints[1]] == [True, True]
    answer = qa("ask", "When was the bridge of Ulm opened?", cwd=folder).stdout
    assert "(report, page 2, characters" in answer


def test_help_names_the_commands(folder: Path) -> None:
    shown = qa("--help", cwd=folder).stdout
    assert all(command in shown for command in ("ingest", "ask", "search", "status", "serve"))


def test_what_is_missing_is_said_in_one_sentence(folder: Path) -> None:
    fails(qa("ask", "Why?", cwd=folder), "no index", "qa ingest")
    fails(qa("search", "Why?", cwd=folder), "no index", "qa ingest")
    fails(qa("status", cwd=folder), "no index", "qa ingest")
    fails(qa("ingest", cwd=folder, corpus="nowhere"), "nowhere", "does not exist", "QA_CORPUS")
    fails(qa("serve", cwd=folder, corpus="nowhere"), "nowhere", "does not exist")
    fails(qa("ingest", "nothing.txt", cwd=folder), "nothing.txt", "does not exist")
    fails(qa("ingest", cwd=folder, index="/proc/index"), "/proc/index", "can't be written", "QA_INDEX")
    fails(qa("status", cwd=folder, indexx="x"), "QA_INDEXX", "QA_INDEX")


@pytest.mark.parametrize(
    ("content", "complaint"), [(b"", "holds no text"), (b"caf\xe9", "not UTF-8"), (b"a\0b", "NUL")]
)
def test_a_bad_file_is_named_and_the_rest_is_indexed(folder: Path, content: bytes, complaint: str) -> None:
    (folder / "corpus" / "bad.txt").write_bytes(content)
    result = qa("ingest", cwd=folder)
    fails(result, "bad.txt", complaint)
    assert "1 added" in result.stdout
    assert "1911" in qa("ask", "When was the lighthouse built?", cwd=folder).stdout


def test_a_stale_and_a_foreign_index_are_told_apart(folder: Path) -> None:
    qa("ingest", cwd=folder)
    import sqlite3

    connection = sqlite3.connect(folder / "index" / "qa.sqlite3")
    connection.execute("UPDATE documents SET manifest = 'an older model'")
    connection.commit()
    connection.close()
    fails(qa("ask", "Why?", cwd=folder), "an older model", "qa ingest")
    assert "1 changed" in qa("ingest", cwd=folder).stdout
    fails(qa("ask", "Why?", cwd=folder, index="corpus"), "corpus", "QA_INDEX")


@pytest.fixture
def port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        number: int = free.getsockname()[1]
        return number


def test_when_serve_says_that_it_is_ready_it_is(folder: Path, port: int) -> None:
    command = [str(Path(sys.executable).parent / "qa"), "serve"]
    environment = {**os.environ, "QA_PORT": str(port)}
    with subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as served:
        assert served.stdout is not None
        ready = next(line for line in served.stdout if line.startswith("Ready"))
        url = f"http://127.0.0.1:{port}"
        assert url in ready
        try:
            asked = qa("ask", "When was the lighthouse built?", "--json", "--url", url, cwd=folder)
            assert json.loads(asked.stdout)["status"] == "answered"
            taken = qa("serve", cwd=folder, port=str(port))
            fails(taken, f"port {port}", "set QA_PORT")
        finally:
            served.send_signal(signal.SIGINT)
            _, log = served.communicate(timeout=60)
    assert served.returncode == 0, log
    lines = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    assert [line["route"] for line in lines] == ["/v1/ask"]


def test_an_empty_question_is_refused(folder: Path) -> None:
    qa("ingest", cwd=folder)
    fails(qa("ask", "  ", cwd=folder), "empty")
    fails(qa("ask", "x" * 3000, cwd=folder), "3000 characters", "shorten")


def test_an_interrupted_ingest_says_that_nothing_is_lost(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.chdir(folder)
    monkeypatch.setattr("qa.build.run_ingest", interrupt)
    monkeypatch.setattr(sys, "argv", ["qa", "ingest"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 130
    assert "what is in the index stays" in capsys.readouterr().err
