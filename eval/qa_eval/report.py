"""summarise(results) → Report: what the table, the JSON file and the HTML page show."""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table

from qa.errors import QAError
from qa_eval.metrics import ROUNDS, Difference, Interval, Pair
from qa_eval.run import Result, Results
from qa_eval.scores import (
    Figures,
    by_type,
    compare,
    figures,
    losses,
    lower_is_better,
    question_rows,
    splits,
)

Json = dict[str, Any]
VERSION = 1
TRACED = 10
HIDDEN = "test"
"""The split whose questions are counted and not shown, unless it alone was asked for: reading is tuning."""


class BaselineError(QAError):
    """The report to compare with can't be used."""


@dataclass(frozen=True, slots=True)
class Failed:
    """A question that was lost, for the reader of the report."""

    id: str
    split: str
    type: str
    question: str
    expected: str
    answered: str
    status: str
    confidence: float
    stage: str
    rank: int | None


@dataclass(frozen=True, slots=True)
class SplitReport:
    """The figures of one split; `by_type` and `failed` are empty for the hidden one."""

    name: str
    questions: int
    figures: Figures
    changes: Mapping[str, Difference]
    losses: Mapping[str, int]
    by_type: Figures = field(default_factory=dict)
    failed: tuple[Failed, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """A whole run."""

    name: str
    created: str
    splits: tuple[SplitReport, ...]
    extra: Mapping[str, float]
    results: Results
    hidden: bool


def summarise(
    results: Results, baseline: Mapping[str, Mapping[str, Pair]] | None = None, *, rounds: int = ROUNDS
) -> Report:
    """All figures of a run; with `baseline` (see `read_baseline`) what has changed since.

    `rounds` is the number of bootstrap samples of each interval.
    """
    parts = splits(results)
    hidden = HIDDEN in parts and len(parts) > 1
    reports = tuple(
        _split_report(name, part, baseline, rounds, shown=not (hidden and name == HIDDEN))
        for name, part in parts.items()
    )
    created = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    return Report(results.name, created, reports, results.extra, results, hidden)


def _split_report(
    name: str,
    part: Sequence[Result],
    baseline: Mapping[str, Mapping[str, Pair]] | None,
    rounds: int,
    *,
    shown: bool,
) -> SplitReport:
    return SplitReport(
        name=name,
        questions=len(part),
        figures=figures(part, rounds=rounds),
        changes=compare(part, baseline) if baseline is not None else {},
        losses=losses(part),
        by_type=by_type(part, rounds=rounds) if shown else {},
        failed=tuple(_failed(one) for one in part if not one.judgement.right) if shown else (),
    )


def _failed(one: Result) -> Failed:
    return Failed(
        id=one.example.id,
        split=one.example.split,
        type=one.example.type,
        question=one.example.question,
        expected=expected(one),
        answered=str(one.wire["answer"]),
        status=one.reply.status,
        confidence=one.reply.confidence,
        stage=str(one.judgement.loss),
        rank=one.judgement.rank,
    )


def expected(one: Result) -> str:
    """What a right answer would have been, in a line."""
    example = one.example
    if not example.answerable:
        return "that the documents do not say"
    if example.positions:
        return f"{example.conflict}: " + " against ".join(position.value for position in example.positions)
    if example.answers:
        return (" and " if example.together else " or ").join(example.answers)
    return "from " + " or ".join(span.document_id for span in example.evidence)


def table(report: Report, floors: Mapping[str, Mapping[str, float]] | None = None) -> Table:
    """The figures as a table for the terminal; a column for each split, its floor and its change."""
    shown = Table(title=f"{report.name}: 95 % intervals by bootstrap", title_justify="left", box=SIMPLE_HEAD)
    shown.add_column("figure")
    for split in report.splits:
        shown.add_column(f"{split.name} (n={split.questions})", justify="right")
        if floors and floors.get(split.name):
            shown.add_column("floor", justify="right")
        if split.changes:
            shown.add_column("change (p)", justify="right")
    for name in dict.fromkeys(name for split in report.splits for name in split.figures):
        cells = [f"{name} ↓" if lower_is_better(name) else name]
        for split in report.splits:
            cells += _cells(split, name, (floors or {}).get(split.name))
        shown.add_row(*cells)
    for name, value in report.extra.items():
        shown.add_row(name, f"{value:.3f}")
    return shown


def _cells(split: SplitReport, name: str, floors: Mapping[str, float] | None) -> list[str]:
    cells = [number(split.figures.get(name), name)]
    if floors:
        cells.append(f"{floors[name]:g}" if name in floors else "")
    if split.changes:
        change = split.changes.get(name)
        cells.append(f"{change.value:+.3f} ({change.p:.3f})" if change else "")
    return cells


def number(interval: Interval | None, name: str) -> str:
    """A figure with its interval at the precision that its unit deserves."""
    if interval is None:
        return "–"
    digits = 1 if name.endswith("_ms") else 3
    return f"{interval.value:.{digits}f} [{interval.low:.{digits}f}, {interval.high:.{digits}f}]"


def write_json(report: Report, path: Path) -> None:
    """The figures and, for every question, what a later run is compared with.

    Answers are left out for the hidden split.
    """
    body = {
        "version": VERSION,
        "name": report.name,
        "created": report.created,
        "splits": {split.name: _split_json(split) for split in report.splits},
        "extra": dict(report.extra),
        "problems": [asdict(one) for one in report.results.problems],
        "questions": [_question_json(one, report.hidden) for one in report.results.results],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(body, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _split_json(split: SplitReport) -> Json:
    return {
        "questions": split.questions,
        "figures": {name: asdict(one) for name, one in split.figures.items()},
        "changes": {name: asdict(one) for name, one in split.changes.items()},
        "losses": dict(split.losses),
        "by_type": {name: asdict(one) for name, one in split.by_type.items()},
    }


def _question_json(one: Result, hidden: bool) -> Json:
    rows: Json = {"id": one.example.id, "split": one.example.split, "rows": question_rows(one)}
    if hidden and one.example.split == HIDDEN:
        return rows
    trace = {key: places[:TRACED] for key, places in (one.wire.get("trace") or {}).items()}
    answer = {**one.wire, "trace": trace}
    return {**rows, "stage": one.judgement.loss, "expected": expected(one), "answer": answer}


def read_baseline(path: Path) -> dict[str, dict[str, Pair]]:
    """The rows of an earlier report, by question and metric. Raises `BaselineError`."""
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
        if body["version"] != VERSION:
            raise BaselineError(f"{path} is a report of version {body['version']}; make it again.")
        return {
            one["id"]: {name: (float(x), float(y)) for name, (x, y) in one["rows"].items()}
            for one in body["questions"]
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BaselineError(f"{path} is no report of 'qa eval' ({error}); name its .json file.") from error
