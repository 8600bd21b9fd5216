"""The texts of the benchmark: XQuAD's gold paragraphs among near-duplicates, by a fixed seed."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from qa.errors import QAError
from qa.language.text import sentence_spans
from qa_eval.examples import SourceText
from qa_eval.public import PublicQuestion, PublicSet, missing, read_public
from qa_eval.run import write_corpus

SET = "xquad_dev"
SENTENCES = 5
"""Sentences of a paragraph that is made up: as many as XQuAD's have."""

_SEED = 0


class SetMissing(QAError):
    """The question set of the benchmark is not in the folder."""


@dataclass(frozen=True, slots=True)
class Texts:
    """Where the texts lie: as files in `corpus`, as rows "id", "text" in `rows`, and what is asked.

    `questions` is a JSON file of rows "question" and "gold", the id of the text that answers.
    """

    corpus: Path
    rows: Path
    questions: Path


def make_texts(evaldata: Path, passages: int, questions: int, folder: Path) -> Texts:
    """Write `passages` texts and `questions` questions, drawn at random. Raises `SetMissing`."""
    data = _read(evaldata)
    chance = random.Random(_SEED)
    texts = [*_paragraphs(data)][:passages]
    among = {one.id for one in texts}
    pool = free_sentences(data)
    while len(texts) < passages:
        texts.append(SourceText(f"made-{len(texts)}", "", " ".join(chance.sample(pool, SENTENCES))))
    made = Texts(folder / "corpus", folder / "texts.jsonl", folder / "questions.json")
    write_corpus(texts, made.corpus)
    lines = (json.dumps({"id": one.id, "text": one.text}) + "\n" for one in texts)
    made.rows.write_text("".join(lines), encoding="utf-8")
    possible = [one for one in data.questions if one.gold[0] in among]
    asked = chance.sample(possible, min(questions, len(possible)))
    made.questions.write_text(json.dumps([{"question": q.question, "gold": q.gold[0]} for q in asked]))
    return made


def free_sentences(data: PublicSet) -> list[str]:
    """The sentences of the paragraphs in which no gold answer begins."""
    return [
        one.text[start:end]
        for one in data.documents
        for start, end in sentence_spans(one.text)
        if not any(start <= answer < end for answer in _answers(one.id, data.questions))
    ]


def _answers(document: str, questions: tuple[PublicQuestion, ...]) -> Iterator[int]:
    return (one.span[0] for one in questions if one.gold[0] == document and one.span)


def _paragraphs(data: PublicSet) -> Iterator[SourceText]:
    # Without titles: no other system of the benchmark would be told them.
    return (SourceText(one.id, "", one.text) for one in data.documents)


def _read(evaldata: Path) -> PublicSet:
    if missing(evaldata, [SET]):
        raise SetMissing(f"{evaldata} holds no {SET}; name the folder of the public sets.")
    return read_public(evaldata / SET)
