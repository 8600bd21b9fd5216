"""The log of the service: one JSON object a line, without a word of a document or of a question."""

from __future__ import annotations

import json
import logging
import time
import traceback
from collections.abc import Iterator
from typing import Any

_OURS = ("qa", "qa_api", "uvicorn")
"""Loggers whose messages are known to repeat nothing of a request. Of others only the place is told."""


class JsonLines(logging.Formatter):
    """A log record as one JSON object a line, with what was given as `extra={"fields": {…}}`."""

    def format(self, record: logging.LogRecord) -> str:
        """Time (ISO 8601, UTC), level, event, fields, and the types and places of an error."""
        ours = record.name.split(".")[0] in _OURS
        entry = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
            + f".{record.msecs:03.0f}Z",
            "level": record.levelname.lower(),
            "event": record.getMessage().strip() if ours else f"a message of {record.name}",
            **getattr(record, "fields", {}),
        }
        if not ours:
            entry["place"] = f"{record.pathname}:{record.lineno}:{record.funcName}"
        if record.exc_info and record.exc_info[1]:
            entry["errors"] = [_described(error) for error in _chain(record.exc_info[1])]
        return json.dumps(entry, ensure_ascii=False)


def log_to_stderr() -> None:
    """Have every logger of this process write such lines; ours from level INFO, others from WARNING."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    logging.getLogger("qa_api").setLevel(logging.INFO)


def _described(error: BaseException) -> dict[str, Any]:
    """Its type and its stack, outermost first. Messages are left out: they repeat what was read or asked."""
    kind = type(error)
    frames = traceback.StackSummary.extract(traceback.walk_tb(error.__traceback__), lookup_lines=False)
    stack = [f"{frame.filename}:{frame.lineno}:{frame.name}" for frame in frames]
    return {"type": f"{kind.__module__}.{kind.__qualname__}", "stack": stack}


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error, what it came of, and the members of groups; each once."""
    waiting: list[BaseException | None] = [error]
    seen = set()
    while waiting:
        one = waiting.pop(0)
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        waiting.append(one.__cause__ or (None if one.__suppress_context__ else one.__context__))
        if isinstance(one, BaseExceptionGroup):
            waiting.extend(one.exceptions)
