"""How well the verification of generated sentences tells what their evidence says.

On the public pairs, the half that nothing was learnt from, beside two simple baselines; and on sentences
of documents that `qa_eval.corruptions` changes: what share of the changed ones is stopped, and what
share of those that still say the same is let through.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from qa.finding.rank import vocabulary_prior
from qa.interfaces import Embedder
from qa.language.text import sentence_spans
from qa.support.alignment import align
from qa.support.grounding import Premise
from qa.support.support import support
from qa_eval.corruptions import CORRUPTIONS, PARAPHRASES, Rule
from qa_eval.examples import SourceText
from qa_eval.metrics import Rows, auroc, balanced_accuracy, bootstrap_ci, ece, f1
from qa_eval.pairs import Pair, passages, read_pairs
from qa_eval.public import PublicSet
from qa_eval.rows import Row

_SHORTEST = 8
"""Words of a sentence that is worth changing."""


def measure_pairs(folder: Path, embedder: Embedder) -> Iterator[Row]:
    """The figures of one set of pairs: ranking, calibration and decisions, ours and the baselines'."""
    pairs = read_pairs(folder, embedder.count_tokens)
    tuned, held_out = [p for p in pairs if p.tuned_on], [p for p in pairs if not p.tuned_on]
    groups = [pair.source for pair in held_out]
    labels = np.array([float(pair.supported) for pair in held_out])
    ours = [support(pair.claim, pair.premises, embedder) for pair in held_out]
    sure = np.c_[[one.probability for one in ours], labels]
    holds = np.c_[[float(one.holds) for one in ours], labels]
    yield Row(folder.name, "supported, AUROC", bootstrap_ci(sure, auroc, groups=groups))
    yield Row(folder.name, "supported, ECE", bootstrap_ci(sure, ece, groups=groups))
    yield from _decisions(folder.name, "supported", holds, groups)
    likely = np.c_[[float(one.probability >= one.least) for one in ours], labels]
    yield from _decisions(folder.name, "supported, without the hard rules", likely, groups)
    baselines = np.array([_baselines(pair, embedder) for pair in held_out])
    learnt_from = np.array([_baselines(pair, embedder) for pair in tuned])
    for column, name in enumerate(("term coverage alone", "cosine alone")):
        rows = np.c_[baselines[:, column], labels]
        yield Row(folder.name, f"{name}, AUROC", bootstrap_ci(rows, auroc, groups=groups))
        best = _best_cut(np.c_[learnt_from[:, column], [float(pair.supported) for pair in tuned]])
        decided = np.c_[baselines[:, column] >= best, labels]
        yield from _decisions(folder.name, name, decided, groups)


def _decisions(dataset: str, name: str, rows: Rows, groups: Sequence[str]) -> Iterator[Row]:
    for figure, statistic in (("balanced accuracy", balanced_accuracy), ("F1", f1)):
        yield Row(dataset, f"{name}, {figure}", bootstrap_ci(rows, statistic, groups=groups))


def _baselines(pair: Pair, embedder: Embedder) -> tuple[float, float]:
    """The information-weighted share of the claim's words that the evidence has, and the best cosine."""
    claim, *passages = embedder.encode([pair.claim, *(one.passage for one in pair.premises)])
    tokens = [one.tokens for one in passages]
    laid = align(pair.claim, claim.tokens, pair.premises, tokens, vocabulary_prior(embedder.vocabulary))
    information = laid.information[laid.content]
    covered = float(information @ laid.covered[laid.content] / max(information.sum(), 1e-6))
    return covered, max((float(claim.vector @ one.vector) for one in passages), default=0.0)


def _best_cut(rows: Rows) -> float:
    """The value of the first column from which on deciding "supported" is balanced best."""
    values = np.unique(rows[:, 0])
    reached = [balanced_accuracy(np.c_[rows[:, 0] >= value, rows[:, 1]]) for value in values]
    return float(values[int(np.argmax(reached))])


def measure_answers(data: PublicSet, embedder: Embedder) -> Iterator[Row]:
    """Sentences that people answered with from a text: what of them is let through, and what of them is
    stopped when the text of the next question is cited for them.
    """
    texts = {one.id: one for one in data.documents}
    asked = [one for one in data.questions if one.answerable and one.row.get("gold_sentences")]
    asked = [one for one in asked if not one.tuned_on]
    cited = [_premises(texts[one.gold[0]], embedder) for one in asked]
    for shift, figure in (
        (0, "people's answers: let through"),
        (1, "people's answers, another text: stopped"),
    ):
        rows: list[tuple[float, float]] = []
        groups: list[str] = []
        for place, one in enumerate(asked):
            premises = cited[(place + shift) % len(cited)]
            for start, end in sentence_spans(one.answers[0]):
                holds = support(one.answers[0][start:end], premises, embedder).holds
                rows.append((float(holds is (shift == 0)), 1.0))
                groups.append(one.id)
        if rows:
            yield Row(data.name, figure, bootstrap_ci(np.array(rows), groups=groups))


def _premises(document: SourceText, embedder: Embedder) -> list[Premise]:
    found = passages(document.text, embedder.count_tokens)
    encoded = [one.tokens for one in embedder.encode(found)]
    return [
        Premise(text, 0, len(text), document.title, tokens=tokens)
        for text, tokens in zip(found, encoded, strict=True)
    ]


def measure_changes(name: str, texts: Sequence[str], embedder: Embedder) -> Iterator[Row]:
    """What of each rule's sentences is decided rightly: stopped if corrupted, let through if paraphrased.

    Every sentence of the passages `texts` is held against itself, cited from its passage.
    """
    tokens = {text: one.tokens for text, one in zip(texts, embedder.encode(list(texts)), strict=True)}
    cited = [
        Premise(text, start, end, tokens=tokens[text])
        for text in texts
        for start, end in sentence_spans(text)
        if len(text[start:end].split()) >= _SHORTEST
    ]
    for rules, wanted, figure in ((CORRUPTIONS, False, "stopped"), (PARAPHRASES, True, "let through")):
        yield from _rates(name, rules, wanted, figure, cited, embedder)


def _rates(
    name: str,
    rules: Mapping[str, Rule],
    wanted: bool,
    figure: str,
    cited: Sequence[Premise],
    embedder: Embedder,
) -> Iterator[Row]:
    for rule, change in rules.items():
        changed = [(change(one.quote, one.passage), one) for one in cited]
        right = [
            support(sentence, [one], embedder).holds == wanted
            for sentence, one in changed
            if sentence is not None
        ]
        if right:
            rows = np.c_[np.array(right, float), np.ones(len(right))]
            yield Row(name, f"{rule}: {figure}", bootstrap_ci(rows))
