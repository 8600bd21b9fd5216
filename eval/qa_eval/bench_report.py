"""The benchmark's table, its JSON and its plot."""

from __future__ import annotations

import datetime
import json
import platform
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from qa_eval.bench import LANGCHAIN, TXTAI, Measure, Plan
from qa_eval.plots import comparison


def table(measures: Sequence[Measure]) -> str:
    """The measures in Markdown: medians of the rounds, their spread, and how many times better ours is."""
    systems = list(dict.fromkeys(system for one in measures for system in one.values))
    compared = [system for system in (LANGCHAIN, TXTAI) if system in systems]
    head = ["measure", *systems, *(f"ours : {system}" for system in compared), "target"]
    lines = [_line(head), _line(["---"] * len(head))]
    for one in measures:
        figures = [_spread(one.values.get(system, ()), one.unit) for system in systems]
        ratios = [_spread(one.ratios(system), "×") for system in compared]
        lines.append(_line([one.name, *figures, *ratios, one.target]))
    return "\n".join(lines)


def write_report(measures: Sequence[Measure], plan: Plan, folder: Path) -> Path:
    """`bench.json` with every round, and `bench.svg`; gives the path of the JSON."""
    folder.mkdir(parents=True, exist_ok=True)
    whole = {
        "plan": {name: str(value) for name, value in asdict(plan).items()},
        "machine": machine(),
        "measures": [asdict(one) for one in measures],
    }
    file = folder / "bench.json"
    file.write_text(json.dumps(whole, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    panels = {f"{one.name}, {one.unit}": one.values for one in measures if len(one.values) > 1}
    if panels:
        (folder / "bench.svg").write_text(comparison(panels), encoding="utf-8")
    return file


def log(measures: Sequence[Measure], plan: Plan, minutes: float, file: Path) -> None:
    """Append the table to the log of experiments."""
    today = datetime.datetime.now(tz=datetime.UTC).date().isoformat()
    title = f"{plan.passages:,} passages beside the peers" if plan.peers else f"{plan.passages:,} passages"
    note = (
        f"{machine()}; {plan.rounds} rounds, {plan.ingests} ingestion(s), {plan.questions} questions,"
        f" {minutes:.0f} minutes. Medians of the rounds, least to most in brackets; ratios above 1: ours is"
        " better."
    )
    with file.open("a", encoding="utf-8") as out:
        out.write(f"\n## {today}: {title} (`make bench`)\n\n{note}\n\n{table(measures)}\n")


def machine() -> str:
    """The processor, as far as it is known."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.is_file() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{len(models)} × {models[0]}" if models else platform.machine()


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _spread(values: Sequence[float], unit: str) -> str:
    """Median, and least to most where there are several."""
    if not values:
        return ""
    middle, low, high = np.median(values), min(values), max(values)
    between = f" ({_plain(low)} to {_plain(high)})" if len(values) > 1 else ""
    return f"{_plain(float(middle))}{between} {unit if unit != 'share' else ''}".rstrip()


def _plain(value: float) -> str:
    """Three digits that count."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.3g}"
