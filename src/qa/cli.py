"""The `qa` command; the only file that prints, with the commands of the entry-point group `qa.commands`."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
import typer.core

from qa.cli_doctor import doctor
from qa.errors import QAError, SettingsError
from qa.progress import IngestBar
from qa.settings import Settings, load_settings

if TYPE_CHECKING:
    from qa.sync.reading import Report
    from qa.types import Turn

app = typer.Typer(
    help="Answers questions from a folder of documents and quotes its sources.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
# What is heavy is imported inside the commands: 'qa --help' loads neither torch nor chromadb.


_CLUSTER_ADDRESS = re.compile(r"[^/\s]+:\d+")


class _WithOptionalAddress(typer.core.TyperCommand):
    """Lets --ray stand alone, which Typer knows no way to say: what follows it may be a path as well."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        given = list(args)
        if "--ray" in given:
            place = given.index("--ray")
            if not _CLUSTER_ADDRESS.fullmatch("".join(given[place + 1 : place + 2])):
                given.insert(place + 1, "local")
        return super().parse_args(ctx, given)


@app.command("ingest", cls=_WithOptionalAddress)
def ingest_command(
    paths: Annotated[
        list[Path] | None, typer.Argument(help="files or folders; the corpus folder by default")
    ] = None,
    watch: Annotated[bool, typer.Option(help="go on until Ctrl-C, following what changes")] = False,
    quiet: Annotated[bool, typer.Option(help="say only what failed")] = False,
    ray: Annotated[
        str | None,
        typer.Option(
            metavar="[HOST:PORT]",
            help="read and encode on that Ray cluster, or on one made for it",
        ),
    ] = None,
) -> None:
    """Bring the index up to date with files. The exit code is 2 if any could not be read."""
    settings = load_settings()
    if watch and ray:
        raise SettingsError("--watch and --ray don't go together; run 'qa ingest --ray' first, then --watch.")
    if watch:
        _watch(settings, paths or [settings.corpus], quiet=quiet)
        return
    try:
        report = _ingest(settings, paths or [settings.corpus], quiet=quiet, ray=ray)
    except KeyboardInterrupt:
        _complain("Interrupted; what is in the index stays, and the next 'qa ingest' goes on from there.")
        raise typer.Exit(130) from None
    if report.failed:
        raise typer.Exit(2)


@app.command()
def ask(
    question: Annotated[str, typer.Argument(help="the question, in quotation marks")],
    as_json: Annotated[bool, typer.Option("--json", help="print what POST /v1/ask would")] = False,
    url: Annotated[str | None, typer.Option(help="ask the service at this address instead")] = None,
) -> None:
    """Answer a question."""
    answer = _asker(url)(question, ())
    if as_json:
        typer.echo(json.dumps(answer, ensure_ascii=False, indent=2))
    else:
        _print_answer(answer)


@app.command()
def chat(
    url: Annotated[str | None, typer.Option(help="ask the service at this address instead")] = None,
) -> None:
    """Answer questions one after the other; each may refer to those before it."""
    from qa.types import Turn

    ask_one = _asker(url)
    history: list[Turn] = []
    typer.echo("Ask; an empty line ends it.")
    while question := _read_line():
        try:
            answer = ask_one(question, history)
        except QAError as error:
            _complain(str(error))
            continue
        _print_answer(answer)
        history += [Turn("user", question), Turn("assistant", answer["answer"])]


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
    held = f"{_count(counts.documents, 'document')}, {_count(counts.passages, 'passage')}"
    typer.echo(f"Index in {settings.index}: {held}.")
    for document in qa.documents():
        typer.echo(f"  {document.id}  {document.published or 'undated':<10}  {document.title}")


app.command()(doctor)

documents = typer.Typer(help="List, show or delete documents.", no_args_is_help=True)
app.add_typer(documents, name="documents")


@documents.command("list")
def list_documents() -> None:
    """List the documents that are answered from."""
    from qa.build import build_qa

    for document in build_qa(load_settings()).documents():
        typer.echo(f"{document.id}  {document.published or 'undated':<10}  {document.title}")


@documents.command("show")
def show_document(document_id: Annotated[str, typer.Argument(help="an id from 'qa documents list'")]) -> None:
    """Print the text of a document as it is stored."""
    from qa.build import build_qa

    typer.echo(build_qa(load_settings()).document(document_id).text)


@documents.command("rm")
def remove_documents(
    document_ids: Annotated[list[str], typer.Argument(help="ids from 'qa documents list'")],
) -> None:
    """Delete documents that were uploaded or whose file is gone; others are removed in their folder."""
    from qa.build import open_to_write
    from qa.sync.uploads import remove

    settings = load_settings()
    with open_to_write(settings) as (index, _):
        for document_id in document_ids:
            remove(document_id, index, settings.corpus)
            typer.echo(f"'{document_id}' is deleted.")


def _asker(url: str | None) -> Callable[[str, Sequence[Turn]], dict[str, Any]]:
    """What answers: the index of these settings or the service at `url`; gives the JSON of POST /v1/ask."""
    settings = load_settings()
    if url is not None:
        from qa.client import ask_service

        return lambda question, history: ask_service(url, question, settings.api_key, history)
    from qa.build import build_qa
    from qa.wire import wire_answer

    qa = build_qa(settings)
    return lambda question, history: wire_answer(qa.ask(question, history))


def _read_line() -> str:
    try:
        return input("> ").strip()
    except (EOFError, KeyboardInterrupt):
        return ""


def sync_corpus(settings: Settings) -> None:
    """Bring the index up to date with the corpus folder, saying what was done.

    Raises what `qa ingest` fails with; a file that can't be read is reported and left out.
    """
    _ingest(settings, [settings.corpus], quiet=False)


def _watch(settings: Settings, paths: Sequence[Path], *, quiet: bool) -> None:
    from qa.sync.watch import watch

    # Ctrl-C in the middle of an ingest is no failure: the next one completes it.
    with suppress(KeyboardInterrupt):
        watch(
            paths,
            corpus=settings.corpus,
            index_folder=settings.index,
            sync=lambda changed: _ingest(settings, changed, quiet=quiet),
            complain=lambda error: _complain(str(error)),
        )
    if not quiet:
        typer.echo("Stopped.")


def _ingest(settings: Settings, paths: Sequence[Path], *, quiet: bool, ray: str | None = None) -> Report:
    from qa.build import run_ingest

    with IngestBar(quiet) as bar:
        report = run_ingest(settings, paths, bar.show, ray)
    if not quiet:
        names = ("added", "changed", "removed", "unchanged", "failed")
        counts = ", ".join(f"{len(getattr(report, name))} {name}" for name in names)
        typer.echo(f"Index in {settings.index}: {counts}.")
    for failure in report.failed:
        _complain(failure.reason)
    return report


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _print_answer(answer: dict[str, Any]) -> None:
    typer.secho(answer["answer"], bold=True)
    if answer["standalone_question"] != answer["question"]:
        typer.echo(f"(understood as: {answer['standalone_question']})")
    worded = answer.get("generator", "none") != "none"  # an older service tells nothing of it
    if worded:
        typer.echo(f"(worded by {answer['generator']} from the quotes below)")
    if answer.get("degraded"):
        typer.echo(f"({answer['degraded']})")
    typer.echo(f"Chance that the documents answer the question: {answer['confidence']:.0%}")
    for one in answer["citations"]:
        dated = f", {one['published']}" if one["published"] else ""
        page = f", page {one['page']}" if one["page"] else ""
        place = f"{one['document_id']}{page}, characters {one['start']}-{one['end']}"
        typer.echo(f"[{one['number']}] {one['title']}{dated} ({place})")
        if worded:
            typer.echo(f"    “{one['quote']}”")
        for note in one["notes"]:
            typer.echo(f"    “{note['phrase']}”: {note['meaning']}")


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
