"""A language model's answers beside the quotes alone and beside a plain chain over the same model.

The chain is what tutorials build: the three best passages in the prompt, the reply taken as it is. It
gets our own ranking of passages, so that only the wording is compared.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from qa.errors import SettingsError
from qa.grounding import Premise, missing_values
from qa.interfaces import Embedder, Generator, Message
from qa.pipeline import QA
from qa.support import support
from qa.text import sentence_spans
from qa.types import Answer, Shown
from qa.wire import wire_answer
from qa_eval.examples import Dataset, Example, without_gold
from qa_eval.metrics import Pair, percentile
from qa_eval.public import as_dataset, read_public
from qa_eval.rows import Row
from qa_eval.run import InProcess, Json, Progress, Result, evaluate, temporary_qa
from qa_eval.scores import BY_NAME, Metric, figures

SET = "xquad_dev"
_PASSAGES = 3
_MAX_TOKENS = 256
_CHAIN = (
    "Answer the question with the help of the context below. If the context does not hold the answer,"
    " say that you don't know."
)
_REFUSAL = re.compile(
    r"\b(?:do(?:es)?n['’]t|do(?:es)? not|cannot|can['’]t)"
    r" (?:know|say|mention|provide|contain|answer|specify)",
    re.I,
)


class Worded(InProcess):
    """Asks a `QA` as a stream does, and notes when the first claim is shown."""

    def __init__(self, qa: QA, *, generate: bool) -> None:
        super().__init__(qa)
        self._generate = generate

    def ask(self, example: Example) -> Json:
        """See `Asker`; "first_s" and "seconds" are added, and what the citations' titles are."""
        began, first = time.perf_counter(), None
        wire: Json = {}
        for step in self._qa.steps(
            example.question, example.history, documents=example.documents, generate=self._generate
        ):
            if isinstance(step, Shown) and first is None:
                first = time.perf_counter() - began
            if isinstance(step, Answer):
                wire = wire_answer(step, trace=True)
        seconds = time.perf_counter() - began
        return {**wire, "first_s": seconds if first is None else first, "seconds": seconds}


class Chain(InProcess):
    """The plain chain: passages in, reply out, nothing cited, nothing verified."""

    def __init__(self, qa: QA, model: Generator) -> None:
        super().__init__(qa)
        self._model = model

    def ask(self, example: Example) -> Json:
        """See `Asker`; a reply that says that it doesn't know is a refusal."""
        began = time.perf_counter()
        ranking = self._qa.ranking(example.question, example.documents)
        passages = [one.passage for one in ranking.passages[:_PASSAGES]]
        context = "\n\n".join(one.text for one in passages)
        prompt = f"{_CHAIN}\n\nContext:\n{context}\n\nQuestion: {example.question}\nAnswer:"
        reply = "".join(self._model.generate([Message("user", prompt)], None, _MAX_TOKENS)).strip()
        seconds = time.perf_counter() - began
        refused = not reply or _REFUSAL.search(reply) is not None
        places = [
            {"document_id": one.document_id, "start": one.start, "end": one.end, "quote": one.text}
            for one in passages
        ]
        claims = [{"text": reply[start:end], "citations": []} for start, end in sentence_spans(reply)]
        return {
            "status": "not_found" if refused else "answered",
            "confidence": float(not refused),
            "claims": [] if refused else claims,
            "citations": [],
            "disagreement": None,
            "trace": {"passages": places, "evidence": []},
            "first_s": seconds,
            "seconds": seconds,
        }


def measure_generation(
    gold: Dataset, qa: QA, evaldata: Path, questions: int, removed: int, progress: Progress
) -> list[Row]:
    """The figures of all three ways, on a gold set and on `questions` of XQuAD's held-out half.

    `removed` more are asked without the paragraph that answers them. Raises `SettingsError` when no
    language model is set.
    """
    if qa.generator is None:
        raise SettingsError("No language model is set; see QA_LLM_BASE_URL, QA_LLM_MODEL_PATH, QA_LLM_MODEL.")
    rows = list(_compared(gold, gold.examples, qa, progress))
    public = read_public(evaldata / SET)
    asked = [one for one in as_dataset(public).examples if one.split == "test" and one.evidence]
    asked.sort(key=lambda one: hashlib.sha256(one.id.encode()).hexdigest())
    without = [without_gold(one, public.document_ids) for one in asked[:removed]]
    with temporary_qa(public.documents, lambda done, total: None) as own:
        rows += _compared(as_dataset(public), [*asked[:questions], *without], own, progress)
    return rows


def _compared(data: Dataset, examples: Sequence[Example], qa: QA, progress: Progress) -> Iterator[Row]:
    assert qa.generator is not None
    ways = {
        "quotes": Worded(qa, generate=False),
        "model, verified": Worded(qa, generate=True),
        "plain chain": Chain(qa, qa.generator),
    }
    metrics = [*(BY_NAME[name] for name in _NAMES), *_own_metrics(qa.embedder)]
    for way, asker in ways.items():
        results = evaluate(replace(data, examples=tuple(examples)), asker, progress=progress).results
        for name, interval in figures(results, metrics).items():
            yield Row(data.name, f"{way}: {name}", interval)


_NAMES = ("answer_contains", "citation_precision", "citation_recall", "false_refusal_rate", "refusal_recall")


def _own_metrics(embedder: Embedder) -> list[Metric]:
    def unsupported(result: Result) -> Pair | None:
        said = [text for text, _ in result.reply.statements]
        bad = sum(not support(text, _premises(result, i), embedder).holds for i, text in enumerate(said))
        return (float(bad), float(len(said))) if said else None

    def ungrounded(result: Result) -> Pair | None:
        said = [text for text, _ in result.reply.statements]
        bad = any(missing_values(text, _premises(result, i)) for i, text in enumerate(said))
        return (float(bad), 1.0) if said else None

    return [
        Metric("unsupported_sentences", unsupported, higher_is_better=False),
        Metric("answers_with_a_value_not_cited", ungrounded, higher_is_better=False),
        Metric("first_sentence_p50_s", lambda r: (r.wire["first_s"], 1.0), percentile(50), False),
        Metric("whole_answer_p50_s", lambda r: (r.wire["seconds"], 1.0), percentile(50), False),
    ]


def _premises(result: Result, claim: int) -> list[Premise]:
    """What a statement cites; of an answer without citations, the passages that it was given."""
    cited: list[dict[str, Any]] = result.wire["citations"]
    if cited:
        numbers = result.wire["claims"][claim]["citations"]
        return [
            Premise(one["quote"], 0, len(one["quote"]), one["title"], one["published"])
            for one in cited
            if one["number"] in numbers
        ]
    passages = result.wire["trace"]["passages"][:_PASSAGES]
    return [Premise(one["quote"], 0, len(one["quote"])) for one in passages]
