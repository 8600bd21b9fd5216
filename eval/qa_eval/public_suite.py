"""What the system reaches on the public sets, through `QA.ask`: the half that nothing was learnt from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from qa.build import build_embedder
from qa.pipeline import QA
from qa_eval import disagreements, followups, pairs, support_rows
from qa_eval.consistency import calibrated_ece
from qa_eval.examples import Dataset, Example, without_gold
from qa_eval.public import PublicSet, as_dataset, in_tuning_half, missing, read_public, text_source
from qa_eval.rows import Row
from qa_eval.run import InProcess, Result, evaluate, temporary_qa
from qa_eval.scores import BY_NAME, figures

EVIDENCE_SETS = ("xquad_dev", "squad2_dev", "clapnq_dev")
CONVERSATIONS = "mtrag_un_dev"
ANSWERED = "clapnq_dev"
"""The set whose answers people wrote, in sentences of their own."""

CHANGED, CHANGED_TEXTS = "xquad_dev", 60
"""The set whose sentences are changed by rule, to see what verification makes of them, and how many texts."""

ANSWERABLE = (
    "answer_in_evidence@1",
    "answer_in_evidence@2",
    "answer_in_evidence@3",
    "sentence_success@1",
    "sentence_success@3",
    "gold_document_first",
    "answer_contains",
    "citation_precision",
    "false_refusal_rate",
    "quote_exactness",
    "latency_p50_ms",
)
ANSWERABILITY = ("auroc", "ece", "refusal_recall")

Say = Callable[[str], object]


def measure(folder: Path, say: Say) -> list[Row]:
    """Every figure that the sets in `folder` allow; what is missing is said and left out."""
    rows: list[Row] = []
    absent = missing(folder, (*EVIDENCE_SETS, CONVERSATIONS, *disagreements.SETS, *followups.SETS))
    for name in (*absent, *pairs.missing_pairs(folder)):
        say(f"skipped: {name} is not in {folder}")
    for name in (*EVIDENCE_SETS, CONVERSATIONS):
        if not missing(folder, (name,)):
            say(f"asking {name}")
            data = read_public(folder / name)
            held_out = replace(data, questions=tuple(one for one in data.questions if not one.tuned_on))
            with temporary_qa(data.documents, lambda done, total: None) as qa:
                rows += (_conversations if name == CONVERSATIONS else _evidence)(held_out, qa)
    for name in disagreements.SETS:
        if not missing(folder, (name,)):
            say(f"asking {name}")
            rows += disagreements.measure_disagreements(folder / name)
    for name in followups.SETS:
        if not missing(folder, (name,)):
            rows += followups.closeness(folder / name, build_embedder())
    return [*rows, *_support(folder, say)]


def _support(folder: Path, say: Say) -> Iterator[Row]:
    """How sentences are verified: on pairs, and on sentences changed by rule."""
    embedder = build_embedder()
    for name in pairs.SETS:
        if name not in pairs.missing_pairs(folder):
            say(f"judging {name}")
            yield from support_rows.measure_pairs(folder / name, embedder)
    if not missing(folder, (CHANGED,)):
        say(f"changing sentences of {CHANGED}")
        texts = [one.text for one in read_public(folder / CHANGED).documents]
        held_out = [text for text in texts if not in_tuning_half(text_source(text))][:CHANGED_TEXTS]
        passages = [one for text in held_out for one in pairs.passages(text, embedder.count_tokens)]
        yield from support_rows.measure_changes(CHANGED, passages, embedder)
    if not missing(folder, (ANSWERED,)):
        say(f"judging answers of {ANSWERED}")
        yield from support_rows.measure_answers(read_public(folder / ANSWERED), embedder)


def _evidence(public: PublicSet, qa: QA) -> Iterator[Row]:
    data = as_dataset(public)
    answerable = _ask(data, [one for one in data.examples if one.answerable and one.evidence], qa)
    yield from _rows(data.name, "", answerable, ANSWERABLE)
    removed = _ask(data, [without_gold(one.example, public.document_ids) for one in answerable], qa)
    yield from _answerability(data.name, "gold removed: ", [*answerable, *removed])
    unanswerable = _ask(data, [one for one in data.examples if not one.answerable], qa)
    if unanswerable:
        yield from _answerability(data.name, "unanswerable: ", [*answerable, *unanswerable])


def _answerability(dataset: str, prefix: str, results: Sequence[Result]) -> Iterator[Row]:
    yield from _rows(dataset, prefix, results, ANSWERABILITY)
    sure = np.array([(one.reply.confidence, float(one.example.answerable)) for one in results])
    yield Row(dataset, f"{prefix}ece if calibrated", calibrated_ece(sure))


def _conversations(public: PublicSet, qa: QA) -> Iterator[Row]:
    data = as_dataset(public)
    both = zip(data.examples, public.questions, strict=True)
    turns = [(example, one) for example, one in both if example.history and example.evidence]
    ways = {
        "last turn alone": [replace(example, history=()) for example, _ in turns],
        "last three turns pasted": [
            replace(example, question=followups.pasted(one), history=()) for example, one in turns
        ],
        "history": [example for example, _ in turns],
    }
    for way, examples in ways.items():
        yield from _rows(data.name, f"{way}: ", _ask(data, examples, qa), ("recall@5",))


def _ask(data: Dataset, examples: Sequence[Example], qa: QA) -> list[Result]:
    return list(evaluate(Dataset(data.name, tuple(examples)), InProcess(qa)).results)


def _rows(dataset: str, prefix: str, results: Sequence[Result], names: Sequence[str]) -> Iterator[Row]:
    for name, interval in figures(results, [BY_NAME[one] for one in names]).items():
        yield Row(dataset, prefix + name, interval)
