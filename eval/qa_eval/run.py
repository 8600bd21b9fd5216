"""evaluate(dataset, asker) → Results: each question through QA.ask, in process or over HTTP."""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import quote

from qa.build import build_qa, run_ingest
from qa.documents.metadata import METADATA_SUFFIX
from qa.errors import DocumentNotFound, QAError, QuestionInvalid
from qa.pipeline import QA
from qa.settings import Settings
from qa.wire import wire_answer
from qa_eval.examples import Dataset, Example, Problem, SourceText
from qa_eval.judge import Judge, Judgement, SpanJudge, judge, units
from qa_eval.metrics import citation_precision, citation_recall, retrieval_scores
from qa_eval.reply import Place, Reply

if TYPE_CHECKING:
    import httpx

Json = dict[str, Any]
Progress = Callable[[int, int], None]
"""Called with what is done and what there is in all."""


class ServiceError(QAError):
    """The service at the given URL does not answer as the contract says."""


class Asker(Protocol):
    """Answers questions as POST /v1/ask does."""

    def ask(self, example: Example) -> Json:
        """The answer as the wire contract has it, with its trace. Raises `QuestionInvalid`."""
        ...

    def text(self, document_id: str) -> str | None:
        """A document's stored text, or None if there is no such document."""
        ...


class InProcess:
    """Asks a `QA` directly."""

    def __init__(self, qa: QA) -> None:
        self._qa = qa

    def ask(self, example: Example) -> Json:
        """See `Asker`."""
        answer = self._qa.ask(example.question, example.history, documents=example.documents)
        return wire_answer(answer, trace=True)

    def text(self, document_id: str) -> str | None:
        """See `Asker`."""
        try:
            return self._qa.document(document_id).text
        except DocumentNotFound:
            return None


class OverHttp:
    """Asks a running service."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def ask(self, example: Example) -> Json:
        """See `Asker`. Raises `ServiceError`."""
        body: Json = {"question": example.question, "trace": True}
        if example.history:
            body["history"] = [asdict(turn) for turn in example.history]
        if example.documents is not None:
            body["documents"] = list(example.documents)
        status, answer = self._send("POST", "/v1/ask", body)
        if status == 422:
            raise QuestionInvalid(str(answer.get("detail", answer)))
        if status != 200:
            raise ServiceError(f"POST /v1/ask answered {status}: {answer.get('detail', answer)}")
        return answer

    def text(self, document_id: str) -> str | None:
        """See `Asker`. Raises `ServiceError`."""
        status, document = self._send("GET", f"/v1/documents/{quote(document_id)}", None)
        return str(document["text"]) if status == 200 else None

    def _send(self, method: str, path: str, body: Json | None) -> tuple[int, Json]:
        import httpx

        try:
            response = self._client.request(method, path, json=body)
            return response.status_code, response.json()
        except (httpx.HTTPError, ValueError) as error:
            raise ServiceError(f"{self._client.base_url} does not answer ({error}); start it.") from error


@dataclass(frozen=True, slots=True)
class Result:
    """A question, its answer, and how it was judged.

    `passages` and `sentences` are the retrieval scores of the two rankings, empty where nothing is
    relevant. `quotes` is how many citations are exact, of how many. `latency_ms` is the asker's time.
    """

    example: Example
    wire: Json
    reply: Reply
    judgement: Judgement
    quotes: tuple[int, int]
    citation_precision: float
    citation_recall: float
    latency_ms: float
    passages: dict[str, float] = field(default_factory=dict)
    sentences: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Results:
    """All answered questions of a set, and the rows that could not be used."""

    name: str
    results: tuple[Result, ...]
    problems: tuple[Problem, ...] = ()
    drafts: int = 0
    extra: dict[str, float] = field(default_factory=dict)
    """Figures of the whole system that are not of single questions, by name."""


def evaluate(
    dataset: Dataset,
    asker: Asker,
    *,
    judge_citations: Judge | None = None,
    progress: Progress = lambda a, b: None,
) -> Results:
    """Ask every question of the set and judge the answers.

    A row whose evidence is not what the documents say, or whose question can't be asked, becomes a
    `Problem`; the rest still runs. Raises `ServiceError`.
    """
    texts = _Texts(asker)
    results, problems = [], list(dataset.problems)
    for done, example in enumerate(dataset.examples):
        progress(done, len(dataset.examples))
        wrong = _stale_evidence(dataset.name, example, texts)
        if wrong:
            problems.append(wrong)
            continue
        try:
            results.append(_ask(example, asker, texts, judge_citations or SpanJudge()))
        except QuestionInvalid as error:
            problems.append(Problem(dataset.name, None, f"{example.id}.question", str(error)))
    progress(len(dataset.examples), len(dataset.examples))
    return Results(dataset.name, _with_rankings(results), tuple(problems), dataset.drafts)


class _Texts(dict[str, "str | None"]):
    """Documents' texts, each fetched once."""

    def __init__(self, asker: Asker) -> None:
        self._asker = asker

    def __missing__(self, document_id: str) -> str | None:
        return self.setdefault(document_id, self._asker.text(document_id))


def _stale_evidence(file: str, example: Example, texts: _Texts) -> Problem | None:
    for number, span in enumerate(example.evidence):
        if span.end == 0:
            continue
        text = texts[span.document_id]
        where = f"{example.id}.evidence.{number}"
        if text is None:
            return Problem(
                file, None, f"{where}.document_id", f"the index has no document '{span.document_id}'"
            )
        if text[span.start : span.end] != span.quote:
            return Problem(
                file, None, f"{where}.quote", f"does not stand at {span.start} in {span.document_id}"
            )
    return None


def _ask(example: Example, asker: Asker, texts: _Texts, judge_citations: Judge) -> Result:
    start = time.perf_counter()
    wire = asker.ask(example)
    latency = (time.perf_counter() - start) * 1000
    reply = Reply.read(wire)

    def supports(statement: str, numbers: Sequence[int]) -> bool:
        cited = [reply.citations[n] for n in numbers if n in reply.citations]
        return judge_citations.supports(example, statement, cited)

    return Result(
        example=example,
        wire=wire,
        reply=reply,
        judgement=judge(example, reply),
        quotes=(sum(_is_exact(one, texts) for one in reply.cited), len(reply.cited)),
        citation_precision=citation_precision(reply.statements, supports),
        citation_recall=citation_recall(reply.statements, supports),
        latency_ms=latency,
    )


def _is_exact(one: Place, texts: _Texts) -> bool:
    text = texts[one.document_id]
    return bool(one.text) and text is not None and text[one.start : one.end] == one.text


def _with_rankings(results: Sequence[Result]) -> tuple[Result, ...]:
    """The results with `passages` and `sentences`, for all questions at once, as ir-measures wants it."""
    judged = [one for one in results if one.example.evidence]
    passages = _ranking_scores(judged, [one.reply.passages for one in judged])
    sentences = _ranking_scores(judged, [one.reply.evidence for one in judged])
    return tuple(
        replace(one, passages=passages.get(one.example.id, {}), sentences=sentences.get(one.example.id, {}))
        for one in results
    )


def _ranking_scores(
    results: Sequence[Result], rankings: Sequence[Sequence[Place]]
) -> dict[str, dict[str, float]]:
    made = {r.example.id: units(r.example, places) for r, places in zip(results, rankings, strict=True)}
    return retrieval_scores({k: r for k, (r, _) in made.items()}, {k: q for k, (_, q) in made.items()})


@contextmanager
def temporary_qa(
    documents: Sequence[SourceText], progress: Progress, beside: Path | None = None
) -> Iterator[QA]:
    """A `QA` over the documents that a set brings along; its index is gone afterwards.

    The documents of the folder `beside` are in it too.
    """
    with tempfile.TemporaryDirectory(prefix="qa-eval-") as folder:
        settings = Settings(corpus=Path(folder) / "corpus", index=Path(folder) / "index")
        if beside is not None:
            shutil.copytree(beside, settings.corpus)
        write_corpus(documents, settings.corpus)
        run_ingest(settings, [settings.corpus], lambda done: progress(done.files, done.files_total))
        qa = build_qa(settings)
        try:
            yield qa
        finally:
            qa.close()


def write_corpus(documents: Sequence[SourceText], folder: Path) -> None:
    """One text file a document, named by its id, with its title beside it; empty ones are left out."""
    folder.mkdir(parents=True, exist_ok=True)
    for one in documents:
        if one.text.strip():
            path = folder / f"{one.id}.txt"
            path.write_text(one.text, encoding="utf-8", newline="")
            title = "".join(c for c in one.title if c.isprintable())
            if title:
                # A JSON string of printable characters is a TOML string too.
                beside = path.with_name(path.name + METADATA_SUFFIX)
                beside.write_text(f"title = {json.dumps(title, ensure_ascii=False)}\n", encoding="utf-8")
