"""How a model's answers are measured; the model is a fake that says what it is told."""

from __future__ import annotations

import json
import time
from collections.abc import Generator, Mapping, Sequence

import numpy as np
import pytest

from fakes import FakeGenerator
from qa.errors import GeneratorUnavailable, QuestionInvalid
from qa.interfaces import Message
from qa.pipeline import QA
from qa_eval.chain import Chain, is_refusal
from qa_eval.examples import Dataset, Example
from qa_eval.generation import Asked, Worded, _balanced, ask_in_turn, own_metrics, plainly_missing, sample
from qa_eval.run import InProcess, Json, evaluate
from qa_eval.scores import figures

CHINA = "How much did China invest in Belarus, and in how many projects?"
SAID = "China invested $185 million in twelve economic projects in Belarus."


@pytest.mark.parametrize(
    "reply",
    [
        "I don't know.",
        "I'm sorry, but I don't know the answer.",
        "The context does not mention the capital of Poland.",
        "There is no information about the capital of Poland in the context.",
        "The capital of Poland is not mentioned in the context.",
        "It is not specified. Therefore I cannot answer the question.",
        "The text doesn’t say. It only talks about Belarus.",
        "Not mentioned.",
        "Unknown",
    ],
)
def test_a_reply_that_only_refuses_is_a_refusal(reply: str) -> None:
    assert is_refusal(reply)


@pytest.mark.parametrize(
    "reply",
    [
        "",
        "Warsaw.",
        "China invested $185 million. The text does not specify the year.",
        "China invested $185 million, but the text does not specify when.",
        "The king did not know of the treaty.",
        "The treaty does not mention fishing.",
    ],
)
def test_a_reply_that_answers_is_none(reply: str) -> None:
    assert not is_refusal(reply)


def ask(qa: QA, model: FakeGenerator) -> Json:
    return Chain(qa, model, time.perf_counter).ask(Example("one", CHINA, answerable=True))


def test_a_chains_reply_is_timed_from_its_first_sentence(qa: QA) -> None:
    wire = ask(qa, Slowing("It was much. ", "It was $185 million.", " So they say."))
    assert [one["text"] for one in wire["claims"]] == ["It was much.", "It was $185 million.", "So they say."]
    assert 0 < wire["first_s"] < wire["seconds"]
    one = ask(qa, FakeGenerator("It was much."))
    assert one["first_s"] == one["seconds"]


class Slowing(FakeGenerator):
    """Says its replies as the pieces of one."""

    def generate(
        self, messages: Sequence[Message], schema: Mapping[str, object] | None, max_tokens: int
    ) -> Generator[str, None, None]:
        yield from self.replies


@pytest.mark.parametrize("reply", ["", "China inves"])
def test_a_chain_whose_model_fails_has_answered_nothing(reply: str, qa: QA) -> None:
    wire = ask(qa, FakeGenerator(reply, error=GeneratorUnavailable("It is away.")))
    assert (wire["status"], wire["claims"]) == ("answered", [])


def test_a_sample_keeps_the_proportion_and_is_always_the_same() -> None:
    examples = [Example(f"{n}", "Why?", answerable=n % 4 > 0 or n < 40) for n in range(100)]
    chosen = sample(examples, 20)
    assert len(chosen) == 20
    assert sum(not one.answerable for one in chosen) == 3
    assert chosen == sample(examples[::-1], 20)[::-1]
    assert chosen != tuple(examples[:20])
    assert sample(examples, 1000) == tuple(examples)


class Noting(InProcess):
    """Notes who was asked what."""

    def __init__(self, qa: QA, name: str, asked: list[str]) -> None:
        super().__init__(qa)
        self._name, self._asked = name, asked

    def ask(self, example: Example) -> Json:
        self._asked.append(f"{self._name}{example.id}")
        if example.id == "2":
            raise QuestionInvalid("It is empty; write one.")
        return {"id": example.id}


def test_each_question_is_asked_in_all_ways_before_the_next(qa: QA) -> None:
    asked: list[str] = []
    examples = [Example(f"{n}", "Why?", answerable=True) for n in range(3)]
    ways = {name: Noting(qa, name, asked) for name in "abc"}
    answered = ask_in_turn(ways, examples, qa, lambda done, total: None)
    assert asked == ["a0", "b0", "c0", "b1", "c1", "a1", "c2", "a2", "b2"]
    assert answered["b"].ask(examples[1]) == {"id": "1"}
    with pytest.raises(QuestionInvalid):
        answered["b"].ask(examples[2])


@pytest.mark.parametrize(
    ("sentence", "missing"),
    [
        ("In 1994 Tolland signed it.", []),
        ("In 1995 Tolland signed it.", ["1995"]),
        ("The treaty was signed by Brandt.", ["Brandt"]),
        ("Brandt signed it. Petersen did not, nor did Ames.", ["Ames"]),
        ("tolland's treaty of HARN cost 62 million", []),
        ("It cost 62.5 million.", ["5"]),
        ("He said: “Harn is Lost.”", ["Lost"]),
    ],
)
def test_the_plain_check_takes_words_as_they_are_written(sentence: str, missing: list[str]) -> None:
    assert (
        plainly_missing(sentence, ["Tolland signed it in 1994 for 62 million.", "The treaty of Harn"])
        == missing
    )


def test_balanced_accuracy_is_fair_to_who_never_refuses() -> None:
    assert _balanced(np.array([(1, 1), (1, 1), (1, 1), (0, 0)], float)) == 0.5
    assert _balanced(np.array([(1, 1), (0, 1), (1, 0), (1, 0)], float)) == 0.75
    assert np.isnan(_balanced(np.array([(1, 1)], float)))


def test_a_models_answers_are_measured_beside_the_quotes(qa: QA) -> None:
    reply = json.dumps({"sentences": [{"sources": [1], "text": SAID}]})
    worded = QA(qa.index, qa.embedder, FakeGenerator(reply, reply))
    examples = (
        Example("there", CHINA, answerable=True, answers=("$185 million",)),
        Example("not", "What is the capital of Poland?", answerable=False),
    )
    ways = {
        "quotes": Worded(worded, generate=False, clock=time.perf_counter),
        "model": Worded(worded, generate=True, clock=time.perf_counter),
    }
    found = {
        way: figures(evaluate(Dataset("two", examples), asked).results, own_metrics(qa.embedder), rounds=10)
        for way, asked in ask_in_turn(ways, examples, worded, lambda done, total: None).items()
    }
    assert isinstance(ways["model"], Worded)
    assert (found["quotes"]["claims_in_own_words"].value, found["model"]["claims_in_own_words"].value) == (
        0,
        1,
    )
    for way in found.values():
        assert way["balanced_accuracy"].value == 1
        assert way["unsupported_sentences"].value == way["answers_with_a_plain_word_not_cited"].value == 0
    assert Asked(qa).answers == {}
