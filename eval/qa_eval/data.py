"""load(path) → Dataset: our gold rows, SQuAD's JSON, BEIR's folders; the content says which.

A row that cannot be used is a `Problem` with its file, line and field; the others still load.
"""

from __future__ import annotations

import csv
import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from qa.documents.load import normalise
from qa.errors import QAError
from qa.types import Turn
from qa_eval.examples import Dataset, Example, GoldPosition, GoldSpan, Problem, SourceText
from qa_eval.public import as_dataset, is_public, read_public

Json = dict[str, Any]


class DatasetError(QAError):
    """A question set is missing or of no known format."""


def load(path: Path) -> Dataset:
    """Read a question set. Raises `DatasetError`; what is wrong with single rows is in `problems`."""
    if path.is_dir():
        if (path / "corpus.jsonl").is_file() and (path / "queries.jsonl").is_file():
            return as_dataset(read_public(path)) if is_public(path) else _load_beir(path)
        raise DatasetError(f"{path} is a folder without corpus.jsonl and queries.jsonl; name a question set.")
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(f"{path} can't be read ({error}); name a question set.") from error
    try:
        whole = json.loads(text)
    except json.JSONDecodeError:
        whole = None  # several lines of JSON are no JSON
    if isinstance(whole, dict) and isinstance(whole.get("data"), list):
        return _load_squad(path, whole["data"])
    return _load_gold(path, text)


# Our own format: one JSON object a line


class _Row(BaseModel):
    model_config = ConfigDict(strict=True)


class _Evidence(_Row):
    document_id: str = Field(min_length=1)
    start: int = Field(ge=0)
    end: int
    quote: str = Field(min_length=1)
    sufficient: bool = True

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.end - self.start != len(self.quote):
            raise ValueError(
                f"the quote has {len(self.quote)} characters, end - start is {self.end - self.start}"
            )
        return self


class _Position(_Row):
    value: str
    evidence: list[int] = Field(min_length=1)


class _Turn(_Row):
    role: Literal["user", "assistant"]
    content: str


class GoldRow(_Row):
    """A line of a gold file; fields that are not named here are ignored."""

    question: str = Field(min_length=1)
    answerable: bool
    id: str = ""
    answers: list[str] = []
    evidence: list[_Evidence] = []
    related: list[_Evidence] = []
    conflict: Literal["value", "as_of"] | None = None
    positions: list[_Position] = []
    type: str = "question"
    asks: str = ""
    split: Literal["dev", "test", "all"] = "all"
    history: list[_Turn] = []
    documents: list[str] | None = None

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.answerable != bool(self.answers or self.evidence):
            raise ValueError("an answerable row has answers or evidence, an unanswerable one has neither")
        if bool(self.conflict) != (len(self.positions) > 1):
            raise ValueError("a conflict has at least two positions, anything else has none")
        if any(not 0 <= i < len(self.evidence) for one in self.positions for i in one.evidence):
            raise ValueError("a position names evidence that is not there")
        return self


def _load_gold(path: Path, text: str) -> Dataset:
    examples, problems, drafts = [], [], 0
    for line, content in enumerate(text.split("\n"), start=1):  # a string may hold other line ends
        if not content.strip():
            continue
        try:
            row = json.loads(content)
            if isinstance(row, dict) and row.get("draft") is True:
                drafts += 1
                continue
            examples.append(_gold_example(GoldRow.model_validate(row), f"{path.stem}-{line}"))
        except json.JSONDecodeError as error:
            problems.append(Problem(str(path), line, "", f"not JSON: {error.msg} at column {error.colno}"))
        except ValidationError as error:
            problems += [_problem(path, line, one) for one in error.errors()]
    repeated = _repeated_ids(examples)
    problems += [Problem(str(path), None, "id", f"'{one}' is used twice") for one in sorted(repeated)]
    kept = tuple(one for one in examples if one.id not in repeated)
    return Dataset(path.stem, kept, problems=tuple(problems), drafts=drafts)


def _gold_example(row: GoldRow, default_id: str) -> Example:
    first = next(iter(row.evidence or row.related), None)
    return Example(
        id=row.id or default_id,
        question=row.question,
        answerable=row.answerable,
        answers=tuple(row.answers),
        evidence=tuple(GoldSpan(**one.model_dump()) for one in row.evidence),
        conflict=row.conflict,
        positions=tuple(GoldPosition(one.value, tuple(one.evidence)) for one in row.positions),
        type=row.type,
        asks=row.asks,
        split=row.split,
        history=tuple(Turn(one.role, one.content) for one in row.history),
        documents=tuple(row.documents) if row.documents is not None else None,
        group=f"{first.document_id}:{first.start}" if first else row.id or default_id,
    )


def _problem(path: Path, line: int, error: Any) -> Problem:
    return Problem(
        str(path), line, ".".join(map(str, error["loc"])), error["msg"].removeprefix("Value error, ")
    )


def _repeated_ids(examples: list[Example]) -> set[str]:
    seen: set[str] = set()
    return {one.id for one in examples if one.id in seen or seen.add(one.id)}  # type: ignore[func-returns-value]


# SQuAD 1.1 and 2.0: a paragraph is a document


class _SquadAnswer(_Row):
    text: str = Field(min_length=1)
    answer_start: int = Field(ge=0)


class _SquadQuestion(_Row):
    id: str | int
    question: str = Field(min_length=1)
    answers: list[_SquadAnswer] = []
    is_impossible: bool = False


def _load_squad(path: Path, articles: list[Any]) -> Dataset:
    examples: list[Example] = []
    documents: list[SourceText] = []
    problems: list[Problem] = []
    for where, title, paragraph in _squad_paragraphs(articles):
        if not isinstance(paragraph, dict) or not isinstance(paragraph.get("context"), str):
            problems.append(Problem(str(path), None, f"{where}.context", "is not a string"))
            continue
        document = SourceText(file_id(f"paragraph-{len(documents):05d}"), title, paragraph["context"])
        documents.append(document)
        rows = paragraph.get("qas", [])
        if not isinstance(rows, list):
            problems.append(Problem(str(path), None, f"{where}.qas", "is not a list"))
            continue
        for number, row in enumerate(rows):
            try:
                examples.append(_squad_example(_SquadQuestion.model_validate(row), document))
            except ValidationError as error:
                for one in error.errors():
                    field = ".".join(map(str, (where, "qas", number, *one["loc"])))
                    problems.append(Problem(str(path), None, field, one["msg"]))
            except ValueError as error:
                problems.append(Problem(str(path), None, f"{where}.qas.{number}.answers", str(error)))
    return Dataset(path.stem, tuple(examples), tuple(documents), tuple(problems))


def _squad_paragraphs(articles: list[Any]) -> Iterator[tuple[str, str, Any]]:
    for a, article in enumerate(articles):
        paragraphs = article.get("paragraphs", []) if isinstance(article, dict) else []
        title = str(article.get("title", "")).replace("_", " ") if isinstance(article, dict) else ""
        # What is no list is one paragraph that is none, so that it is reported.
        for p, paragraph in enumerate(paragraphs if isinstance(paragraphs, list) else [paragraphs]):
            yield f"data.{a}.paragraphs.{p}", title, paragraph


def _squad_example(row: _SquadQuestion, document: SourceText) -> Example:
    spans = []
    for one in row.answers:
        end = one.answer_start + len(one.text)
        if document.text[one.answer_start : end] != one.text:
            raise ValueError(f"'{one.text}' does not stand at {one.answer_start}")
        start = len(normalise(document.text[: one.answer_start]))
        spans.append(GoldSpan(document.id, start, start + len(normalise(one.text)), one.text))
    answerable = bool(spans) and not row.is_impossible
    return Example(
        id=str(row.id),
        question=row.question,
        answerable=answerable,
        answers=tuple(dict.fromkeys(one.text for one in row.answers)) if answerable else (),
        evidence=tuple(dict.fromkeys(spans)) if answerable else (),
        type="answerable" if answerable else "unanswerable",
        group=document.id,
    )


# BEIR: corpus.jsonl, queries.jsonl, qrels


def _load_beir(path: Path) -> Dataset:
    problems: list[Problem] = []
    documents = [
        SourceText(file_id(row["_id"]), str(row.get("title") or ""), row["text"])
        for row in _beir_rows(path / "corpus.jsonl", problems)
    ]
    judged = _qrels(path, problems)
    examples = [
        _beir_example(row["_id"], row["text"], judged[row["_id"]])
        for row in _beir_rows(path / "queries.jsonl", problems)
        if row["_id"] in judged  # as in BEIR: what nobody judged is not asked
    ]
    return Dataset(path.name, tuple(examples), tuple(documents), tuple(problems))


def _beir_rows(path: Path, problems: list[Problem]) -> Iterator[Json]:
    for line, content in enumerate(path.read_text(encoding="utf-8").split("\n"), start=1):
        if not content.strip():
            continue
        try:
            row = json.loads(content)
        except json.JSONDecodeError as error:
            problems.append(Problem(str(path), line, "", f"not JSON: {error.msg}"))
            continue
        wrong = [
            key for key in ("_id", "text") if not isinstance(row, dict) or not isinstance(row.get(key), str)
        ]
        problems += [Problem(str(path), line, key, "is not a string") for key in wrong]
        if not wrong:
            yield row


def _qrels(folder: Path, problems: list[Problem]) -> dict[str, dict[str, int]]:
    """Grades by question and document, of the test split where there are several."""
    files = [folder / "qrels" / "test.tsv", folder / "qrels.tsv", *sorted((folder / "qrels").glob("*.tsv"))]
    path = next((one for one in files if one.is_file()), None)
    if path is None:
        raise DatasetError(f"{folder} has no qrels/test.tsv; add the judgements.")
    judged: dict[str, dict[str, int]] = {}
    with path.open(encoding="utf-8", newline="") as file:
        for line, row in enumerate(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE), start=1):
            if line == 1 and row[-1:] == ["score"]:
                continue
            if len(row) < 3 or not re.fullmatch(r"-?\d+", row[-1]):
                problems.append(Problem(str(path), line, "score", "is not a whole number in a third column"))
                continue
            judged.setdefault(row[0], {})[file_id(row[-2])] = int(row[-1])
    return judged


def _beir_example(question_id: str, text: str, grades: dict[str, int]) -> Example:
    relevant = [document for document, grade in grades.items() if grade > 0]
    return Example(
        id=question_id,
        question=text,
        answerable=bool(relevant),
        evidence=tuple(GoldSpan(document) for document in relevant),
        grades=tuple(grades.items()),
    )


def file_id(name: str) -> str:
    """The id of a document that a set calls `name`, fit for the name of a file."""
    if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}", name):
        return name
    return "sha-" + hashlib.sha256(name.encode()).hexdigest()[:24]
