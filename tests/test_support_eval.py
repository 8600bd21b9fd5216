"""The measuring and learning of verification, on a set of a few pairs; with the real encoder."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from conftest import ROOT
from qa.build import build_embedder
from qa.interfaces import Embedder
from qa.support.support import SIGNS
from qa_eval.examples import SourceText
from qa_eval.fit_support import learn, main
from qa_eval.logit import fit_logistic
from qa_eval.metrics import balanced_accuracy, f1
from qa_eval.pairs import SETS, missing_pairs, passages, read_pairs
from qa_eval.public import PublicQuestion, PublicSet
from qa_eval.reply import Reply
from qa_eval.support_rows import measure_answers, measure_changes, measure_pairs

THINGS = ["dam", "bridge", "school", "harbour", "library", "market", "tower", "canal", "mill", "museum"]


@pytest.fixture(scope="module")
def embedder() -> Embedder:
    return build_embedder()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both sets, each with ten texts, and one claim to each that is supported and one that is not."""
    folder = tmp_path_factory.mktemp("evaldata")
    for name, label in SETS.items():
        rows = []
        for number, thing in enumerate(THINGS):
            text = f"In {1950 + number} the {thing} of {name} was built by the town and opened to the public."
            rows += [
                {"claim": f"The {thing} of {name} was built by the town.", "evidence": text, "label": label},
                {"claim": "Farmers I know prefer wooden carts to horses.", "evidence": text, "label": "no"},
            ]
        rows.append({"claim": "Hello!", "evidence": "Hello.", "label": "Generic"})
        (folder / name).mkdir()
        (folder / name / "pairs.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    return folder


def test_pairs_are_read_and_cut_into_halves_by_source(folder: Path, embedder: Embedder) -> None:
    assert missing_pairs(folder) == []
    assert missing_pairs(folder / "nothing") == list(SETS)
    pairs = read_pairs(folder / "begin_dev", embedder.count_tokens)
    assert len(pairs) == 2 * len(THINGS)
    assert sum(pair.supported for pair in pairs) == len(THINGS)
    assert {pair.tuned_on for pair in pairs} == {True, False}
    for pair in pairs:
        assert {pair.tuned_on} == {other.tuned_on for other in pairs if other.source == pair.source}


def test_ours_and_the_baselines_are_measured_on_the_half_held_out(folder: Path, embedder: Embedder) -> None:
    figures = {row.figure: row.interval for row in measure_pairs(folder / "begin_dev", embedder)}
    held_out = [pair for pair in read_pairs(folder / "begin_dev", embedder.count_tokens) if not pair.tuned_on]
    assert {interval.n for interval in figures.values()} == {len(held_out)}
    for name in ("supported", "term coverage alone", "cosine alone"):
        assert figures[f"{name}, AUROC"].value == 1.0
        assert figures[f"{name}, balanced accuracy"].value > 0.9
        assert figures[f"{name}, F1"].value > 0.9


def test_weights_are_learnt_from_the_other_half_and_written(folder: Path, tmp_path: Path) -> None:
    lines: list[str] = []
    weights = tmp_path / "weights.json"
    weights.write_text('{"commands": {"rank": "x"}, "rank": {"maxsim": 1.0}}')
    assert main([str(folder), "--write", str(weights)]) == 0
    written = json.loads(weights.read_text())
    assert written["rank"] == {"maxsim": 1.0}
    assert set(written["support"]) == {*SIGNS, "intercept", "threshold"}
    assert all(written["support"][name] * sign >= 0 for name, sign in SIGNS.items())
    assert written["commands"]["support"].startswith("python -m qa_eval.fit_support")
    assert learn(tmp_path, lines.append) is None
    assert "skipped: wice_dev, begin_dev" in lines[0]


def test_a_weight_never_crosses_to_the_side_that_reason_forbids() -> None:
    rows = np.array([[0.0, 0.0], [1.0, 1.0], [2.0, 2.0], [3.0, 3.0]])
    labels = np.array([0.0, 0.0, 1.0, 1.0])
    found = fit_logistic(rows, labels, np.ones(4), {"up": 1, "down": -1}, ridge=0.1)
    assert found["up"] > 0
    assert found["down"] == 0


def test_decisions_are_judged_as_worked_out_by_hand() -> None:
    rows = np.array([[1, 1], [1, 1], [0, 1], [1, 0], [0, 0]], float)
    assert balanced_accuracy(rows) == pytest.approx((2 / 3 + 1 / 2) / 2)
    assert f1(rows) == pytest.approx(2 * 2 / (3 + 3))
    assert np.isnan(balanced_accuracy(rows[:3]))


def test_answers_hold_against_their_own_text_and_not_against_another(embedder: Embedder) -> None:
    documents = tuple(
        SourceText(
            thing, f"The {thing}", f"The {thing} was built by the town in {1900 + number}. It is high."
        )
        for number, thing in enumerate(THINGS)
    )
    questions = tuple(
        PublicQuestion(
            id=thing,
            question="Who built it?",
            answerable=True,
            answers=(f"The town built the {thing} in {1900 + number}.",),
            gold=(thing,),
            span=None,
            group=thing,
            source=thing,
            history=(),
            row={"gold_sentences": ["x"]},
        )
        for number, thing in enumerate(THINGS)
    )
    held_out = sum(not one.tuned_on for one in questions)
    rows = list(measure_answers(PublicSet("answers", documents, questions), embedder))
    assert [(row.interval.value, row.interval.n) for row in rows] == [(1.0, held_out), (1.0, held_out)]


def test_changed_sentences_of_the_documents_are_told_from_the_same_in_other_words(embedder: Embedder) -> None:
    texts = [path.read_text() for path in sorted((ROOT / "corpus").glob("*.txt"))]
    read = [passage for text in texts for passage in passages(text, embedder.count_tokens)][::2]
    figures = {row.figure: row.interval for row in measure_changes("corpus", read, embedder)}
    assert figures["another number: stopped"].value == 1.0
    assert figures["another year: stopped"].value == 1.0
    assert figures["unchanged: let through"].value == 1.0
    for rule in ("names swapped", "negation added", "negation removed", "fact made possible"):
        assert figures[f"{rule}: stopped"].value >= 0.8, rule
    for rule in ("adverbial moved", "aside left out", "numbers rewritten", "surname only"):
        assert figures[f"{rule}: let through"].value >= 0.8, rule


def test_values_that_no_citation_of_their_statement_has_are_counted() -> None:
    citation = {
        "number": 1,
        "document_id": "a",
        "start": 0,
        "end": 33,
        "quote": "Brandt came to Harn on Tuesday.",
        "title": "The visits of Oskar Brandt",
        "published": "1994-05",
    }
    wire = {
        "status": "answered",
        "confidence": 0.9,
        "claims": [
            {"text": "Oskar Brandt came to Harn on Tuesday.", "citations": [1]},
            {"text": "Petersen came to Harn in May 1994 with 12 men.", "citations": [1]},
            {"text": "As of May 1994 Brandt had come.", "citations": [1]},
        ],
        "citations": [citation],
        "disagreement": None,
    }
    assert Reply.read(wire).ungrounded == ("May 1994", "12", "Petersen")
