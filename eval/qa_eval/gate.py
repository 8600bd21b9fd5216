"""The gate: no figure of a gold set may fall below its floor in floors.toml."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from qa.errors import QAError
from qa_eval.report import Report
from qa_eval.scores import BY_NAME, lower_is_better

Floors = Mapping[str, Mapping[str, float]]
"""Floors by split and figure; ceilings where less is better. The split "extra" is of the verifier."""

EXTRA = "extra"
EXTRA_NAMES = ("faults_stopped", "sound_drafts_kept")

SPLITS = ("dev", "test", "all", EXTRA)


class FloorsError(QAError):
    """The file of floors can't be used."""


@dataclass(frozen=True, slots=True)
class Breach:
    """A figure below its floor (above it, where less is better); `value` None: it was not measured."""

    split: str
    name: str
    value: float | None
    floor: float

    def __str__(self) -> str:
        if self.value is None:
            return f"{self.name} ({self.split}) was not measured; its floor is {self.floor:g}."
        worse = "above" if lower_is_better(self.name) else "below"
        return f"{self.name} ({self.split}) is {self.value:.4f}, {worse} {self.floor:g}."


def read_floors(path: Path, name: str) -> Floors:
    """The floors of the set of that name; empty where the file has none. Raises `FloorsError`."""
    if not path.exists():
        raise FloorsError(f"{path} does not exist; name the file of the floors, or none.")
    try:
        floors: Floors = tomllib.loads(path.read_text(encoding="utf-8")).get(name, {})
    except (OSError, ValueError) as error:
        raise FloorsError(f"{path} can't be read ({error}); correct it.") from error
    for split, figures in floors.items():
        if split not in SPLITS:
            raise FloorsError(f"{path}: [{name}.{split}] is no split; there are {', '.join(SPLITS)}.")
        unknown = set(figures) - (set(EXTRA_NAMES) if split == EXTRA else set(BY_NAME))
        if unknown:
            raise FloorsError(
                f"{path}: [{name}.{split}] names no figure of ours: {', '.join(sorted(unknown))}."
            )
        for figure, floor in figures.items():
            if not isinstance(floor, int | float) or isinstance(floor, bool) or not math.isfinite(floor):
                raise FloorsError(f"{path}: {figure} of [{name}.{split}] is {floor!r}; give it a number.")
    return floors


def breaches(report: Report, floors: Floors, *, in_process: bool = True, whole: bool = False) -> list[Breach]:
    """Every figure that misses its floor, or that a floor asks for and nothing measured.

    Splits that were not run are passed over, unless the `whole` set was to be run; the verifier's
    figures can't be had over HTTP.
    """
    found = []
    measured = {
        split.name: {name: one.value for name, one in split.figures.items()} for split in report.splits
    }
    if in_process:
        measured[EXTRA] = dict(report.extra)
    for split, wanted in floors.items():
        asked_for = split in measured or (whole and split != EXTRA)
        for name, floor in wanted.items() if asked_for else ():
            value = measured.get(split, {}).get(name)
            # Said so that a figure which is no number ("nan") misses it.
            if value is None or not (value <= floor if lower_is_better(name) else value >= floor):
                found.append(Breach(split, name, value, floor))
    return found
