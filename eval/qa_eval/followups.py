"""How close the question that stands alone comes to the one a person wrote, on conversations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from qa.finding.question import standalone
from qa.interfaces import Embedder
from qa_eval.metrics import bootstrap_ci, normalise, token_f1
from qa_eval.public import PublicQuestion, read_public
from qa_eval.rows import Row

SETS = ("cast_dev", "mtrag_rewrites_dev")
PASTED_TURNS = 3
Rewrite = Callable[[PublicQuestion], str]


def pasted(one: PublicQuestion) -> str:
    """The last three turns of the user, the question being the last."""
    said = [turn.content for turn in one.history if turn.role == "user"]
    return " ".join([*said[1 - PASTED_TURNS :], one.question])


WAYS: dict[str, Rewrite] = {
    "last turn alone": lambda one: one.question,
    "last three turns pasted": pasted,
    "standalone": lambda one: standalone(one.question, one.history),
}


def closeness(folder: Path, embedder: Embedder) -> Iterator[Row]:
    """Token F1, ROUGE-1 recall (Lin 2004) and cosine to the human rewrite, over turns with a history."""
    data = read_public(folder)
    turns = [one for one in data.questions if one.history and one.row.get("rewrite") and not one.tuned_on]
    groups = [one.group for one in turns]
    targets = [str(one.row["rewrite"]) for one in turns]
    vectors = _vectors(targets, embedder)
    for way, rewrite in WAYS.items():
        written = [rewrite(one) for one in turns]
        cosines = (_vectors(written, embedder) * vectors).sum(axis=1)
        scores = {
            "token F1": [token_f1(said, target) for said, target in zip(written, targets, strict=True)],
            "ROUGE-1 recall": [_recall(said, target) for said, target in zip(written, targets, strict=True)],
            "cosine": cosines.tolist(),
        }
        for figure, values in scores.items():
            interval = bootstrap_ci(np.array([(value, 1.0) for value in values]), groups=groups)
            yield Row(data.name, f"{figure} to the rewrite, {way}", interval)
    kept = [one for one, target in zip(turns, targets, strict=True) if one.question.strip() == target.strip()]
    changed = np.array([(WAYS["standalone"](one) != one.question.strip(), 1.0) for one in kept], float)
    if kept:
        interval = bootstrap_ci(changed, groups=[one.group for one in kept])
        yield Row(data.name, "complete questions that were changed", interval)


def _vectors(texts: Sequence[str], embedder: Embedder) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.array([encoding.vector for encoding in embedder.encode(texts)])


def _recall(said: str, target: str) -> float:
    ours, theirs = Counter(normalise(said).split()), Counter(normalise(target).split())
    return sum((ours & theirs).values()) / max(sum(theirs.values()), 1)
