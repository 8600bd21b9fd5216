"""The `qa` command; the only file that prints, with the commands of the entry-point group `qa.commands`."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from qa.errors import QAError
from qa.settings import Settings, load_settings

if TYPE_CHECKING:
    from qa.ingest import Report
    from qa.types import Answer

app = typer.Typer(
    help="Answers questions from a folder of documents and quotes its sources.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
# What is heavy is imported inside the commands: 'qa --help' loads neither torch nor chromadb.


@app.command("ingest")
def ingest_command(
    paths: Annotated[
        list[Path] | None, typer.Argument(help="files or folders; the corpus folder by default")
    ] = None,
    quiet: Annotated[bool, typer.Option(help="say only what failed")] = False,
) -> None:
    """Bring the index up to date with files."""
    settings = load_settings()
    report = _ingest(settings, paths or [settings.corpus], quiet=quiet)
    if report.failed:
        raise typer.Exit(2)


@app.command()
def ask(
    question: Annotated[str, typer.Argument(help="the question, in quotation marks")],
    as_json: Annotated[bool, typer.Option("--json", help="print what POST /v1/ask would")] = False,
) -> None:
    """Answer a question."""
    from qa.build import build_qa
    from qa.wire import wire_answer

    answer = build_qa(load_settings()).ask(question)
    if as_json:
        typer.echo(json.dumps(wire_answer(answer), ensure_ascii=False, indent=2))
    else:
        _print_answer(answer)


@app.command()
def search(
    query: Annotated[str, typer.Argument(help="what to look for")],
    k: Annotated[int, typer.Option(min=1, max=100, help="how many passages")] = 5,
) -> None:
    """List the passages that fit a query best."""
    from qa.build import build_qa

    for found in build_qa(load_settings()).search(query, k):
        typer.secho(f"{found.document_id} {found.start}-{found.end}  {found.score:.3f}", bold=True)
        typer.echo(f"  {found.text}\n")


@app.command()
def status() -> None:
    """Say what the index holds and whether it can answer."""
    from qa.build import build_qa

    settings = load_settings()
    qa = build_qa(settings)
    counts = qa.counts()
    typer.echo(
        f"The index in {settings.index} holds {counts.documents} documents in {counts.passages} passages."
    )
    for document in qa.documents():
        typer.echo(f"  {document.id}  {document.published or 'undated':<10}  {document.title}")


def sync_corpus(settings: Settings) -> None:
    """Bring the index up to date with the corpus folder, saying what was done.

    Raises what `qa ingest` fails with; a file that can't be read is reported and left out.
    """
    _ingest(settings, [settings.corpus], quiet=False)


def _ingest(settings: Settings, paths: Sequence[Path], *, quiet: bool) -> Report:
    from qa.build import run_ingest

    columns = (TextColumn("Indexing passages"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), disable=quiet) as bar:
        task = bar.add_task("", total=None)
        report = run_ingest(
            settings, paths, lambda done, total: bar.update(task, completed=done, total=total)
        )
    if not quiet:
        names = ("added", "changed", "removed", "unchanged", "failed")
        counts = ", ".join(f"{len(getattr(report, name))} {name}" for name in names)
        typer.echo(f"Index in {settings.index}: {counts}.")
    for failure in report.failed:
        _complain(failure.reason)
    return report


def _print_answer(answer: Answer) -> None:
    typer.secho(answer.text, bold=True)
    if answer.standalone_question != answer.question:
        typer.echo(f"(understood as: {answer.standalone_question})")
    typer.echo(f"Confidence: {answer.confidence:.0%}")
    for one in answer.citations:
        dated = f", {one.published}" if one.published else ""
        typer.echo(f"[{one.number}] {one.title}{dated} ({one.document_id}, characters {one.start}-{one.end})")
        for note in one.notes:
            typer.echo(f"    “{note.phrase}”: {note.meaning}")


def _complain(message: str) -> None:
    typer.secho(f"qa: {message}", fg=typer.colors.RED, err=True)


def main() -> None:
    """Run the command line: errors meant for the user are one line, and the exit code is 2."""
    for command in entry_points(group="qa.commands"):
        loaded = command.load()
        if isinstance(loaded, typer.Typer):
            app.add_typer(loaded, name=command.name)
        else:
            app.command(command.name)(loaded)
    try:
        app()
    except QAError as error:
        _complain(str(error))
        sys.exit(2)
