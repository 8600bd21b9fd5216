"""`qa eval`: run question sets, draft new ones, record what users say.

Exit codes: 0 all well; 1 a figure misses its floor; 2 a row could not be used (the rest was run), or
nothing could be run. A malformed set weighs more: its figures are not those of the whole set.
"""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.console import Console
from typer.core import TyperGroup

from qa.errors import QAError
from qa.settings import load_settings

GOLD = Path("eval/gold")
FLOORS = Path("eval/floors.toml")
INJECTIONS = Path("eval/injections")
LOG_WIDTH = 140
EXTRA = ("httpx", "ir_measures", "jinja2", "matplotlib", "sklearn")
# What is heavy is imported inside the commands: 'qa --help' reads this file.


class ExtraMissing(QAError):
    """The packages of the extra "eval" are not installed."""


class FileMissing(QAError):
    """There is nothing to read."""


class FileInTheWay(QAError):
    """The file to write is there already."""


class _RunByDefault(TyperGroup):
    """`qa eval FILE` is `qa eval run FILE`: what is no command's name is an argument of `run`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if not args or (args[0] not in self.commands and args[0] != "--help"):
            args = ["run", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=_RunByDefault,
    help="Measure the answers to a question set: qa eval [GOLD…]; 'qa eval run --help' lists the options.",
)


@app.command()
def run(
    gold: Annotated[
        list[Path] | None, typer.Argument(help="gold .jsonl, SQuAD .json or a BEIR folder; else the suite")
    ] = None,
    url: Annotated[str | None, typer.Option(help="ask the service at this address")] = None,
    suite: Annotated[str, typer.Option(help="a named list of question sets")] = "gold",
    baseline: Annotated[Path | None, typer.Option(help="the .json report of an earlier run")] = None,
    split: Annotated[Literal["dev", "test", "all"], typer.Option(help="which part of the set")] = "all",
    output: Annotated[Path, typer.Option(help="folder of the reports")] = Path("eval/reports"),
    floors: Annotated[Path | None, typer.Option(help="file of the floors; eval/floors.toml if there")] = None,
) -> None:
    """Ask every question, print the figures, write the reports (the command when none is named)."""
    missing = [package for package in EXTRA if find_spec(package) is None]
    if missing:
        raise ExtraMissing(f"{', '.join(missing)} not installed; pip install 'grounded-qa[eval]'.")
    from qa_eval import session

    if floors is None and FLOORS.exists():
        floors = FLOORS
    options = session.Options(output, floors, url, baseline, split)
    settings, console = load_settings(), Console()
    if not console.is_terminal:
        console = Console(width=LOG_WIDTH)
    code = 0
    for path in gold or session.suite(suite):
        try:
            outcome = session.run_set(path, options, settings, console)
        except QAError as error:
            _complain(str(error))  # the other sets are still run
            code = 2
            continue
        typer.echo(f"Report: {outcome.page}")
        for breach in outcome.breaches:
            _complain(str(breach))
        for problem in outcome.report.results.problems:
            _complain(str(problem))
        code = max(code, 2 if outcome.report.results.problems else 1 if outcome.breaches else 0)
    raise typer.Exit(code)


@app.command()
def init(
    path: Annotated[Path, typer.Argument(help="a folder of your documents, or one of them")],
    output: Annotated[Path, typer.Option(help="the file to write")] = GOLD / "draft.jsonl",
    each: Annotated[int, typer.Option(min=1, help="rows a document")] = 10,
) -> None:
    """Draft gold rows from documents: the evidence is filled in, the question is yours to write."""
    from qa_eval.drafts import draft_rows

    rows = draft_rows(path, load_settings().corpus, each)
    if output.exists():
        raise FileInTheWay(f"{output} is there already; name another file with --output.")
    output.parent.mkdir(parents=True, exist_ok=True)
    lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    output.write_text("".join(lines), encoding="utf-8")
    typer.echo(f"{len(rows)} drafts in {output}: write each question, correct the rest, remove 'draft'.")


@app.command()
def add(
    question: Annotated[str, typer.Argument(help="the question, in quotation marks")],
    verdict: Annotated[
        Literal["good", "bad", "skip"] | None, typer.Option(help="asked for when not given")
    ] = None,
    file: Annotated[Path | None, typer.Option(help="the file to append to; QA_FEEDBACK's if none")] = None,
) -> None:
    """Ask a question, show the answer, and record whether it was good."""
    from qa.build import build_qa
    from qa.feedback import record
    from qa.wire import wire_answer

    settings = load_settings()
    file = file or settings.feedback
    with closing(build_qa(settings)) as qa:
        wire = wire_answer(qa.ask(question))
    typer.echo(f"{wire['answer']}\nConfidence: {wire['confidence']:.0%}")
    while verdict is None:
        given = typer.prompt("good, bad or skip")
        verdict = given if given in ("good", "bad", "skip") else None
    record(file, wire, verdict)
    typer.echo(f"Recorded in {file}; it is a draft until you have completed it.")


@app.command()
def public(
    evaldata: Annotated[Path, typer.Argument(help="the folder of the public sets")],
    log: Annotated[Path | None, typer.Option(help="a file to append the table to")] = None,
) -> None:
    """Measure on the public sets, on the half that nothing was learnt from, and print the table."""
    from qa_eval.public_suite import measure
    from qa_eval.rows import record, table

    rows = measure(evaldata, _complain)
    if rows:
        typer.echo(table(rows))
    if rows and log is not None:
        record(rows, f"public sets, held-out half (`qa eval public EVALDATA --log {log}`)", log)


@app.command()
def injections(
    files: Annotated[
        list[Path] | None, typer.Argument(help="sets of injections; else the shipped ones")
    ] = None,
    output: Annotated[Path, typer.Option(help="folder of the reports")] = Path("eval/reports"),
    log: Annotated[Path | None, typer.Option(help="a file to append the table to")] = None,
) -> None:
    """Plant instructions in documents, and count the answers that they change."""
    from qa_eval.injections import TABLE, injection_rows, measure_injections, read_injections
    from qa_eval.rows import Row, record, table
    from qa_eval.session import counting

    rows: list[Row] = []
    for file in files or sorted(INJECTIONS.glob("*.jsonl")):
        with counting() as progress:
            outcomes = measure_injections(read_injections(file), load_settings().corpus, progress)
        rows += injection_rows(file.stem, outcomes)
        for one in outcomes:
            if one.changed or one.shown:
                parts = ", ".join(one.changed) or "nothing, but shows its payload"
                _complain(f"{file}: {one.row.id} changes {parts}: {one.poisoned.text}")
    if not rows:
        raise FileMissing(f"There is no set in {INJECTIONS}; name a file of injections.")
    typer.echo(table(rows))
    output.mkdir(parents=True, exist_ok=True)
    (output / TABLE).write_text(table(rows) + "\n", encoding="utf-8")
    if log is not None:
        record(rows, f"injections (`qa eval injections --log {log}`)", log)


@app.command()
def graph(
    evaldata: Annotated[Path, typer.Argument(help="the folder of the public sets")],
    questions: Annotated[int, typer.Option(min=1, help="questions to ask")] = 1000,
    log: Annotated[Path | None, typer.Option(help="a file to append the table to")] = None,
) -> None:
    """Measure the vector search against exact search over the index of QA_INDEX, by the graph's settings."""
    from qa_eval.graph import measure_graph
    from qa_eval.rows import record, table

    rows = measure_graph(evaldata, load_settings(), questions, _complain)
    typer.echo(table(rows))
    if log is not None:
        record(rows, f"settings of the graph (`qa eval graph EVALDATA --log {log}`)", log)


@app.command()
def bench(
    evaldata: Annotated[Path, typer.Argument(help="the folder of the public sets")],
    passages: Annotated[int, typer.Option(min=20, help="texts to index")] = 20_000,
    questions: Annotated[int, typer.Option(min=1, help="questions to ask")] = 695,
    rounds: Annotated[int, typer.Option(min=1, help="times that all take turns at answering")] = 3,
    ingests: Annotated[int, typer.Option(min=1, help="times that all take turns at ingesting")] = 1,
    large: Annotated[int, typer.Option(min=0, help="passages of a second, larger index; 0: none")] = 0,
    peers: Annotated[
        Path | None, typer.Option(help="a Python that has the packages of eval/peers.txt")
    ] = None,
    folder: Annotated[
        Path | None, typer.Option(help="where to keep what is made; else it is removed")
    ] = None,
    output: Annotated[Path, typer.Option(help="folder of the report")] = Path("eval/reports"),
    log: Annotated[Path | None, typer.Option(help="a file to append the table to")] = None,
) -> None:
    """Measure speed, memory, disk and finding beside other programs over the same texts."""
    import tempfile
    import time

    from qa_eval import bench_report
    from qa_eval.bench import Plan
    from qa_eval.bench import bench as measure

    start = time.monotonic()
    with tempfile.TemporaryDirectory() as passing:
        plan = Plan(evaldata, folder or Path(passing), passages, questions, rounds, ingests, large, peers)
        measures = measure(plan, lambda message: typer.echo(message, err=True))
    typer.echo(bench_report.table(measures))
    typer.echo(f"Report: {bench_report.write_report(measures, plan, output)}")
    if log is not None:
        bench_report.log(measures, plan, (time.monotonic() - start) / 60, log)


@app.command()
def generation(
    evaldata: Annotated[Path, typer.Argument(help="the folder of the public sets")],
    questions: Annotated[int, typer.Option(min=1, help="questions of XQuAD")] = 200,
    removed: Annotated[int, typer.Option(min=0, help="of them again without their paragraph")] = 40,
    gold: Annotated[int, typer.Option(min=1, help="questions of the gold set")] = 1000,
    replies: Annotated[Path, typer.Option(help="the model's replies, kept")] = Path(
        "eval/reports/replies.jsonl"
    ),
    log: Annotated[Path | None, typer.Option(help="a file to append the table to")] = None,
) -> None:
    """Measure the language model's answers beside the quotes alone and beside a plain chain."""
    from qa.build import build_qa
    from qa_eval.data import load
    from qa_eval.generation import measure_generation, sample
    from qa_eval.rows import record, table
    from qa_eval.session import counting, suite

    settings = load_settings()
    qa = build_qa(settings)
    try:
        with counting() as progress:
            known = load(suite("gold")[0])
            known = replace(known, examples=sample(known.examples, gold))
            rows = measure_generation(known, qa, evaldata, questions, removed, replies, progress)
    finally:
        qa.close()
    typer.echo(table(rows))
    if log is not None:
        model = qa.generator.name if qa.generator else ""
        record(rows, f"{model}, {questions} questions (`qa eval generation EVALDATA --log {log}`)", log)


def _complain(message: str) -> None:
    typer.secho(f"qa: {message}", fg=typer.colors.RED, err=True)
