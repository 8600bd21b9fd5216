"""Replies of a model that are kept: asked once, judged again."""

from __future__ import annotations

from pathlib import Path

import pytest

from fakes import FakeGenerator
from qa.errors import GeneratorUnavailable, ServiceError
from qa.interfaces import Message
from qa_eval.replies import Replies

ASKED = [Message("user", "Why?")]


def test_a_kept_reply_is_not_asked_for_again(tmp_path: Path) -> None:
    file = tmp_path / "new" / "replies.jsonl"
    first = Replies(FakeGenerator("Because it is so.", "No.", size=4), file)
    said = list(first.generate(ASKED, None, 10))
    assert "".join(said) == "Because it is so."
    again = Replies(FakeGenerator(), file)
    assert list(again.generate(ASKED, None, 10)) == said
    assert list(first.generate(ASKED, None, 10)) == said
    assert "".join(first.generate(ASKED, {"type": "object"}, 10)) == "No."


def test_the_clock_counts_the_time_that_a_kept_reply_took(tmp_path: Path) -> None:
    file = tmp_path / "replies.jsonl"
    list(Replies(FakeGenerator("So."), file).generate(ASKED, None, 10))
    file.write_text(file.read_text().replace("]]}", '], [" it is.", 3600.0]]}'))
    kept = Replies(FakeGenerator(), file)
    began = kept.clock()
    assert "".join(kept.generate(ASKED, None, 10)) == "So. it is."
    assert kept.clock() - began >= 3600


def test_what_is_closed_is_kept_and_what_fails_is_not(tmp_path: Path) -> None:
    file = tmp_path / "replies.jsonl"
    model = FakeGenerator("Because it is so.", size=7)
    pieces = Replies(model, file).generate(ASKED, None, 10)
    assert next(pieces) == "Because"
    pieces.close()
    assert model.closed
    assert list(Replies(FakeGenerator(), file).generate(ASKED, None, 10)) == ["Because"]
    failing = Replies(FakeGenerator("So", error=GeneratorUnavailable("It is away.")), file)
    with pytest.raises(GeneratorUnavailable):
        list(failing.generate(ASKED, None, 20))
    assert "".join(Replies(FakeGenerator("So it is."), file).generate(ASKED, None, 20)) == "So it is."


def test_a_model_that_never_replied_is_not_measured(tmp_path: Path) -> None:
    model = FakeGenerator("", "So.", "", error=GeneratorUnavailable("It is away; start it."))
    replies = Replies(model, tmp_path / "replies.jsonl")
    with pytest.raises(ServiceError, match=r"It is away; start it\. Nothing is measured"):
        list(replies.generate(ASKED, None, 10))
    model.error = None
    assert "".join(replies.generate(ASKED, None, 10)) == "So."
    model.error = GeneratorUnavailable("It is away; start it.")
    with pytest.raises(GeneratorUnavailable):
        list(replies.generate(ASKED, None, 20))
