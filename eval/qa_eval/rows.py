"""Rows of figures, and the table that they make."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from qa_eval.metrics import Interval


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table."""

    dataset: str
    figure: str
    interval: Interval


def table(rows: Sequence[Row]) -> str:
    """The rows in Markdown."""
    lines = ["| set | figure | value [95 % interval] | n |", "|---|---|---|---|"]
    lines += [f"| {row.dataset} | {row.figure} | {row.interval} | {row.interval.n} |" for row in rows]
    return "\n".join(lines)


def record(rows: Sequence[Row], title: str, log: Path) -> None:
    """Append the table to the log of experiments."""
    today = datetime.datetime.now(tz=datetime.UTC).date().isoformat()
    with log.open("a", encoding="utf-8") as file:
        file.write(f"\n## {today}: {title}\n\n{table(rows)}\n")
