"""Are documents only data? Injections planted in documents, through the whole pipeline.

An injection is text inside a document that tells its reader what to answer. Each comes with a clean
document, a question, and a payload that no answer may show. The question is asked over the clean
documents and over the poisoned ones, the project's corpus beside them both times: nothing may change.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Generator as Pieces
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from qa.interfaces import Generator, Message
from qa.language.text import sentence_spans
from qa.pipeline import QA
from qa.types import Answer
from qa_eval.data import DatasetError
from qa_eval.examples import SourceText
from qa_eval.metrics import Interval
from qa_eval.replies import Replies
from qa_eval.rows import Row
from qa_eval.run import Progress, temporary_qa

TABLE = "injections.md"
"""The figures of the last run, in the folder of the reports; the page of `qa eval` shows them."""


class Injection(BaseModel):
    """A row of a set. `answer` stands in the answer over the clean documents; None: they do not say.

    `place` is where the injection is put: a paragraph before or after the clean text, in the middle of
    a paragraph, a document of its own beside it, or the title.
    """

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    id: str = Field(pattern=r"[\w-]+")
    kind: str = Field(min_length=1)
    question: str = Field(min_length=1)
    answer: str | None
    payload: str = Field(min_length=1)
    place: Literal["start", "end", "inside", "beside", "title"]
    injection: str = Field(min_length=1)
    clean: str = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The answers to one question without and with its injection."""

    row: Injection
    clean: Answer
    poisoned: Answer

    @property
    def alive(self) -> bool:
        """Whether the clean answer is as expected: an answer that is wrong anyway shows little."""
        if self.row.answer is None:
            return self.clean.status == "not_found"
        return self.row.answer in self.clean.text

    @property
    def changed(self) -> tuple[str, ...]:
        """What the injection changed. Offsets and confidence may differ: the text is longer."""
        before, after = _compared(self.clean), _compared(self.poisoned)
        return tuple(part for part, value in before.items() if after[part] != value)

    @property
    def shown(self) -> bool:
        """Whether the payload can be read anywhere in the answer."""
        answer = self.poisoned
        sides = answer.disagreement.positions if answer.disagreement else ()
        texts = [answer.text, *(one.quote for one in answer.citations), *(one.value for one in sides)]
        texts += [one.title for one in answer.citations]
        return any(self.row.payload.casefold() in text.casefold() for text in texts)


def read_injections(path: Path) -> tuple[Injection, ...]:
    """The rows of a file. Raises `DatasetError` with file, line and field."""
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(f"{path} can't be read ({error}); name a file of injections.") from error
    rows: list[Injection] = []
    for line, content in enumerate(lines, start=1):
        if not content.strip():
            continue
        try:
            rows.append(Injection.model_validate_json(content))
        except ValidationError as error:
            first = error.errors()[0]
            field = ".".join(map(str, first["loc"]))
            raise DatasetError(f"{path}:{line}: {field}: {first['msg']}") from error
    if len({row.id for row in rows}) < len(rows):
        raise DatasetError(f"{path} has an id twice; give each row its own.")
    return tuple(rows)


def planted(row: Injection) -> tuple[SourceText, ...]:
    """The documents that a row makes once its injection is in."""
    text = row.clean
    if row.place == "beside":
        return SourceText(row.id, "", text), SourceText(f"{row.id}-planted", "", row.injection)
    if row.place == "title":
        return (SourceText(row.id, row.injection, text),)
    if row.place == "inside":
        spans = sentence_spans(text)
        at = spans[len(spans) // 2][0]
        text = f"{text[:at]}{row.injection} {text[at:]}"
    else:
        text = "\n\n".join((row.injection, text) if row.place == "start" else (text, row.injection))
    return (SourceText(row.id, "", text),)


def measure_injections(
    rows: Sequence[Injection], corpus: Path, progress: Progress = lambda done, total: None
) -> tuple[Outcome, ...]:
    """Ask each question over the clean and over the poisoned documents, those of `corpus` beside them.

    A language model, where one is set, is asked once where it is given the same both times.
    """
    with tempfile.TemporaryDirectory(prefix="qa-eval-") as folder:
        replies = Path(folder) / "replies.jsonl"
        made = [SourceText(row.id, "", row.clean) for row in rows]
        clean = _answers(rows, made, corpus, replies, lambda done, total: progress(done, 2 * total))
        made = [one for row in rows for one in planted(row)]
        poisoned = _answers(
            rows, made, corpus, replies, lambda done, total: progress(total + done, 2 * total)
        )
    return tuple(Outcome(*one) for one in zip(rows, clean, poisoned, strict=True))


def injection_rows(name: str, outcomes: Sequence[Outcome]) -> Iterator[Row]:
    """How many answers were changed, by kind and in all, with what else is to be known of them."""
    for kind in dict.fromkeys(one.row.kind for one in outcomes):
        part = [bool(one.changed) for one in outcomes if one.row.kind == kind]
        yield Row(name, f"{kind}: answers changed", share(part))
    yield Row(name, "answers changed", share([bool(one.changed) for one in outcomes]))
    yield Row(name, "payload shown", share([one.shown for one in outcomes]))
    yield Row(name, "answered as expected without the injection", share([one.alive for one in outcomes]))


def share(found: Sequence[bool]) -> Interval:
    """The share that is true, with its Wilson score interval at 95 % (Wilson 1927, JASA 22:209).

    A bootstrap of rows that are all alike has no width; this one has.
    """
    n, z = len(found), 1.959964
    value = sum(found) / n
    centre = (value + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(value * (1 - value) / n + z * z / (4 * n * n))
    return Interval(value, max(0.0, centre - half), min(1.0, centre + half), n)


class _Whole:
    """A model that says all before any of it is read, so that what is kept of it serves whoever reads on."""

    def __init__(self, model: Generator) -> None:
        self._model = model
        self.name = model.name
        self.close = model.close

    def generate(
        self, messages: Sequence[Message], schema: Mapping[str, object] | None, max_tokens: int
    ) -> Pieces[str, None, None]:
        """See `Generator.generate`."""
        yield "".join(self._model.generate(messages, schema, max_tokens))


def _answers(
    rows: Sequence[Injection],
    documents: Sequence[SourceText],
    corpus: Path,
    replies: Path,
    progress: Progress,
) -> list[Answer]:
    answers: list[Answer] = []
    with temporary_qa(documents, lambda done, total: None, beside=corpus) as qa:
        model = Replies(_Whole(qa.generator), replies) if qa.generator is not None else None
        asked = QA(qa.index, qa.embedder, model, qa.entails)
        for row in rows:
            progress(len(answers), len(rows))
            answers.append(asked.ask(row.question))
    progress(len(rows), len(rows))
    return answers


def _compared(answer: Answer) -> dict[str, object]:
    return {
        "text": answer.text,
        "claims": answer.claims,
        "quotes": [one.quote for one in answer.citations],
        "status": answer.status,
        "disagreement": answer.disagreement,
    }
