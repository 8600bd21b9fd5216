"""Verdicts on answers: what of them is kept, and that none is lost or torn."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient

from qa.feedback import _write_all as write_all
from qa.feedback import record
from qa.pipeline import QA
from qa.settings import Settings
from qa_api.app import create_app

CHINA = "How much did China invest in Belarus, and in how many projects?"
WIRE: dict[str, Any] = {"question": "Why?", "answer": "x" * 5_000, "status": "answered"}


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_feedback_becomes_drafts_of_gold_rows(settings: Settings, qa: QA, tmp_path: Path) -> None:
    path = tmp_path / "folder" / "feedback.jsonl"
    client = TestClient(create_app(settings.model_copy(update={"feedback": path}), qa))
    answer = client.post("/v1/ask", json={"question": CHINA, "trace": True}).json()
    history = [{"role": "user", "content": "Hello"}]
    for verdict in ("up", "down"):
        body = {**answer, "verdict": verdict, "history": history, "comment": "So it is."}
        assert client.post("/v1/feedback", json=body).status_code == 204
    good, bad = rows(path)
    assert (good["verdict"], good["draft"], good["question"]) == ("good", True, CHINA)
    assert good["evidence"][0]["quote"] == answer["citations"][0]["quote"]
    assert good["history"] == history
    assert (bad["verdict"], bad["answers"], bad["comment"]) == ("bad", [], "So it is.")
    assert client.post("/v1/feedback", json={**answer, "verdict": "maybe"}).status_code == 422


def test_of_citations_only_the_true_ones_are_kept(settings: Settings, qa: QA, tmp_path: Path) -> None:
    path = tmp_path / "feedback.jsonl"
    client = TestClient(create_app(settings.model_copy(update={"feedback": path}), qa))
    answer = client.post("/v1/ask", json={"question": CHINA}).json()
    first = answer["citations"][0]
    false = [
        {**first, "number": 2, "quote": "China invested nothing."},
        {**first, "number": 3, "start": first["start"] + 1},
        {**first, "number": 4, "document_id": "../../etc/passwd"},
    ]
    claims = [{"text": f"Claim {n}.", "citations": [n]} for n in (1, 2, 3, 4)]
    body = {**answer, "claims": claims, "citations": [first, *false], "verdict": "up"}
    assert client.post("/v1/feedback", json=body).status_code == 204
    (row,) = rows(path)
    assert [one["quote"] for one in row["evidence"]] == [first["quote"]]
    assert row["answers"] == ["Claim 1."]


def test_a_verdict_that_can_not_be_written_is_a_problem(settings: Settings, qa: QA, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    here = settings.model_copy(update={"feedback": tmp_path / "file" / "feedback.jsonl"})
    response = TestClient(create_app(here, qa)).post(
        "/v1/feedback", json={"question": "Why?", "answer": "So.", "verdict": "up"}
    )
    assert (response.status_code, response.json()["type"]) == (503, "urn:qa:problem:feedback-unwritable")
    assert "QA_FEEDBACK" in response.json()["detail"]


def test_a_write_that_takes_a_part_is_gone_on_with(tmp_path: Path) -> None:
    class Sluggish(io.FileIO):
        def write(self, content: Any, /) -> int:
            return super().write(content[:7])

    with Sluggish(tmp_path / "file", "wb") as file:
        write_all(file, b"a line that is longer than seven bytes\n")
    assert (tmp_path / "file").read_bytes() == b"a line that is longer than seven bytes\n"


FULL = """
import resource, sys
from pathlib import Path
from qa.errors import FeedbackUnwritable
from qa.feedback import record
path = Path(sys.argv[1])
limit = path.stat().st_size + 1000
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
try:
    record(path, {"question": "Why?", "answer": "x" * 5000}, "bad")
except FeedbackUnwritable as error:
    print(error)
"""


def test_when_there_is_no_more_room_nothing_is_left_of_the_line(tmp_path: Path) -> None:
    """The limit of the process's file sizes lets the first bytes through, as a full disk does."""
    path = tmp_path / "feedback.jsonl"
    record(path, WIRE, "good")
    before = path.read_bytes()
    command = [sys.executable, "-c", FULL, str(path)]
    told = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    assert "QA_FEEDBACK" in told
    assert path.read_bytes() == before


def test_after_a_line_that_was_cut_off_the_next_one_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "feedback.jsonl"
    path.write_text('{"question": "Wh')
    record(path, WIRE, "good")
    assert json.loads(path.read_text().splitlines()[1])["verdict"] == "good"


def test_writers_at_the_same_time_do_not_mix_their_lines(tmp_path: Path) -> None:
    path = tmp_path / "feedback.jsonl"
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: record(path, {**WIRE, "question": str(n)}, "good"), range(64)))
    assert sorted(int(row["question"]) for row in rows(path)) == list(range(64))
