"""run_set(path) → Outcome: one question set from its file to its report. The suites are named here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from qa.build import build_qa
from qa.cli import sync_corpus
from qa.errors import QAError
from qa.pipeline import QA
from qa.settings import Settings
from qa_eval.data import load
from qa_eval.examples import Dataset, Example
from qa_eval.faults import fault_figures
from qa_eval.gate import Breach, breaches, read_floors
from qa_eval.metrics import Pair
from qa_eval.page import write_html
from qa_eval.report import Report, read_baseline, summarise, table, write_json
from qa_eval.run import Asker, InProcess, OverHttp, Results, evaluate, temporary_qa
from qa_eval.run import Progress as Count

SUITES: Mapping[str, tuple[Path, ...]] = {"gold": (Path("eval/gold/union_state.jsonl"),)}
"""Named question sets; paths are relative to the checkout."""


class SuiteUnknown(QAError):
    """No suite has that name."""


@dataclass(frozen=True, slots=True)
class Options:
    """What was asked for on the command line."""

    output: Path
    floors: Path | None
    url: str | None = None
    baseline: Path | None = None
    split: str = "all"


@dataclass(frozen=True, slots=True)
class Outcome:
    """A report, where it was written, and which floors it misses."""

    report: Report
    page: Path
    breaches: tuple[Breach, ...]


def suite(name: str) -> tuple[Path, ...]:
    """The question sets of a suite. Raises `SuiteUnknown`."""
    if name not in SUITES:
        raise SuiteUnknown(f"There is no suite '{name}'; name one of {', '.join(SUITES)}.")
    return SUITES[name]


def run_set(path: Path, options: Options, settings: Settings, console: Console) -> Outcome:
    """Ask, judge, print the table, write both reports, and hold the figures against the floors.

    Raises a `QAError` when it can't be run at all; what is wrong with single rows is in the report.
    """
    baseline = read_baseline(options.baseline) if options.baseline else None
    dataset = _only(load(path), options.split)
    results = ask_all(dataset, settings, options.url)
    return finish(results, options, console, baseline)


def finish(
    results: Results,
    options: Options,
    console: Console,
    baseline: Mapping[str, Mapping[str, Pair]] | None = None,
) -> Outcome:
    """The second half of `run_set`, for results that were made in another way."""
    report = summarise(results, baseline)
    floors = read_floors(options.floors, results.name) if options.floors else {}
    page = options.output / f"{results.name}.html"
    write_json(report, page.with_suffix(".json"))
    write_html(report, page)
    console.print(table(report, floors))
    return Outcome(
        report,
        page,
        tuple(breaches(report, floors, in_process=options.url is None, whole=options.split == "all")),
    )


def ask_all(dataset: Dataset, settings: Settings, url: str | None = None) -> Results:
    """The answers to a set: of the service at `url`, else of the index of these settings, or of one made
    for the documents that the set brings along."""
    with _progress() as bar:
        progress = _count(bar)
        if url is not None:
            with _service(url) as asker:
                return evaluate(dataset, asker, progress=progress)
        with _opened(dataset, settings, bar) as qa:
            return measure(dataset, qa, progress)


def measure(dataset: Dataset, qa: QA, progress: Count = lambda done, total: None) -> Results:
    """The answers of a `QA` in this process, and how its verifier takes broken drafts."""
    results = evaluate(dataset, InProcess(qa), progress=progress)
    return replace(results, extra=fault_figures(dataset.examples, qa))


def _only(dataset: Dataset, split: str) -> Dataset:
    """The questions of a split; a set that is not split is whole in each."""

    def kept(example: Example) -> bool:
        return split == "all" or example.split in (split, "all")

    return replace(dataset, examples=tuple(filter(kept, dataset.examples)))


@contextmanager
def _service(url: str) -> Iterator[Asker]:
    import httpx

    with httpx.Client(base_url=url, timeout=120) as client:
        yield OverHttp(client)


@contextmanager
def _opened(dataset: Dataset, settings: Settings, bar: Progress) -> Iterator[QA]:
    if dataset.documents:
        task = bar.add_task("Indexing", total=None)
        with temporary_qa(dataset.documents, lambda a, b: bar.update(task, completed=a, total=b)) as qa:
            yield qa
        return
    if settings.corpus.exists():
        bar.stop()  # two live displays can't share a terminal
        sync_corpus(settings)
        bar.start()
    qa = build_qa(settings)
    try:
        yield qa
    finally:
        qa.close()


@contextmanager
def counting() -> Iterator[Count]:
    """A bar that shows how many questions have been asked."""
    with _progress() as bar:
        yield _count(bar)


def _count(bar: Progress) -> Count:
    task = bar.add_task("Asking", total=None, visible=False)

    def progress(done: int, total: int) -> None:
        bar.update(task, completed=done, total=total, visible=True)

    return progress


def _progress() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True))
