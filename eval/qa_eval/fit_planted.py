"""Learn what instructions planted for a language model sound like, and print how often that is right.

    python -m qa_eval.fit_planted EVALDATA [--write src/qa/weights.json]

Learnt from the sentences of eval/injections/development.jsonl; of learning/texts.jsonl beside it, planted
texts and honest ones that sound like them; and of the public sets' tuning half, with titles. The other
half, and held_out.jsonl, are for measuring.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]

from qa.documents.instructions import holds_instruction, statements
from qa.documents.planted import grams
from qa.language.text import BLANK_LINE, sentence_spans
from qa_eval.examples import SourceText
from qa_eval.injections import Injection, read_injections
from qa_eval.learning import run
from qa_eval.public import in_tuning_half, missing, read_public, text_source

SENTENCES = {
    "xquad_dev": 1500,
    "squad2_dev": 1500,
    "clapnq_dev": 1500,
    "ramdocs_dev": 1500,
    "qacc_dev": 1500,
    "mtrag_un_dev": 3000,  # where people advise each other, and programs are explained
}
"""How many sentences of each public set are ordinary ones to learn from, or to measure on."""

FALSE_ALARMS = 0.02
"""Share of ordinary sentences that may be kept from the model: one in twelve prompts lacks one then."""

ONE_WORD = 0.7
"""Most that a word, or a pair, may count: with more, "AI" alone would make a sentence sound planted."""

FOREIGN = ("language", "other_language")
"""Kinds that are left out: foreign words would be learnt as signs, since what is ordinary is in English."""

OFTEN = 5
"""Sentences that have a word, or a pair, that is learnt from."""

COMMON = 20
"""Ordinary sentences that have what is learnt from although a row asks with it: else it is a subject."""

STRENGTH = 0.3
"""Inverse of the L1 penalty, chosen on the eighth and ninth set of planted texts (eval/LOG.md)."""

_HERE = Path(__file__).parent.parent / "injections"


class Text(BaseModel):
    """A line of texts.jsonl: a text that was planted, or an honest one that sounds like it."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    kind: str = Field(min_length=1)
    planted: bool
    text: str = Field(min_length=1)


def learn(folder: Path, say: Callable[[str], object]) -> dict[str, dict[str, float]] | None:
    """The learnt parts of weights.json; None, with a message through `say`, where sets are missing."""
    absent = missing(folder, tuple(SENTENCES))
    if absent:
        say(f"skipped: {', '.join(absent)} not in {folder}")
        return None
    known = {
        label: [*injected("development", label), *_split(_texts(label), _sentences)]
        for label in (True, False)
    }
    tuned, held_out = (list(_ordinary(folder, half)) for half in (True, False))
    learnt = [*known[True], *known[False], *tuned, *_titles(folder, tuned=True)]
    seen = Counter(gram for text in learnt for gram in grams(text))
    ordinary = Counter(gram for text in tuned for gram in grams(text))
    asked = {gram for row in _asked("development") for gram in grams(row.question)}
    subjects = {gram for gram in asked if ordinary[gram] < COMMON}
    kept = sorted(gram for gram, n in seen.items() if n >= OFTEN and gram not in subjects)
    vocabulary = {gram: i for i, gram in enumerate(kept)}
    model = LogisticRegression(l1_ratio=1, C=STRENGTH, solver="liblinear", random_state=0)
    model.fit(_rows(learnt, vocabulary), np.arange(len(learnt)) < len(known[True]))
    weights = np.clip(model.coef_[0], -ONE_WORD, ONE_WORD).round(3)
    threshold = float(np.quantile(_rows(tuned, vocabulary) @ weights, 1 - FALSE_ALARMS).round(3))
    measured = {
        "sentences of planted texts, learnt from": known[True],
        "honest ones that sound like them, learnt from": known[False],
        "paragraphs of these": list(_split(_texts(planted=False), _paragraphs)),
        "ordinary sentences, learnt from": tuned,
        "ordinary sentences, held out": held_out,
        "ordinary paragraphs, held out": list(_ordinary_paragraphs(folder)),
        "titles, held out": list(_titles(folder, tuned=False)),
        "held_out.jsonl, planted": list(injected("held_out", planted=True)),
        "held_out.jsonl, planted and no pattern has it": list(
            _unscreened(injected("held_out", planted=True))
        ),
        "held_out.jsonl, planted paragraphs and no pattern has them": [
            one
            for one in _split(_injected("held_out", planted=True), _paragraphs)
            if not holds_instruction(one)
        ],
        "held_out.jsonl, the clean documents'": list(injected("held_out", planted=False)),
    }
    for what, texts in measured.items():
        found = np.mean(_rows(texts, vocabulary) @ weights > threshold)
        say(f"{what}: {found:.3f} of {len(texts)}")
    return {
        "planted": {gram: float(weights[i]) for gram, i in vocabulary.items() if weights[i]},
        "planted_bound": {"threshold": threshold},
    }


def injected(name: str, planted: bool) -> Iterator[str]:
    """The sentences that a set plants, or those of the documents that it plants them in."""
    return _split(_injected(name, planted), _sentences)


def _injected(name: str, planted: bool) -> Iterator[str]:
    return (row.injection if planted else row.clean for row in _asked(name))


def _asked(name: str) -> Iterator[Injection]:
    """Without the rows that ask for what the project's corpus says, or for nothing: a subject would be learnt
    as their sign."""
    for row in read_injections(_HERE / f"{name}.jsonl"):
        if row.answer is not None and row.answer in row.clean and row.kind not in FOREIGN:
            yield row


def _texts(planted: bool) -> Iterator[str]:
    for line in (_HERE / "learning/texts.jsonl").read_text("utf-8").splitlines():
        one = Text.model_validate_json(line)
        if one.planted == planted and one.kind not in FOREIGN:
            yield one.text


def _ordinary(folder: Path, tuned: bool) -> Iterator[str]:
    """The first sentences of the public documents of a half."""
    for name, most in SENTENCES.items():
        found = (one for one in read_public(folder / name).documents if _is_in_half(one, tuned))
        yield from islice((text for one in found for text in _sentences(one.text)[:6]), most)


def _ordinary_paragraphs(folder: Path) -> Iterator[str]:
    """The first paragraphs of the documents of the half that nothing is learnt from."""
    for name, most in SENTENCES.items():
        found = (one for one in read_public(folder / name).documents if _is_in_half(one, tuned=False))
        yield from (paragraph for one in islice(found, most // 6) for paragraph in _paragraphs(one.text)[:1])


def _titles(folder: Path, tuned: bool) -> Iterator[str]:
    for name in SENTENCES:
        found = read_public(folder / name).documents
        yield from dict.fromkeys(one.title for one in found if one.title and _is_in_half(one, tuned))


def _is_in_half(one: SourceText, tuned: bool) -> bool:
    return in_tuning_half(one.title or text_source(one.text)) == tuned


def _split(texts: Iterable[str], parts: Callable[[str], Sequence[str]]) -> Iterator[str]:
    return (part for text in texts for part in parts(text))


def _sentences(text: str) -> list[str]:
    return [text[slice(*span)] for span in sentence_spans(text)]


def _paragraphs(text: str) -> list[str]:
    return [one for one in BLANK_LINE.split(text) if one.strip()]


def _unscreened(texts: Iterable[str]) -> Iterator[str]:
    return (text for text in texts if statements(text))


def _rows(texts: Sequence[str], vocabulary: dict[str, int]) -> csr_matrix[np.float64]:
    """Which grams each text has."""
    held = [sorted(vocabulary[gram] for gram in grams(text) & vocabulary.keys()) for text in texts]
    ends: NDArray[np.int64] = np.cumsum([0, *map(len, held)])
    columns = np.concatenate([np.array(one, np.int64) for one in held])
    return csr_matrix((np.ones(len(columns)), columns, ends), (len(texts), len(vocabulary)))


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line above; returns the exit code."""
    return run(__doc__, "qa_eval.fit_planted", learn, arguments)


if __name__ == "__main__":
    sys.exit(main())
