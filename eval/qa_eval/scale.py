"""How long a question takes over a large index, made from the public texts."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from qa.build import build_qa, run_ingest
from qa.settings import Settings
from qa.text import sentence_spans
from qa_eval.examples import SourceText
from qa_eval.metrics import bootstrap_ci, percentile
from qa_eval.public import PublicSet, read_public
from qa_eval.public_suite import Say
from qa_eval.rows import Row
from qa_eval.run import write_corpus

QUESTIONS = 300
_SENTENCES = 5
"""Sentences of a paragraph that is made up: about as long as a passage."""


def measure_scale(evaldata: Path, passages: int, folder: Path, say: Say) -> list[Row]:
    """Latency of `QA.ask` over about `passages` passages, the index being kept in `folder`."""
    sets = [read_public(path) for path in sorted(evaldata.iterdir()) if (path / "corpus.jsonl").is_file()]
    settings = Settings(corpus=folder / "corpus", index=folder / "index")
    if not settings.index.exists():
        say(f"indexing about {passages} passages")
        write_corpus(list(_documents(sets, passages)), settings.corpus)
        start = time.perf_counter()
        run_ingest(settings, [settings.corpus])
        say(f"indexed in {time.perf_counter() - start:.0f} s")
    start = time.perf_counter()
    qa = build_qa(settings)
    say(f"opened in {time.perf_counter() - start:.2f} s: {qa.counts()}")
    questions = [one for data in sets for one in data.questions if one.answerable and not one.history]
    asked = random.Random(0).sample(questions, QUESTIONS)
    for one in asked[:10]:
        qa.ask(one.question)  # warm
    timings = [qa.ask(one.question).trace.timings_ms for one in asked]
    qa.close()
    name = f"{passages} passages"
    return [
        Row(name, f"{stage} p{q}, ms", bootstrap_ci(_column(timings, stage), percentile(q)))
        for stage in ("total", "retrieve", "rank", "compose", "verify")
        for q in (50, 95)
    ]


def _column(timings: Sequence[Mapping[str, float]], stage: str) -> NDArray[np.float64]:
    return np.array([(one.get(stage, 0.0), 1.0) for one in timings])


def _documents(sets: Sequence[PublicSet], passages: int) -> Iterator[SourceText]:
    """Every public text, then paragraphs of sentences drawn from them at random, by a fixed seed."""
    texts = [
        SourceText(f"{data.name}-{n}", one.title, one.text)
        for data in sets
        for n, one in enumerate(data.documents)
    ]
    yield from texts[:passages]
    sentences = [one.text[a:b] for one in texts for a, b in sentence_spans(one.text) if 30 <= b - a <= 300]
    chance = random.Random(0)
    for n in range(len(texts), passages):
        yield SourceText(f"made-{n}", "", " ".join(chance.sample(sentences, _SENTENCES)))
