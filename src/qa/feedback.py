"""What users say of answers, one JSON object a line, in the shape of gold rows that await correction."""

from __future__ import annotations

import datetime
import io
import json
import os
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

from filelock import FileLock

from qa.errors import FeedbackUnwritable
from qa.types import Turn

Verdict = Literal["good", "bad", "skip"]
_ANSWERED = ("status", "answer", "confidence", "standalone_question")


def record(
    path: Path,
    wire: Mapping[str, Any],
    verdict: Verdict,
    history: Sequence[Turn] = (),
    comment: str | None = None,
) -> dict[str, Any]:
    """Append the answer `wire` (of the wire contract) with the verdict to a file; returns the row.

    The row is a draft: `qa eval` passes over it until a person has corrected it and removed `draft`.
    What was cited is proposed as its evidence only if the user found the answer good. Raises
    `FeedbackUnwritable`.
    """
    good = verdict == "good"
    row = {
        "id": f"feedback-{uuid.uuid4().hex[:12]}",
        "draft": True,
        "verdict": verdict,
        "question": wire["question"],
        "answerable": wire["status"] != "not_found" if good and "status" in wire else None,
        "answers": [one["text"] for one in wire.get("claims", ())] if good else [],
        "evidence": [_span(one) for one in wire.get("citations", ())] if good else [],
        "type": "feedback",
        "split": "dev",
        "history": [asdict(turn) for turn in history],
        "answered": {key: wire[key] for key in _ANSWERED if key in wire},
        "recorded": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    }
    if comment:
        row["comment"] = comment
    _append(path, json.dumps(row, ensure_ascii=False) + "\n")
    return row


def _span(citation: Mapping[str, Any]) -> dict[str, Any]:
    return {key: citation[key] for key in ("document_id", "start", "end", "quote")} | {"sufficient": True}


def _append(path: Path, line: str) -> None:
    """The whole line or nothing, also when the disk is full; writers of several processes take turns."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_name(f".{path.name}.lock")), path.open("ab+", buffering=0) as file:
            size = file.seek(0, os.SEEK_END)
            # A line without its end was cut off, or written by hand: the next one starts anew.
            file.seek(max(size - 1, 0))
            start = b"" if file.read(1) in (b"", b"\n") else b"\n"
            try:
                _write_all(file, start + line.encode())
            except OSError:
                file.truncate(size)
                raise
    except OSError as error:
        reason = error.strerror or error
        raise FeedbackUnwritable(
            f"The verdict can't be written to {path} ({reason}); make room or set QA_FEEDBACK."
        ) from error


def _write_all(file: io.FileIO, content: bytes) -> None:
    """A write may take a part only, for instance when the disk is almost full."""
    while content:
        content = content[file.write(content) :]
