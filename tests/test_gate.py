"""The floors hold, and each stage broken on purpose falls below them: real encoder, real index."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from conftest import ROOT
from qa import pipeline
from qa.answering import extract
from qa.answering.verify import ReadDocument, Verified
from qa.finding.rank import Ranking, rank
from qa.pipeline import QA
from qa.types import Citation, Draft, Evidence
from qa_eval.data import load
from qa_eval.examples import Dataset
from qa_eval.gate import EXTRA, Breach, FloorsError, breaches, read_floors
from qa_eval.report import summarise
from qa_eval.session import measure

FLOORS = ROOT / "eval" / "floors.toml"


@pytest.fixture(scope="module")
def dev() -> Dataset:
    dataset = load(ROOT / "eval" / "gold" / "union_state.jsonl")
    return replace(dataset, examples=tuple(one for one in dataset.examples if one.split == "dev"))


def missed(dataset: Dataset, qa: QA) -> list[Breach]:
    floors = read_floors(FLOORS, dataset.name)
    quick = {
        split: {k: v for k, v in one.items() if not k.startswith("latency")} for split, one in floors.items()
    }
    return breaches(summarise(measure(dataset, qa), rounds=1), quick)


def test_the_gate_holds(dev: Dataset, qa: QA) -> None:
    assert missed(dev, qa) == []


def test_a_shuffled_ranking_is_caught(dev: Dataset, qa: QA, monkeypatch: pytest.MonkeyPatch) -> None:
    def shuffled(*arguments: Any) -> Ranking:
        found = rank(*arguments)
        sentences = random.Random(0).sample(found.sentences, len(found.sentences))
        return replace(found, sentences=tuple(sentences))

    monkeypatch.setattr(pipeline, "rank", shuffled)
    names = {one.name for one in missed(dev, qa)}
    assert {"sentence_success@1", "citation_precision"} <= names


def test_a_threshold_of_zero_is_caught(dev: Dataset, qa: QA, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "THRESHOLD", 0.0)
    assert "refusal_recall" in {one.name for one in missed(dev, qa)}


def test_a_dropped_verifier_is_caught(dev: Dataset, qa: QA, monkeypatch: pytest.MonkeyPatch) -> None:
    def unverified(
        draft: Draft, evidence: Sequence[Evidence], revisions: Mapping[str, str], read: ReadDocument
    ) -> Verified:
        cited = {number for claim in draft.claims for number in claim.evidence_numbers}
        documents = {one.passage.document_id: read(one.passage.document_id) for one in evidence}
        citations = tuple(
            Citation(one.number, d.id, d.title, d.uri, d.published, d.sha256, one.start, one.end, one.quote)
            for one in evidence
            for d in [documents[one.passage.document_id]]
            if one.number in cited
        )
        return Verified(draft.claims, citations, {number: number for number in cited})

    monkeypatch.setattr(extract, "verify", unverified)
    assert "faults_stopped" in {one.name for one in missed(dev, qa)}


def test_figures_and_floors_of_unknown_names_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "floors.toml"
    path.write_text("[own.dev]\nacuracy = 0.5\n")
    with pytest.raises(FloorsError, match="acuracy"):
        read_floors(path, "own")
    assert read_floors(path, "other") == {}
    path.write_text("[own")
    with pytest.raises(FloorsError, match="can't be read"):
        read_floors(path, "own")


def test_less_is_better_and_what_is_not_measured_is_missed(dev: Dataset, qa: QA) -> None:
    report = summarise(measure(replace(dev, examples=dev.examples[:2]), qa), rounds=1)
    floors = {"dev": {"latency_p50_ms": 0.001, "conflict_recall": 0.5}, "test": {"accuracy": 1.0}}
    found = {one.name: one for one in breaches(report, floors)}
    assert "above 0.001" in str(found["latency_p50_ms"])
    assert "not measured" in str(found["conflict_recall"])
    assert "accuracy" not in found, "the test split was not run"


def test_floors_that_are_missing_or_name_no_split_do_not_open_the_gate(tmp_path: Path) -> None:
    with pytest.raises(FloorsError, match="does not exist"):
        read_floors(tmp_path / "nowhere.toml", "own")
    (tmp_path / "floors.toml").write_text("[own.dve]\naccuracy = 1.0\n")
    with pytest.raises(FloorsError, match="dve"):
        read_floors(tmp_path / "floors.toml", "own")


@pytest.mark.parametrize("floor", ["nan", "-inf", "inf", "true", '"0.5"', "[]"])
def test_a_floor_that_is_no_number_does_not_open_the_gate(tmp_path: Path, floor: str) -> None:
    (tmp_path / "floors.toml").write_text(f"[own.dev]\naccuracy = {floor}\n")
    with pytest.raises(FloorsError, match=r"accuracy of \[own.dev\] is .*; give it a number"):
        read_floors(tmp_path / "floors.toml", "own")


@pytest.mark.parametrize("floors", [{"faults_stopped": 0.0}, {"sound_drafts_kept": 1.0}])
def test_a_figure_that_is_no_number_misses_its_floor(dev: Dataset, qa: QA, floors: dict[str, float]) -> None:
    report = summarise(measure(replace(dev, examples=dev.examples[:1]), qa), rounds=1)
    broken = replace(report, extra=dict.fromkeys(floors, math.nan))
    assert [one.name for one in breaches(broken, {EXTRA: floors})] == list(floors)


def test_quotes_and_the_verifier_admit_no_exception() -> None:
    floors = read_floors(FLOORS, "union_state")
    assert set(floors) == {"dev", "test", EXTRA}
    assert set(floors[EXTRA].items()) == {("faults_stopped", 1.0), ("sound_drafts_kept", 1.0)}
    for split in ("dev", "test"):
        assert (floors[split]["quote_exactness"], floors[split]["values_without_citation"]) == (1.0, 0.0)
