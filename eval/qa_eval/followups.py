"""How close `standalone` comes to human rewrites, and what it does to retrieval.

Three systems are compared on the same turns: the last turn alone, the last three user turns pasted
together, and `qa.question.standalone`. Intervals are percentile bootstraps over conversations, since
the turns of one conversation are not independent.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qa.question import standalone
from qa.types import Turn

Vectors = NDArray[np.float32]
Encode = Callable[[Sequence[str]], Vectors]
Keep = Callable[[str], bool]

REWRITE_SETS = ("cast_dev", "mtrag_rewrites_dev")
RETRIEVAL_SET = "mtrag_un_dev"
DENSE_SHARE = 0.7
RESAMPLES = 2000


@dataclass(frozen=True, slots=True)
class Row:
    """One figure: `mean` over `turns` with its 95 % interval `[low, high]`."""

    dataset: str
    measure: str
    system: str
    mean: float
    low: float
    high: float
    turns: int


@dataclass(frozen=True, slots=True)
class Item:
    """A turn to be made to stand alone."""

    conversation: str
    question: str
    history: tuple[Turn, ...]
    rewrite: str | None
    gold: frozenset[str]


def raw(question: str, history: Sequence[Turn]) -> str:
    """Baseline: the last turn alone."""
    return question


def pasted(question: str, history: Sequence[Turn]) -> str:
    """Baseline: the last three user turns, this one included, in order."""
    users = [turn.content for turn in history if turn.role == "user"]
    return " ".join([*users[-2:], question])


SYSTEMS: dict[str, Callable[[str, Sequence[Turn]], str]] = {
    "last turn": raw,
    "three turns": pasted,
    "standalone": standalone,
}


def half(conversation: str) -> bool:
    """True for the conversations that `standalone` was tuned on (a hash, so the same for ever).

    Only the conversation's own name is hashed: the same one occurs in several sets.
    """
    return hashlib.sha256(conversation.split("-", 1)[-1].encode()).digest()[0] % 2 == 0


def measure(evaldata: Path, encode: Encode, keep: Keep = lambda _: True) -> list[Row]:
    """All figures for the conversations that `keep` accepts; a missing set adds no row.

    `encode` maps n texts to n unit vectors, shape (n, dimensions).
    """
    rows: list[Row] = []
    for name in REWRITE_SETS:
        items = [item for item in read(evaldata / name) if keep(item.conversation)]
        rows += closeness(name, items, encode)
        rows += changed(name, items)
    items = [item for item in read(evaldata / RETRIEVAL_SET) if keep(item.conversation) and item.gold]
    if items:
        rows += retrieval(RETRIEVAL_SET, items, evaldata / RETRIEVAL_SET / "corpus.jsonl", encode)
    return rows


def closeness(name: str, items: Sequence[Item], encode: Encode) -> list[Row]:
    """Token F1, ROUGE-1 recall and cosine to the human rewrite, over turns that have a history."""
    items = [item for item in items if item.history and item.rewrite]
    if not items:
        return []
    targets = [item.rewrite or "" for item in items]
    goal = encode(targets)
    scores: dict[str, dict[str, Vectors]] = {"token F1": {}, "ROUGE-1 R": {}, "cosine": {}}
    for system, function in SYSTEMS.items():
        outputs = [function(item.question, item.history) for item in items]
        pairs = [overlap(output, target) for output, target in zip(outputs, targets, strict=True)]
        scores["token F1"][system] = np.array([f1 for f1, _ in pairs], dtype=np.float32)
        scores["ROUGE-1 R"][system] = np.array([recall for _, recall in pairs], dtype=np.float32)
        scores["cosine"][system] = np.asarray((encode(outputs) * goal).sum(axis=1), dtype=np.float32)
    names = [item.conversation for item in items]
    return [row for kind, by_system in scores.items() for row in compare(name, kind, by_system, names)]


def changed(name: str, items: Sequence[Item]) -> list[Row]:
    """Share of the turns their annotator left alone that `standalone` alters (lower is better)."""
    complete = [i for i in items if i.history and i.rewrite and words(i.rewrite) == words(i.question)]
    if not complete:
        return []
    altered = [words(standalone(i.question, i.history)) != words(i.question) for i in complete]
    values = np.array(altered, dtype=np.float32)
    return [summary(name, "complete turns changed", "standalone", values, [i.conversation for i in complete])]


def retrieval(name: str, items: Sequence[Item], corpus: Path, encode: Encode) -> list[Row]:
    """Recall at 5 over the whole corpus, convex fusion of min-max-normalised dense and BM25 scores."""
    documents = [json.loads(line) for line in corpus.open(encoding="utf-8")]
    texts = [f"{document['title']}\n{document['text']}".strip() for document in documents]
    ids = [str(document["id"]) for document in documents]
    vectors, lexical = encode(texts), Bm25(texts)
    scores: dict[str, Vectors] = {}
    for system, function in SYSTEMS.items():
        outputs = [function(item.question, item.history) for item in items]
        values = []
        for item, output, dense in zip(items, outputs, encode(outputs) @ vectors.T, strict=True):
            fused = DENSE_SHARE * unit(dense) + (1 - DENSE_SHARE) * unit(lexical.scores(output))
            top = {ids[i] for i in np.argsort(-fused, kind="stable")[:5]}
            values.append(len(top & item.gold) / min(5, len(item.gold)))
        scores[system] = np.array(values, dtype=np.float32)
    conversations = [item.conversation for item in items]
    rows = compare(name, "recall@5", scores, conversations)
    first = np.array([not item.history for item in items])
    if first.all():
        return rows
    later = {system: values[~first] for system, values in scores.items()}
    names = [c for c, alone in zip(conversations, first, strict=True) if not alone]
    return rows + compare(name, "recall@5, with history", later, names)


def compare(name: str, kind: str, scores: dict[str, Vectors], conversations: Sequence[str]) -> list[Row]:
    """A row for each system, and one for each paired difference of the last system to another."""
    rows = [summary(name, kind, system, values, conversations) for system, values in scores.items()]
    *others, ours = scores
    for other in others:
        difference = scores[ours] - scores[other]
        rows.append(summary(name, kind, f"{ours} - {other}", difference, conversations))
    return rows


def summary(name: str, kind: str, system: str, values: Vectors, conversations: Sequence[str]) -> Row:
    """Mean over turns with a 95 % percentile bootstrap that resamples whole conversations."""
    _, group = np.unique(np.array(conversations), return_inverse=True)
    totals, sizes = np.bincount(group, weights=values), np.bincount(group)
    draws = np.random.default_rng(0).integers(len(sizes), size=(RESAMPLES, len(sizes)))
    means = totals[draws].sum(axis=1) / sizes[draws].sum(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return Row(name, kind, system, float(values.mean()), float(low), float(high), len(values))


def read(folder: Path) -> list[Item]:
    """The turns of a set, in order; none where the set is missing."""
    path = folder / "queries.jsonl"
    if not path.exists():
        return []
    return [item(json.loads(line)) for line in path.open(encoding="utf-8")]


def item(record: dict[str, Any]) -> Item:
    """One line of `queries.jsonl`; an id is the conversation's, `_` (perhaps `t`) and the turn's number."""
    return Item(
        conversation=re.sub(r"_t?[\d-]+$", "", record["id"]),
        question=record["question"],
        history=tuple(Turn(turn["role"], turn["content"]) for turn in record["history"]),
        rewrite=record.get("rewrite"),
        gold=frozenset(record.get("gold_doc_ids", ())),
    )


def words(text: str) -> list[str]:
    """Lower-case words and numbers."""
    return re.findall(r"\w+", text.lower())


def overlap(output: str, target: str) -> tuple[float, float]:
    """Token F1 and ROUGE-1 recall (Lin 2004) of `output` against `target`, repeated words counted."""
    found, wanted = Counter(words(output)), Counter(words(target))
    shared = (found & wanted).total()
    if not shared:
        return 0.0, 0.0
    return 2 * shared / (found.total() + wanted.total()), shared / wanted.total()


def unit(scores: Vectors) -> Vectors:
    """Min-max normalisation to [0, 1]; zeros where all scores are equal."""
    spread = float(scores.max() - scores.min())
    return (scores - scores.min()) / spread if spread > 0 else np.zeros_like(scores)


class Bm25:
    """Okapi BM25 over `texts` with Lucene's idf (Robertson and Zaragoza 2009, section 3)."""

    def __init__(self, texts: Iterable[str], k1: float = 1.2, b: float = 0.75) -> None:
        bags = [Counter(words(text)) for text in texts]
        lengths = np.array([bag.total() for bag in bags], dtype=np.float32)
        norm = k1 * (1 - b + b * lengths / lengths.mean())
        postings: dict[str, list[tuple[int, int]]] = {}
        for position, bag in enumerate(bags):
            for word, count in bag.items():
                postings.setdefault(word, []).append((position, count))
        self._size = len(bags)
        self._weights: dict[str, tuple[NDArray[np.intp], Vectors]] = {}
        for word, entries in postings.items():
            where, count = np.array(entries, dtype=np.intp).T
            idf = np.log(1 + (len(bags) - len(where) + 0.5) / (len(where) + 0.5))
            weights = idf * count * (k1 + 1) / (count + norm[where])
            self._weights[word] = where, weights.astype(np.float32)

    def scores(self, query: str) -> Vectors:
        """The score of every text, shape (texts,)."""
        total = np.zeros(self._size, dtype=np.float32)
        for word in set(words(query)):
            if word in self._weights:
                where, weights = self._weights[word]
                total[where] += weights
        return total


def table(rows: Iterable[Row]) -> str:
    """The rows as a Markdown table."""
    lines = ["| set | measure | system | mean | 95 % CI | turns |", "|---|---|---|---|---|---|"]
    lines += [
        f"| {r.dataset} | {r.measure} | {r.system} | {r.mean:.3f} | {r.low:.3f} to {r.high:.3f} | {r.turns} |"
        for r in rows
    ]
    return "\n".join(lines)


def main(evaldata: Path, encode: Encode) -> None:
    """Write the table of each half; the caller brings the encoder, so that no model is named here."""
    for title, keep in (("tuned on", half), ("held out", lambda name: not half(name))):
        sys.stdout.write(f"\n### {title}\n{table(measure(evaldata, encode, keep))}\n")
