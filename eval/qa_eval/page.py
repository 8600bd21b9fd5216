"""write_html(report) → one file that opens in a browser with no network."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import numpy as np
from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from qa_eval import plots
from qa_eval.injections import TABLE
from qa_eval.metrics import Rows
from qa_eval.report import Report, number
from qa_eval.run import Result
from qa_eval.scores import BY_NAME, lower_is_better, splits

THRESHOLDS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)


def write_html(report: Report, path: Path) -> None:
    """Write the page; everything that comes from documents or questions is escaped."""
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    template = environment.from_string(files("qa_eval").joinpath("report.html.jinja").read_text("utf-8"))
    names = list(dict.fromkeys(name for split in report.splits for name in split.figures))
    injections = path.parent / TABLE
    page = template.render(
        report=report,
        injections=injections.read_text("utf-8") if injections.is_file() else "",
        names=names,
        number=number,
        lower_is_better=lower_is_better,
        plots=_plots(report),
        thresholds=_thresholds(report),
        failed=[one for split in report.splits for one in split.failed],
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page, encoding="utf-8")


def _plots(report: Report) -> list[tuple[str, Markup]]:
    parts = splits(report.results)
    if not parts:
        return []
    answered = {name: float(np.mean([not one.reply.refused for one in part])) for name, part in parts.items()}
    shown = next(split for split in report.splits if split.by_type)
    made = [
        ("Reliability: is the confidence true?", plots.reliability(_by_split(parts, "brier"))),
        ("Risk and coverage: what does answering less gain?", plots.risk(_by_split(parts, "aurc"), answered)),
        (f"Score by question type ({shown.name})", plots.types(shown.by_type)),
        ("Latency", plots.latency([one.latency_ms for part in parts.values() for one in part])),
    ]
    # matplotlib escapes what it writes; this is the only markup that is trusted.
    return [(title, Markup(svg)) for title, svg in made]


def _by_split(parts: dict[str, list[Result]], metric: str) -> dict[str, Rows]:
    row = BY_NAME[metric].row
    return {name: np.array([row(one) for one in part], dtype=float) for name, part in parts.items()}


def _thresholds(report: Report) -> list[dict[str, float]]:
    """What each threshold would do to the split that is shown: the table to choose one from."""
    parts = splits(report.results)
    shown = next((split.name for split in report.splits if split.by_type), "")
    part = parts.get(shown, [])
    answerable = [one for one in part if one.example.answerable]
    rows = []
    for threshold in THRESHOLDS:
        answered = [one for one in part if one.reply.confidence >= threshold]
        rows.append(
            {
                "threshold": threshold,
                "coverage": len(answered) / max(len(part), 1),
                "risk": 1 - sum(one.judgement.best_right for one in answered) / len(answered)
                if answered
                else 0.0,
                "false_refusals": _refused(answerable, threshold),
                "right_refusals": _refused([one for one in part if not one.example.answerable], threshold),
            }
        )
    return rows


def _refused(part: list[Result], threshold: float) -> float:
    return sum(one.reply.confidence < threshold for one in part) / max(len(part), 1)
