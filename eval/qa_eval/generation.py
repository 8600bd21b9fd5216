"""A language model's answers beside the quotes alone and beside a plain chain over the same model.

The chain gets our own ranking of passages, so that only the wording is compared. Each question is asked in
all ways before the next one, in turning order: what else the machine does is then shared by all.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from qa.errors import QuestionInvalid, SettingsError
from qa.interfaces import Embedder
from qa.pipeline import QA
from qa.support.assent import without_assent
from qa.support.grounding import Premise, missing_values
from qa.support.support import support
from qa.types import Answer, Shown
from qa.wire import wire_answer
from qa_eval.chain import PASSAGES, Chain, Clock
from qa_eval.examples import Dataset, Example, without_gold
from qa_eval.metrics import Pair, Rows, percentile
from qa_eval.public import as_dataset, read_public
from qa_eval.replies import Replies
from qa_eval.rows import Row
from qa_eval.run import InProcess, Json, Progress, Result, evaluate, temporary_qa
from qa_eval.scores import BY_NAME, Metric, figures

SET = "xquad_dev"


class Worded(InProcess):
    """Asks a `QA` as a stream does, and notes when the first claim is shown."""

    def __init__(self, qa: QA, *, generate: bool, clock: Clock) -> None:
        super().__init__(qa)
        self._generate = generate
        self._clock = clock

    def ask(self, example: Example) -> Json:
        """See `Asker`; "first_s" and "seconds" are added, and what the citations' titles are."""
        began, first = self._clock(), None
        wire: Json = {}
        for step in self._qa.steps(
            example.question, example.history, documents=example.documents, generate=self._generate
        ):
            if isinstance(step, Shown) and first is None:
                first = self._clock() - began
            if isinstance(step, Answer):
                wire = wire_answer(step, trace=True)
        seconds = self._clock() - began
        wire["citations"] = [{**one, "around": self._around(one, wire)} for one in wire["citations"]]
        return {**wire, "first_s": seconds if first is None else first, "seconds": seconds}

    def _around(self, citation: Json, wire: Json) -> tuple[int, str]:
        """The passage that a citation is in: where it begins, and its text."""
        start, end = citation["start"], citation["end"]
        for one in wire["trace"]["passages"]:
            if one["document_id"] == citation["document_id"] and one["start"] <= start and end <= one["end"]:
                return one["start"], self._qa.document(one["document_id"]).text[one["start"] : one["end"]]
        return start, citation["quote"]


class Asked(InProcess):
    """What was answered before."""

    def __init__(self, qa: QA) -> None:
        super().__init__(qa)
        self.answers: dict[str, Json | QuestionInvalid] = {}

    def ask(self, example: Example) -> Json:
        """See `Asker`."""
        answer = self.answers[example.id]
        if isinstance(answer, QuestionInvalid):
            raise answer
        return answer


def measure_generation(
    gold: Dataset, qa: QA, evaldata: Path, questions: int, removed: int, replies: Path, progress: Progress
) -> list[Row]:
    """The figures of all three ways, on a gold set and on `questions` of XQuAD's held-out half.

    `removed` more are asked without the paragraph that answers them. The model's `replies` are kept in this
    file, and those that it has are not asked for again. Raises `SettingsError` when no language model is set.
    """
    if qa.generator is None:
        raise SettingsError("No language model is set; see QA_LLM_BASE_URL, QA_LLM_MODEL_PATH, QA_LLM_MODEL.")
    model = Replies(qa.generator, replies)
    rows = list(_compared(gold, gold.examples, qa, model, progress))
    public = read_public(evaldata / SET)
    asked = [one for one in as_dataset(public).examples if one.split == "test" and one.evidence]
    asked.sort(key=_shuffled)
    without = [without_gold(one, public.document_ids) for one in asked[:removed]]
    with temporary_qa(public.documents, lambda done, total: None) as own:
        rows += _compared(as_dataset(public), [*asked[:questions], *without], own, model, progress)
    return rows


def sample(examples: Sequence[Example], most: int) -> tuple[Example, ...]:
    """At most `most` of them, always the same, with and without an answer in the set's own proportion."""
    if most >= len(examples):
        return tuple(examples)
    share = sum(not one.answerable for one in examples) / len(examples)
    wanted = {False: round(most * share), True: most - round(most * share)}
    chosen = {
        one.id
        for answerable, number in wanted.items()
        for one in sorted((one for one in examples if one.answerable == answerable), key=_shuffled)[:number]
    }
    return tuple(one for one in examples if one.id in chosen)


def _shuffled(example: Example) -> str:
    return hashlib.sha256(example.id.encode()).hexdigest()


def _compared(
    data: Dataset, examples: Sequence[Example], qa: QA, model: Replies, progress: Progress
) -> Iterator[Row]:
    worded = QA(qa.index, qa.embedder, model, qa.entails)
    ways: dict[str, InProcess] = {
        "quotes": Worded(qa, generate=False, clock=model.clock),
        "model, verified": Worded(worded, generate=True, clock=model.clock),
        "plain chain": Chain(qa, model, model.clock),
    }
    metrics = [*(BY_NAME[name] for name in _NAMES), *own_metrics(qa.embedder)]
    for way, asked in ask_in_turn(ways, examples, qa, progress).items():
        results = evaluate(replace(data, examples=tuple(examples)), asked).results
        for name, interval in figures(results, metrics).items():
            yield Row(data.name, f"{way}: {name}", interval)


def ask_in_turn(
    ways: Mapping[str, InProcess], examples: Sequence[Example], qa: QA, progress: Progress
) -> dict[str, Asked]:
    """Each question in all ways, another one first each time; what each way answered."""
    answered = {way: Asked(qa) for way in ways}
    names = list(ways)
    for number, example in enumerate(examples):
        progress(number, len(examples))
        first = number % len(names)
        for way in (*names[first:], *names[:first]):
            try:
                answered[way].answers[example.id] = ways[way].ask(example)
            except QuestionInvalid as error:
                answered[way].answers[example.id] = error
    progress(len(examples), len(examples))
    return answered


_NAMES = (
    "answer_contains",
    "exact_match",
    "token_f1",
    "citation_precision",
    "citation_recall",
    "false_refusal_rate",
    "refusal_recall",
)


def own_metrics(embedder: Embedder) -> list[Metric]:
    """What only generated answers are measured by."""

    def unsupported(result: Result) -> Pair | None:
        said = [without_assent(text) for text, _ in result.reply.statements]
        bad = sum(not support(text, _premises(result, i), embedder).holds for i, text in enumerate(said))
        return (float(bad), float(len(said))) if said else None

    def ungrounded(result: Result) -> Pair | None:
        said = [text for text, _ in result.reply.statements]
        bad = any(missing_values(text, _premises(result, i)) for i, text in enumerate(said))
        return (float(bad), 1.0) if said else None

    return [
        Metric("balanced_accuracy", _right, _balanced),
        Metric("claims_in_own_words", _own_words),
        Metric("unsupported_sentences", unsupported, higher_is_better=False),
        Metric("answers_with_a_value_not_cited", ungrounded, higher_is_better=False),
        Metric("answers_with_a_plain_word_not_cited", _plain, higher_is_better=False),
        Metric("first_sentence_p50_s", lambda r: (r.wire["first_s"], 1.0), percentile(50), False),
        Metric("whole_answer_p50_s", lambda r: (r.wire["seconds"], 1.0), percentile(50), False),
    ]


def _right(result: Result) -> Pair | None:
    """Whether an answer contains what it should, or there is none where there should be none."""
    if not result.example.answerable:
        return float(result.reply.refused), 0.0
    contained = BY_NAME["answer_contains"].row(result)
    return None if contained is None else (contained[0], 1.0)


def _balanced(rows: Rows) -> float:
    """Balanced accuracy (Brodersen et al. 2010) of (right, answerable): fair to who never refuses."""
    with_answer = rows[:, 1] == 1
    if with_answer.all() or not with_answer.any():
        return float("nan")
    return float(np.mean([rows[with_answer, 0].mean(), rows[~with_answer, 0].mean()]))


def _own_words(result: Result) -> Pair | None:
    """How many of the claims are no quote."""
    said = [text for text, _ in result.reply.statements]
    own = sum(not any(text in one.quote for one in _premises(result, i)) for i, text in enumerate(said))
    return (float(own), float(len(said))) if said else None


def _plain(result: Result) -> Pair | None:
    said = [text for text, _ in result.reply.statements]
    bad = any(
        plainly_missing(text, [word for one in _premises(result, i) for word in (one.quote, one.title)])
        for i, text in enumerate(said)
    )
    return (float(bad), 1.0) if said else None


def plainly_missing(sentence: str, cited: Sequence[str]) -> list[str]:
    """The runs of digits and the capitalised words, but a sentence's first, that stand in no cited text.

    As they are written, but for case. It shares nothing with the rules by which sentences are shown, so that
    it can see what these let through; it also finds fault with "fifty" told as "50".
    """
    known = {word for text in cited for word in re.findall(r"\d+|[^\W\d_]+", text.casefold())}
    found = re.finditer(r"\d+|(?<![\w'’])[A-Z][^\W\d_]*", sentence)
    opening = re.compile(r"(?:^|[.!?…][\"”’)]*\s)[\"“‘(]*$")
    return [
        one[0]
        for one in found
        if one[0].casefold() not in known
        and (one[0].isdigit() or not opening.search(sentence[: one.start()]))
    ]


def _premises(result: Result, claim: int) -> list[Premise]:
    """What a statement cites, in its passage; of an answer without citations, the passages it was given."""
    cited: list[dict[str, Any]] = result.wire["citations"]
    if not cited:
        passages = result.wire["trace"]["passages"][:PASSAGES]
        return [Premise(one["quote"], 0, len(one["quote"])) for one in passages]
    numbers = result.wire["claims"][claim]["citations"]
    return [_premise(one) for one in cited if one["number"] in numbers]


def _premise(citation: Json) -> Premise:
    begins, passage = citation["around"]
    start, end = (citation[offset] - begins for offset in ("start", "end"))
    return Premise(passage, start, end, citation["title"], citation["published"])
