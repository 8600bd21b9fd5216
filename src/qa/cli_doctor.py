"""`qa doctor`."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from qa.settings import Settings, load_settings

if TYPE_CHECKING:
    from qa.doctor.doctor import Diagnosis

_ROUNDS = 3
"""A damaged part may hide another: after a repair all is looked at again, and what shows then is mended."""


def doctor(
    repair: Annotated[bool, typer.Option("--repair", help="mend what is wrong")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="print the checks as JSON")] = False,
) -> None:
    """Look at every document, passage, word and vector of the index; exit with 1 where some are wrong."""
    settings = load_settings()
    diagnosis = _examined(settings)
    done: list[str] = []
    for _ in range(_ROUNDS if repair else 0):
        if diagnosis.healthy:
            break
        mended = _mended(settings, diagnosis)
        if not mended:
            break
        done += mended
        diagnosis = _examined(settings)
    if as_json:
        found = {"healthy": diagnosis.healthy, "repaired": done}
        typer.echo(json.dumps(found | {"checks": [asdict(one) for one in diagnosis.checks]}, indent=2))
    else:
        _print(diagnosis, done)
    if not diagnosis.healthy:
        raise typer.Exit(1)


def _examined(settings: Settings) -> Diagnosis:
    from qa.build import run_doctor

    with _bar() as bar:
        task = bar.add_task("looking", total=None)
        return run_doctor(
            settings,
            lambda name, done, total: bar.update(task, description=name, completed=done, total=total),
        )


def _mended(settings: Settings, diagnosis: Diagnosis) -> list[str]:
    from qa.build import run_repair

    with _bar() as bar:
        task = bar.add_task("repairing", total=None)
        return run_repair(
            settings,
            diagnosis,
            lambda name, done, total: bar.update(
                task, description=f"repairing {name}", completed=done, total=total
            ),
        )


def _bar() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    return Progress(*columns, console=Console(stderr=True), transient=True)


def _print(diagnosis: Diagnosis, done: list[str]) -> None:
    for sentence in done:
        typer.secho(sentence, fg=typer.colors.YELLOW)
    for one in diagnosis.checks:
        word, colour = ("ok   ", typer.colors.GREEN) if one.ok else ("WRONG", typer.colors.RED)
        todo = f"; {one.todo}." if one.todo else ""
        typer.echo(f"{typer.style(word, fg=colour)} {one.name}: {one.found}{todo}")
