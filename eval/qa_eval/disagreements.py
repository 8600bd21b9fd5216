"""How well short answers and disagreements are found, on public question sets.

    table(folder, embed)    # the folder holds ramdocs_dev, qacc_dev, xquad_dev, squad2_dev

Tuned on half of the questions (articles, for short answers); the figures are of the others, ranked by
cosine plus term overlap. Missing sets are skipped.
"""

from __future__ import annotations

import json
import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qa.disagreement import Statement, find_disagreement
from qa.short_answer import answer_type, rank_values, short_answer
from qa.text import sentence_spans
from qa.types import Disagreement, Position
from qa.values import Value, compare
from qa.words import terms

Row = dict[str, Any]
Vectors = NDArray[np.float32]
Embed = Callable[[list[str]], Vectors]
Sentence = tuple[str, int, int, str]
OVERLAP = 0.3  # weight of term overlap beside the cosine in the ranking
KEPT = 12  # evidence sentences a question is decided on


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure and its 95 % percentile bootstrap interval (Efron 1979)."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


def bootstrap(
    rows: Sequence[Sequence[float]],
    figure: Callable[[NDArray[np.float64]], float],
    rounds: int = 1000,
    seed: int = 0,
) -> Interval:
    """`figure` of the rows and its spread over resampled rows; rows are questions."""
    table = np.array(rows, dtype=float)
    random = np.random.default_rng(seed)
    spread = [figure(table[random.integers(0, len(table), len(table))]) for _ in range(rounds)]
    low, high = np.nanpercentile(spread, [2.5, 97.5])
    return Interval(figure(table), float(low), float(high))


def read(path: Path) -> list[Row]:
    """The rows of a JSON-lines file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def held_out(name: str) -> bool:
    """The half that nothing was tuned on, by a checksum of the question's or article's name."""
    return zlib.crc32(name.encode()) % 2 == 1


@dataclass(frozen=True)
class Case:
    """One question, its context documents' sentences ranked, and each document's top one by cosine."""

    row: Row
    statements: tuple[Statement, ...]
    top_cosine: tuple[Statement, ...]


def cases(folder: Path, embed: Embed) -> list[Case]:
    """The questions of a set with the ranked sentences of their context documents."""
    documents = {row["id"]: row for row in read(folder / "corpus.jsonl")}
    questions = read(folder / "queries.jsonl")
    sentences: list[Sentence] = [
        (key, a, b, row["text"][a:b])
        for key, row in documents.items()
        for a, b in sentence_spans(row["text"])
    ]
    vectors = embed([s[3] for s in sentences])
    asked = embed([q["question"] for q in questions])
    where: dict[str, list[int]] = {}
    for index, sentence in enumerate(sentences):
        where.setdefault(sentence[0], []).append(index)
    return [
        _case(
            q,
            vector,
            documents,
            sentences,
            vectors,
            [i for d in q["context_doc_ids"] for i in where.get(d, [])],
        )
        for q, vector in zip(questions, asked, strict=True)
    ]


def _case(
    row: Row,
    vector: Vectors,
    documents: dict[str, Row],
    sentences: list[Sentence],
    vectors: Vectors,
    found: list[int],
) -> Case:
    wanted = {t for t, _, _ in terms(row["question"])}
    cosine = {i: max(float(vectors[i] @ vector), 0.0) for i in found}
    mixed = {
        i: cosine[i] + OVERLAP * len({t for t, _, _ in terms(sentences[i][3])} & wanted) / max(len(wanted), 1)
        for i in found
    }
    first: dict[tuple[str, str], int] = {}
    for name, scores in (("mixed", mixed), ("cosine", cosine)):
        for i in sorted(found, key=lambda i: -scores[i]):
            first.setdefault((name, sentences[i][0]), i)
    # Every source is heard: the best sentences, and each document's best.
    kept = {
        *sorted(found, key=lambda i: -mixed[i])[:KEPT],
        *(i for (name, _), i in first.items() if name == "mixed"),
    }
    top = [i for (name, _), i in first.items() if name == "cosine"]
    return Case(
        row,
        _statements(sorted(kept, key=lambda i: -mixed[i]), mixed, documents, sentences),
        _statements(top, cosine, documents, sentences),
    )


def _statements(
    chosen: list[int], scores: dict[int, float], documents: dict[str, Row], sentences: list[Sentence]
) -> tuple[Statement, ...]:
    made = []
    for number, index in enumerate(chosen, 1):
        key, start, end, text = sentences[index]
        document = documents[key]
        around = document["text"][max(start - 400, 0) : end + 400]
        made.append(
            Statement(number, key, document["title"], document.get("published"), text, around, scores[index])
        )
    return tuple(made)


def top_cosine(question: str, statements: Sequence[Statement]) -> Disagreement | None:
    """The baseline: the likeliest value of each document's top sentence; any two that differ conflict."""
    positions: list[tuple[Value, list[int]]] = []
    for statement in statements:
        for value, _ in rank_values(question, statement.sentence)[:1]:
            same = next((held for held in positions if compare(held[0], value) != "different"), None)
            if same:
                same[1].append(statement.number)
            else:
                positions.append((value, [statement.number]))
    if len(positions) < 2:
        return None
    return Disagreement("value", tuple(Position(value.text, tuple(numbers)) for value, numbers in positions))


def measure_disagreements(found: Iterable[Case], baseline: bool = False) -> dict[str, Interval]:
    """Precision, recall, false alarms and F1 of "disagree", and the share of gold positions cited.

    `false_alarms` is the share of the questions without a conflict that got one. `cited` is over all
    questions with a conflict (none reported: nothing cited), `cited_found` over those reported.
    """
    rows = []
    for case in found:
        given = case.top_cosine if baseline else case.statements
        said = (
            top_cosine(case.row["question"], given)
            if baseline
            else find_disagreement(case.row["question"], given)
        )
        truth = bool(case.row["conflict"])
        rows.append(
            (
                float(said is not None and truth),
                float(said is not None),
                float(truth),
                _share_cited(case.row, said, given) if truth else np.nan,
            )
        )
    return {
        "precision": bootstrap(rows, lambda t: _ratio(t[:, 0].sum(), t[:, 1].sum())),
        "recall": bootstrap(rows, lambda t: _ratio(t[:, 0].sum(), t[:, 2].sum())),
        "false_alarms": bootstrap(
            rows, lambda t: _ratio(((1 - t[:, 2]) * t[:, 1]).sum(), (1 - t[:, 2]).sum())
        ),
        "f1": bootstrap(rows, lambda t: _ratio(2 * t[:, 0].sum(), t[:, 1].sum() + t[:, 2].sum())),
        "cited": bootstrap(rows, lambda t: float(np.nanmean(t[:, 3]))),
        "cited_found": bootstrap(rows, lambda t: _ratio(np.nansum(t[:, 3] * t[:, 0]), t[:, 0].sum())),
    }


def _ratio(part: float, whole: float) -> float:
    return float(part / whole) if whole else float("nan")


def _share_cited(row: Row, said: Disagreement | None, statements: Sequence[Statement]) -> float:
    numbers = {n for position in said.positions for n in position.citations} if said else set()
    cited = [s.sentence for s in statements if s.number in numbers]
    answers = [p["answer"] for p in row["positions"]]
    return sum(any(_holds(text, answer) for text in cited) for answer in answers) / max(len(answers), 1)


def measure_short_answers(
    folders: Sequence[Path], keep: Callable[[str], bool] = held_out
) -> dict[str, Interval]:
    """Highlights given the gold sentence: how often one is shown, how often right, and token F1.

    Right is: it contains or is contained in a gold answer. `shown_typed` is the coverage of the
    questions that ask for a date, amount, person or place ("other" and yes/no left out).
    """
    rows: list[tuple[float, float, float, float]] = []
    for folder in folders:
        documents = {row["id"]: row for row in read(folder / "corpus.jsonl")}
        found = (r for r in read(folder / "queries.jsonl") if r["answerable"] and r["gold_span"])
        asked = ((r, documents[r["gold_doc_ids"][0]]) for r in found)
        rows += [_highlight(r, document["text"]) for r, document in asked if keep(document["title"])]
    return {
        "precision": bootstrap(rows, lambda t: _ratio(t[:, 1].sum(), t[:, 0].sum())),
        "token_f1": bootstrap(rows, lambda t: _ratio(t[:, 2].sum(), t[:, 0].sum())),
        "shown": bootstrap(rows, lambda t: float(t[:, 0].mean())),
        "shown_typed": bootstrap(rows, lambda t: _ratio((t[:, 0] * t[:, 3]).sum(), t[:, 3].sum())),
        "precision_typed": bootstrap(
            rows, lambda t: _ratio((t[:, 1] * t[:, 3]).sum(), (t[:, 0] * t[:, 3]).sum())
        ),
    }


def _highlight(row: Row, text: str) -> tuple[float, float, float, float]:
    typed = float(answer_type(row["question"]) not in ("other", "yes_no"))
    inside = next(((a, b) for a, b in sentence_spans(text) if a <= row["gold_span"][0] < b), None)
    span = short_answer(row["question"], text[inside[0] : inside[1]]) if inside else None
    if inside is None or span is None:
        return 0.0, 0.0, 0.0, typed
    shown = text[inside[0] + span[0] : inside[0] + span[1]]
    right = any(_holds(shown, a) or _holds(a, shown) for a in row["answers"])
    return 1.0, float(right), max(_token_f1(shown, a) for a in row["answers"]), typed


def _words(text: str) -> list[str]:
    """SQuAD's normalisation: lower case, no punctuation, no articles."""
    return [w for w in re.sub(r"[^\w ]", " ", text.lower()).split() if w not in ("a", "an", "the")]


def _holds(text: str, part: str) -> bool:
    inner = " ".join(_words(part))
    return bool(inner) and f" {inner} " in f" {' '.join(_words(text))} "


def _token_f1(a: str, b: str) -> float:
    left, right = _words(a), _words(b)
    shared = sum((Counter(left) & Counter(right)).values())
    return 2 * shared / (len(left) + len(right)) if shared else 0.0


def table(root: Path, embed: Embed) -> list[str]:
    """All figures of the held-out halves as lines of text."""
    lines = []
    for name in ("ramdocs_dev", "qacc_dev"):
        if not (root / name).is_dir():
            lines.append(f"{name}: skipped, not in {root}")
            continue
        found = [c for c in cases(root / name, embed) if held_out(c.row["id"])]
        for system, baseline in (("find_disagreement", False), ("top cosine", True)):
            lines.append(f"{name} {system} n={len(found)}: {_line(measure_disagreements(found, baseline))}")
    folders = [root / name for name in ("xquad_dev", "squad2_dev") if (root / name).is_dir()]
    if folders:
        names = "+".join(f.name for f in folders)
        lines.append(f"{names} short_answer: {_line(measure_short_answers(folders))}")
    return lines


def _line(figures: dict[str, Interval]) -> str:
    return "  ".join(f"{name} {figure}" for name, figure in figures.items())
