"""Mixed traffic on the service as it is installed; `make torture` has the long version."""

from __future__ import annotations

import hashlib
import math
from pathlib import Path
from typing import Any

import pytest

from load import ASKING, measure
from qa.errors import IndexBusy, IndexDamaged, IndexError_, IndexUnreachable
from qa_api.problems import problem_of, respond, response_for
from states import Change, Seen, told_to_wait

SECONDS = 60
OLD, NEW = "The mill was built in 1300. It burnt in 1400.", "The mill was built in 1500. It burnt in 1600."


def cited(text: str, quote: str) -> dict[str, Any]:
    start = text.index(quote)
    revision = hashlib.sha256(text.encode()).hexdigest()
    return {
        "document_id": "a",
        "revision": revision,
        "start": start,
        "end": start + len(quote),
        "quote": quote,
    }


@pytest.mark.parametrize(
    ("citations", "asked", "complaint"),
    [
        ([cited(OLD, "The mill was built in 1300.")], (1, 2), None),
        ([cited(OLD, "The mill was built in 1300.")], (9, 12), None),  # while it was replaced
        ([cited(NEW, "It burnt in 1600.")], (9, 12), None),
        ([cited(OLD, "It burnt in 1400.")], (14, 15), "revision that it did not have"),
        ([cited(NEW, "It burnt in 1600.")], (1, 2), "revision that it did not have"),
        ([cited(NEW, "It burnt in 1600.")], (25, 26), "revision that it did not have"),  # deleted
        ([cited(OLD, "The mill"), cited(NEW, "It burnt")], (9, 12), "two revisions"),
        ([{**cited(OLD, "The mill"), "quote": "A mill"}], (1, 2), "does not say"),
    ],
)
def test_quotes_of_no_state_are_noticed(
    citations: list[dict[str, Any]], asked: tuple[float, float], complaint: str | None
) -> None:
    changes = [Change(OLD, 0, 0), Change(NEW, 10, 13), Change(None, 20, 21)]
    seen = Seen(history={"a": changes})
    seen.check(citations, *asked)
    assert seen.wrong == [] if complaint is None else complaint in seen.wrong[0]


@pytest.mark.parametrize("path", ["/v1/ask", "/v1/chat/completions"])
@pytest.mark.parametrize(
    ("kind", "waits"),
    [("overloaded", True), (IndexBusy, True), (IndexUnreachable, False), (IndexDamaged, False)],
)
def test_only_a_full_queue_and_a_busy_writer_ask_to_wait(
    path: str, kind: str | type[IndexError_], waits: bool
) -> None:
    """A service whose index is away or damaged fails those who ask, whatever it says of coming again."""
    response = respond(path, kind) if isinstance(kind, str) else response_for(path, problem_of(kind("Why.")))
    body = bytes(response.body).decode()
    assert told_to_wait(response.status_code, "2", body) is waits
    assert not told_to_wait(response.status_code, None, body)
    assert not told_to_wait(503, "2", "<html>Bad gateway")
    assert not told_to_wait(500, "2", body)


@pytest.mark.parametrize(
    ("history", "held", "complaint"),
    [
        ([Change(OLD, 0, 0)], {"a": OLD}, None),
        ([Change(OLD, 0, 0)], {}, "a is lost"),
        ([Change(OLD, 0, 0), Change(NEW, 1, 2)], {"a": OLD}, "a ends with another text"),
        ([Change(OLD, 0, 0), Change(None, 1, 2)], {"a": OLD}, "a ends with another text"),
        ([Change(OLD, 0, 0), Change(None, 1, 2)], {}, None),
        ([Change(OLD, 0, 0), Change(NEW, 1, math.inf)], {"a": OLD}, None),  # broken off: either
        ([Change(OLD, 0, 0), Change(NEW, 1, math.inf)], {"a": NEW}, None),
        ([Change(OLD, 0, 0), Change(NEW, 1, math.inf)], {}, "a is lost"),
        ([Change(OLD, 0, math.inf)], {}, None),
        ([], {"a": OLD}, "a ends with another text"),
    ],
)
def test_what_is_lost_in_the_end_is_noticed(
    history: list[Change], held: dict[str, str], complaint: str | None
) -> None:
    seen = Seen(history={"a": history})
    seen.check_end(held, 100)
    assert seen.wrong == [] if complaint is None else complaint in seen.wrong[0]


def test_sixteen_clients_get_nothing_but_right_answers(tmp_path: Path) -> None:
    load = measure(tmp_path, SECONDS)
    assert not load.wrong
    assert load.exit_code == 0
    assert load.cited
    assert load.growth() < 1.05
    assert load.opened() < 1.1  # of some 60: connections come and go
    # 1.7 where nothing else runs, 5 to 7 beside other programs: the gate's machine may be shared, and
    # `make torture` holds the bound that is stated, 3.
    assert load.slowdown() < 10
    assert load.waits() <= 0.01
    assert {*ASKING, "search", "upload", "delete"} <= {*load.loaded}
