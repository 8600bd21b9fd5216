"""The plots of the reports, each as one inline SVG element that needs nothing from elsewhere."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from qa_eval.metrics import Interval, Rows, calibration_bins, risk_coverage

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7")
"""Told apart by the colour-blind too (Okabe and Ito 2008)."""
_WIDTH, _HEIGHT = 5.6, 4.2


def reliability(rows: Mapping[str, Rows]) -> str:
    """Stated confidence against the share of questions that the documents answer, by split, in ten bins."""
    figure, axes = _axes("Confidence stated", "Share answerable")
    axes.plot([0, 1], [0, 1], color="#888", linestyle="--", linewidth=1, label="perfect")
    for colour, (name, split) in zip(COLOURS, rows.items(), strict=False):
        bins = calibration_bins(split)
        stated, found, counts = zip(*bins, strict=True)
        # The standard error of a share, so that a bin of twelve questions is not taken at its word.
        errors = [np.sqrt(max(f * (1 - f), 0.0) / n) for f, n in zip(found, counts, strict=True)]
        axes.errorbar(
            stated, found, yerr=errors, marker="o", capsize=3, color=colour, label=f"{name} (±1 s.e.)"
        )
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
    figure.legend(loc="outside lower center", ncols=3)
    return _svg(figure, "reliability")


def risk(rows: Mapping[str, Rows], answered: Mapping[str, float]) -> str:
    """Share of wrong answers among the most confident; a dot where the threshold now stands."""
    figure, axes = _axes("Coverage: share of all questions answered", "Risk: share of these answered wrongly")
    for colour, (name, split) in zip(COLOURS, rows.items(), strict=False):
        coverage, wrong = risk_coverage(split)
        axes.plot(coverage, wrong, color=colour, label=name)
        now = round(answered[name] * len(coverage))
        if now:
            axes.plot(coverage[now - 1], wrong[now - 1], "o", color=colour, label=f"{name}, threshold now")
    axes.set(xlim=(0, 1.02), ylim=(-0.02, 1.02))
    figure.legend(loc="outside lower center", ncols=2)
    return _svg(figure, "risk-coverage")


def types(scores: Mapping[str, Interval]) -> str:
    """Accuracy of each type of question with its interval, the best at the top."""
    ordered = sorted(scores.items(), key=lambda pair: pair[1].value)
    figure, axes = _axes("Accuracy, 95 % interval", "", height=max(1.6 + 0.28 * len(ordered), 2.4))
    for row, (_, one) in enumerate(ordered):
        axes.barh(row, one.value, color=COLOURS[0], height=0.65)
        axes.plot([one.low, one.high], [row, row], color="#222", linewidth=1.2)
    axes.set(
        xlim=(0, 1.02), yticks=range(len(ordered)), yticklabels=[f"{name} ({one.n})" for name, one in ordered]
    )
    axes.grid(axis="y", visible=False)
    return _svg(figure, "types")


def latency(milliseconds: Sequence[float]) -> str:
    """How long questions took, with the median and the 95th percentile."""
    figure, axes = _axes("Milliseconds a question", "Questions")
    axes.hist(milliseconds, bins=30, color=COLOURS[0])
    for colour, q in zip(COLOURS[1:], (50, 95), strict=False):
        value = float(np.percentile(milliseconds, q))
        axes.axvline(value, color=colour, linestyle="--", label=f"p{q}: {value:.1f} ms")
    axes.set_xlim(left=0)
    axes.legend(loc="upper right")
    return _svg(figure, "latency")


def comparison(panels: Mapping[str, Mapping[str, Sequence[float]]]) -> str:
    """One panel a measure with a bar a system, the median of its rounds, and a line from least to most."""
    figure = Figure(figsize=(_WIDTH, 1.2 * len(panels) + 0.6), layout="constrained")
    for axes, (name, systems) in zip(
        figure.subplots(len(panels), squeeze=False)[:, 0], panels.items(), strict=True
    ):
        for row, values in enumerate(systems.values()):
            colour = COLOURS[0] if row == 0 else "#999"
            axes.barh(row, float(np.median(values)), color=colour, height=0.65)
            axes.plot([min(values), max(values)], [row, row], color="#222", linewidth=1.2)
        axes.set_title(name, fontsize=9, loc="left")
        axes.set(yticks=range(len(systems)), yticklabels=list(systems))
        axes.invert_yaxis()
        axes.spines[["top", "right"]].set_visible(False)
    return _svg(figure, "comparison")


def _axes(across: str, up: str, height: float = _HEIGHT) -> tuple[Figure, Axes]:
    # A bare Figure, not pyplot's: no window system, no global state.
    figure = Figure(figsize=(_WIDTH, height), layout="constrained")
    axes = figure.subplots()
    axes.set(xlabel=across, ylabel=up)
    axes.grid(color="#ddd", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _svg(figure: Figure, name: str) -> str:
    # Text stays text, in the reader's font; ids are salted, since all plots share one page.
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": name, "font.family": "sans-serif"}):
        file = io.StringIO()
        figure.savefig(file, format="svg", metadata=dict.fromkeys(("Creator", "Date", "Format", "Type")))
    whole = file.getvalue()
    return whole[whole.index("<svg") :]
