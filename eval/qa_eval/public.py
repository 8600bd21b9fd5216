"""The public question sets of a folder: read by path, never copied."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qa.finding.rank import RankedSentence
from qa.language.text import sentence_spans
from qa.types import Turn
from qa_eval.examples import Dataset, Example, GoldSpan, SourceText
from qa_eval.metrics import contains


@dataclass(frozen=True, slots=True)
class PublicQuestion:
    """One row of a set's queries.jsonl.

    `group` is the title or conversation that it belongs to, `source` the text or conversation whose
    questions stay together when a set is cut into halves.
    """

    id: str
    question: str
    answerable: bool
    answers: tuple[str, ...]
    gold: tuple[str, ...]
    span: tuple[int, int] | None
    group: str
    source: str
    history: tuple[Turn, ...]
    row: Mapping[str, Any]

    @property
    def tuned_on(self) -> bool:
        """Whether it is in the half that weights are learnt from; the other half is for measuring."""
        return in_tuning_half(self.source)


@dataclass(frozen=True, slots=True)
class PublicSet:
    """A set: documents and questions about them."""

    name: str
    documents: tuple[SourceText, ...]
    questions: tuple[PublicQuestion, ...]

    @property
    def document_ids(self) -> tuple[str, ...]:
        """The ids of the documents that hold any text."""
        return tuple(one.id for one in self.documents if one.text.strip())


def in_tuning_half(source: str) -> bool:
    """Whether what comes from this source is learnt from; the cut does not depend on what else is there."""
    return hashlib.sha256(source.encode()).digest()[0] % 2 == 0


def text_source(text: str) -> str:
    """What a text is known by when sets are cut into halves: its opening, the same in every set."""
    return text[:60]


def missing(folder: Path, names: Sequence[str]) -> list[str]:
    """Which of the sets are not in `folder`."""
    return [name for name in names if not (folder / name / "queries.jsonl").is_file()]


def is_public(folder: Path) -> bool:
    """Whether the folder's queries are rows of a public set, with a "question"; BEIR's have a "text"."""
    with (folder / "queries.jsonl").open(encoding="utf-8") as file:
        return '"question"' in file.readline()


def read_public(folder: Path) -> PublicSet:
    """The set in `folder`; a set without a corpus has no documents."""
    corpus = folder / "corpus.jsonl"
    documents = tuple(
        SourceText(row["id"], row.get("title") or "", row["text"])
        for row in (read_rows(corpus) if corpus.is_file() else [])
    )
    by_id = {one.id: one for one in documents}
    questions = tuple(_question(row, by_id) for row in read_rows(folder / "queries.jsonl"))
    return PublicSet(folder.name, documents, questions)


def _question(row: Mapping[str, Any], documents: Mapping[str, SourceText]) -> PublicQuestion:
    gold = tuple(row.get("gold_doc_ids") or ())
    about = documents.get((gold or tuple(row.get("related_doc_ids") or ()) or ("",))[0])
    conversation = row["id"].rpartition("_t")[0]
    history = tuple(Turn(turn["role"], turn["content"]) for turn in row.get("history") or ())
    span = row.get("gold_span")
    return PublicQuestion(
        id=row["id"],
        question=row["question"],
        answerable=row.get("answerable", True),
        answers=tuple(row.get("answers") or ()),
        gold=gold,
        span=(span[0], span[1]) if span else None,
        group=conversation or (about.title or about.id if about else row["id"]),
        # The same paragraph is in several sets: its opening keeps all its questions in one half.
        source=conversation or (text_source(about.text) if about else row["id"]),
        history=history,
        row=row,
    )


def read_rows(path: Path) -> list[dict[str, Any]]:
    """The rows of a file of JSON lines."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]


def as_dataset(data: PublicSet) -> Dataset:
    """The set as `evaluate` takes it; split "dev" is the half that weights are learnt from.

    Gold is the annotated span, the gold sentences as our own segmentation cuts them, or, where a set
    judges no finer, the whole document.
    """
    texts = {one.id: one.text for one in data.documents}
    return Dataset(data.name, tuple(_example(one, texts) for one in data.questions), data.documents)


def _example(one: PublicQuestion, texts: Mapping[str, str]) -> Example:
    long_answer = bool(one.row.get("gold_sentences"))
    evidence = _gold_spans(one, texts) if one.answerable else ()
    return Example(
        id=one.id,
        question=one.question,
        answerable=one.answerable,
        answers=() if long_answer or one.history or not one.answerable else one.answers,
        evidence=evidence,
        type=str(one.row.get("type", "question")),
        split="dev" if one.tuned_on else "test",
        history=one.history,
        grades=tuple((document, 1) for document in one.gold) if any(e.end == 0 for e in evidence) else (),
        group=one.group,
    )


def _gold_spans(one: PublicQuestion, texts: Mapping[str, str]) -> tuple[GoldSpan, ...]:
    if one.span is not None:
        start, end = one.span
        return (GoldSpan(one.gold[0], start, end, texts[one.gold[0]][start:end]),)
    sentences = tuple(
        GoldSpan(document, start, end, texts[document][start:end])
        for document in one.gold
        for start, end in sentence_spans(texts[document])
        if one.row.get("gold_sentences") and _is_gold_sentence(one, document, texts[document][start:end])
    )
    return sentences or tuple(GoldSpan(document) for document in one.gold)


def is_gold(one: PublicQuestion, sentence: RankedSentence) -> bool:
    """Whether the sentence is the annotated one: it holds the gold span, or is a gold sentence."""
    if sentence.passage.document_id not in one.gold:
        return False
    start = sentence.passage.start + sentence.start
    end = sentence.passage.start + sentence.end
    if one.row.get("gold_sentences"):
        return _is_gold_sentence(
            one, sentence.passage.document_id, sentence.passage.text[sentence.start : sentence.end]
        )
    return one.span is not None and start <= one.span[0] < end


def holds_answer(one: PublicQuestion, sentence: RankedSentence) -> bool:
    """Whether an accepted answer stands in the sentence, or, for long answers, it is a gold sentence."""
    return says_answer(
        one, sentence.passage.document_id, sentence.passage.text[sentence.start : sentence.end]
    )


def says_answer(one: PublicQuestion, document_id: str, text: str) -> bool:
    """The same of any sentence of a document."""
    if one.row.get("gold_sentences"):
        return _is_gold_sentence(one, document_id, text)
    return any(contains(text, answer) for answer in one.answers)


def _is_gold_sentence(one: PublicQuestion, document_id: str, text: str) -> bool:
    words = set(text.lower().split())
    golds = [set(sentence.lower().split()) for sentence in one.row["gold_sentences"]]
    same = any(len(words & gold) >= 0.6 * min(len(words), len(gold)) for gold in golds)
    return document_id in one.gold and len(words) >= 3 and same
