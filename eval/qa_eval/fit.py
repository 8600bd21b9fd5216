"""Learn the weights of evidence ranking and confidence, and print what they reach on held-out titles.

    python -m qa_eval.fit EVALDATA [--write src/qa/weights.json]

Titles are cut into two halves by a hash. What is written is learnt from one half alone; the other
one is for measuring (`qa eval --suite public`).
"""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

from qa.finding.confidence import RELEVANCE, SIGNS, confidence_features, told_of_another
from qa.finding.rank import ANOTHER, FEATURES, RANKING, Ranking
from qa.pipeline import QA
from qa_eval.learning import run
from qa_eval.logit import fit_logistic
from qa_eval.metrics import auroc, ece
from qa_eval.public import PublicQuestion, PublicSet, holds_answer, is_gold, missing, read_public
from qa_eval.run import Progress, temporary_qa
from qa_eval.swaps import cut_out, swapped

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Parts = Mapping[str, Mapping[str, float]]
STRANGERS = {"xquad_dev": "clapnq_dev", "squad2_dev": "clapnq_dev", "clapnq_dev": "xquad_dev"}
"""The sets that are learnt from, each with the one whose questions it can't answer."""

SHARES = {
    "answerable": 2.5,
    "removed": 1.0,
    "unanswerable": 1.5,
    "swapped": 0.4,
    "cut_out": 0.1,
    "stranger": 0.5,
    "few": 1.25,
    "few_removed": 1.0,
}
"""How much a kind of question counts for confidence, each set counting the same: the base rate that the
confidence assumes. About half of the questions are answerable; most of the others are about something
that the documents don't have, one in eight is a near miss or a false premise."""

RELEVANT = {"answerable": 2.0, "few": 1.0}
"""The same for relevance, which the weights of `qa_eval.fit_values` were learnt with."""

NEAR_MISSES = ("unanswerable", "swapped", "cut_out")

ADVERSARIAL = ("squad2_dev", "unanswerable", 0.3)
"""Of SQuAD 2.0's unanswerable questions most are made from an answerable one by changing a word; at
full weight they make everything look uncertain (the figures are in eval/LOG.md)."""

PER_KIND, MOST_OFTEN, STRANGER_QUESTIONS = 700, 8.0, 400
"""A kind of question of a set counts as this many, but no question as more than so many; strangers asked."""

REFUSED = 0.04
"""Share of a set's answerable questions that may be refused where it is learnt from: at most 5 % are meant
to be, and another half of the same set may be a little worse."""


@dataclass(frozen=True, slots=True)
class Case:
    """One question over one choice of documents, and what ranking made of it."""

    dataset: str
    kind: str
    question: PublicQuestion
    features: Array  # (sentences, len(FEATURES))
    sure: Array  # (sentences, len(SIGNS)), the first ones only
    of_another: Mask  # the first ones: the sentence tells of another than is asked about
    another: Mask  # (sentences,) it tells of another number of the name that is asked about
    gold: Mask  # (sentences,) the sentence that answers
    quoted: Mask  # it has an answer's words
    home: Mask  # it is in a gold document

    @property
    def answerable(self) -> bool:
        """Whether the documents asked have the answer."""
        return self.kind in ("answerable", "few")


def cases(data: PublicSet, stranger: PublicSet, qa: QA) -> Iterator[Case]:
    """Every question as it is, without its gold document, over three documents, with a value swapped, and
    strangers'."""
    titles = {one.id: one.title for one in data.documents}
    chance = random.Random(0)
    for one in data.questions:
        yield _case(data.name, "answerable" if one.answerable else "unanswerable", one, qa, None)
        if not one.answerable or not one.gold:
            continue
        rest = [document for document in data.document_ids if document not in one.gold]
        kin = [document for document in rest if titles[document] == titles[one.gold[0]]]
        others = chance.sample(rest, 3)
        chosen = list(dict.fromkeys(chance.sample(kin, min(2, len(kin))) + others))[:3]
        yield _case(data.name, "few", one, qa, [*one.gold, *chosen[:2]])
        yield _case(data.name, "few_removed", one, qa, chosen)
        yield _case(data.name, "removed", one, qa, rest)
    for one in swapped(data):
        yield _case(data.name, "swapped", one, qa, None)
    for one in stranger.questions[:STRANGER_QUESTIONS]:
        yield _case(data.name, "stranger", one, qa, None)


def cut_out_cases(data: PublicSet, say: Progress) -> Iterator[Case]:
    """Every answerable question over documents of which its own lacks the sentences that answer."""
    left = list(cut_out(data))
    with temporary_qa([*data.documents, *(document for _, document in left)], say) as qa:
        for one, document in left:
            others = [other for other in data.document_ids if other not in one.gold]
            yield _case(data.name, "cut_out", one, qa, [*others, document.id])


def _case(name: str, kind: str, one: PublicQuestion, qa: QA, documents: Sequence[str] | None) -> Case:
    ranking: Ranking = qa.ranking(one.question, documents)
    # The weights to be learnt order the sentences anew: the best is among the first of today's order.
    first = ranking.sentences[:10]
    sure = [list(confidence_features(one.question, s).values()) for s in first]
    return Case(
        dataset=name,
        kind=kind,
        question=one,
        features=np.array([s.features for s in ranking.sentences], float).reshape(-1, len(FEATURES)),
        sure=np.array(sure, float).reshape(-1, len(SIGNS)),
        another=np.array([s.another for s in ranking.sentences], bool),
        of_another=np.array([told_of_another(one.question, s) for s in first], bool),
        gold=np.array([is_gold(one, s) for s in ranking.sentences], bool),
        quoted=np.array([holds_answer(one, s) for s in ranking.sentences], bool),
        home=np.array([s.passage.document_id in one.gold for s in ranking.sentences], bool),
    )


def fit_ranking(learn: Sequence[Case], ridge: float = 8.0) -> dict[str, float]:
    """Conditional logit (McFadden 1974): which sentence of its question answers."""
    use = [FEATURES.index(name) for name in RANKING]
    chosen = [(c.features[:, use], _target(c)) for c in learn if c.kind == "answerable" and _target(c).any()]
    scale = np.concatenate([x for x, _ in chosen]).std(axis=0) + 1e-6
    rows = np.concatenate([(x - x.mean(axis=0)) / scale for x, _ in chosen])
    answers = np.concatenate([y for _, y in chosen])
    sizes = [len(y) for _, y in chosen]
    first = np.cumsum([0, *sizes[:-1]])
    owner = np.repeat(np.arange(len(sizes)), sizes)

    def loss(weights: Array) -> tuple[float, Array]:
        scores = rows @ weights
        odds = np.exp(scores - np.maximum.reduceat(scores, first)[owner])
        every = np.add.reduceat(odds, first)
        right = np.add.reduceat(odds * answers, first) + 1e-30
        gradient = rows.T @ (odds / every[owner] - odds * answers / right[owner]) + ridge * weights
        return float(np.log(every / right).sum() + ridge / 2 * weights @ weights), gradient

    fitted = minimize(loss, np.zeros(len(use)), jac=True, method="L-BFGS-B").x / scale
    return {name: round(float(weight), 5) for name, weight in zip(RANKING, fitted, strict=True)}


def fit_confidence(
    learn: Sequence[Case],
    ranking: Mapping[str, float],
    names: Sequence[str] = tuple(SIGNS),
    ridge: float = 3.0,
    shares: Mapping[str, float] = SHARES,
) -> dict[str, float]:
    """Logistic regression over the features `names` of SIGNS; the weights stay on their side of zero."""
    x = evidence(learn, ranking)[:, [list(SIGNS).index(name) for name in names]]
    y, mass = np.array([float(c.answerable) for c in learn]), _mass(learn, shares)
    return fit_logistic(x, y, mass, {name: SIGNS[name] for name in names}, ridge)


def evidence(asked: Sequence[Case], ranking: Mapping[str, float]) -> Array:
    """The confidence features of each case's best sentence, (cases, len(SIGNS))."""
    return np.array([c.sure[_order(c, ranking, len(c.sure))[0]] for c in asked])


def fit_premise(learn: Sequence[Case], ranking: Mapping[str, float]) -> dict[str, float]:
    """The share of the answerable where the best sentence tells of another, one more counted on each side."""
    mass, found = _mass(learn), tells_of_another(learn, ranking)
    answered = mass[found & np.array([c.answerable for c in learn])].sum()
    return {"answers": round(float((answered + 1) / (mass[found].sum() + 2)), 3)}


def tells_of_another(asked: Sequence[Case], ranking: Mapping[str, float]) -> Mask:
    """Whether each case's best sentence does."""
    return np.array([c.of_another[_order(c, ranking, len(c.sure))[0]] for c in asked], bool)


def probabilities(asked: Sequence[Case], parts: Parts) -> Array:
    """The confidence of each case."""
    ranking, sure = parts["rank"], parts["confidence"]
    odds = evidence(asked, ranking) @ np.array([sure[name] for name in SIGNS]) + sure["intercept"]
    most = np.where(tells_of_another(asked, ranking), parts["premise"]["answers"], 1.0)
    found: Array = np.minimum(expit(odds), most)
    return found


def refusal_threshold(asked: Sequence[Case], sure: Array) -> float:
    """The highest confidence below which at most REFUSED of the answerable lie, in each of the sets."""
    mine: dict[str, list[float]] = {}
    for s, c in zip(sure.tolist(), asked, strict=True):
        if c.kind == "answerable":
            mine.setdefault(c.dataset, []).append(s)
    limit = min(np.quantile(of_set, REFUSED, method="lower") for of_set in mine.values())
    return math.floor(float(limit) * 1000) / 1000


def report(
    asked: Sequence[Case], ranking: Mapping[str, float], sure: Array, threshold: float
) -> Iterator[str]:
    """Lines of what the first sentences hold, and of AUROC and calibration for each kind of negative."""
    for name in STRANGERS:
        mine = [(c, p) for c, p in zip(asked, sure, strict=True) if c.dataset == name]
        held = []
        for c in (c for c, _ in mine if c.kind == "answerable"):
            best = _order(c, ranking, len(c.features))
            held.append([c.quoted[best[:k]].any() for k in (1, 2, 3)] + [c.home[best[0]]])
        shares = " / ".join(f"{share:.3f}" for share in np.mean(held, axis=0))
        yield f"{name}: answer in the first / two / three sentences / gold document first: {shares}"
        for kind in SHARES:
            positive = "few" if kind.startswith("few") else "answerable"
            rows = np.array([(p, c.answerable) for c, p in mine if c.kind in (kind, positive)])
            refused = [p < threshold for c, p in mine if c.kind == kind]
            if refused and kind != positive:
                figures = f"AUROC {auroc(rows):.3f}, ECE {ece(rows):.3f}"
                yield f"  {kind}: {figures}, refused {np.mean(refused):.3f}"
            elif refused:
                yield f"  {kind}: refused {np.mean(refused):.3f}"


def learn(folder: Path, say: Callable[[str], object]) -> dict[str, Any] | None:
    """The learnt parts of weights.json; None, with a message through `say`, where sets are missing."""
    absent = missing(folder, tuple(STRANGERS))
    if absent:
        say(f"skipped: {', '.join(absent)} not in {folder}")
        return None
    sets = {name: read_public(folder / name) for name in STRANGERS}
    asked: list[Case] = []
    for name, stranger in STRANGERS.items():
        say(f"asking {name}")
        with temporary_qa(sets[name].documents, lambda done, total: None) as qa:
            asked += [c for c in cases(sets[name], sets[stranger], qa) if len(c.features)]
        asked += [c for c in cut_out_cases(sets[name], lambda done, total: None) if len(c.features)]
    tuned = [c for c in asked if c.question.tuned_on]
    ranking = fit_ranking(tuned)
    far = [c for c in tuned if c.kind not in NEAR_MISSES]
    parts = {
        "rank": ranking,
        "confidence": fit_confidence(tuned, ranking),
        "relevance": fit_confidence(far, ranking, RELEVANCE, shares={**SHARES, **RELEVANT}),
        "premise": fit_premise(tuned, ranking),
    }
    threshold = refusal_threshold(tuned, probabilities(tuned, parts))
    for half in (True, False):
        say("the half learnt from" if half else "the half held out")
        mine = [c for c in asked if c.question.tuned_on is half]
        for line in report(mine, ranking, probabilities(mine, parts), threshold):
            say(line)
    return {**parts, "abstention": {"threshold": threshold}}


def _mass(learn: Sequence[Case], shares: Mapping[str, float] = SHARES) -> Array:
    size = Counter((c.dataset, c.kind) for c in learn)
    share = {g: ADVERSARIAL[2] if g == ADVERSARIAL[:2] else shares[g[1]] for g in size}
    groups = [(c.dataset, c.kind) for c in learn]
    return np.array([share[g] * min(PER_KIND / size[g], MOST_OFTEN) for g in groups])


def _target(case: Case) -> Mask:
    return case.gold if case.gold.any() else case.quoted & case.home


def _order(case: Case, ranking: Mapping[str, float], among: int) -> NDArray[np.intp]:
    weights = np.array([ranking.get(name, 0.0) for name in FEATURES])
    score = case.features[:among] @ weights - ANOTHER * case.another[:among]
    return np.argsort(-score, kind="stable")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    return run(__doc__, "qa_eval.fit", learn, arguments)


if __name__ == "__main__":
    raise SystemExit(main())
