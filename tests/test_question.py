"""What a follow-up becomes, what is left alone, and what must hold for any input."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qa.finding.question import standalone
from qa.types import Turn


def users(*contents: str) -> list[Turn]:
    return [Turn("user", content) for content in contents]


INVESTED = "How much did China invest in Belarus?"


@pytest.mark.parametrize(
    ("history", "question", "expected"),
    [
        # Fragments are joined to the last complete question.
        ([INVESTED], "In how many projects?", f"In how many projects? ({INVESTED})"),
        ([INVESTED], "What about Russia?", f"What about Russia? ({INVESTED})"),
        ([INVESTED], "And in 2016?", "How much did China invest in Belarus in 2016?"),
        ([INVESTED, "And in 2016?"], "And in 2017?", "How much did China invest in Belarus in 2017?"),
        ([INVESTED], "Why?", f"Why? ({INVESTED})"),
        (["Did Lukashenko sign the treaty?"], "When?", "When did Lukashenko sign the treaty?"),
        (["What is the capital of Belarus?"], "What about Russia?", "What is the capital of Russia?"),
        # Pronouns give way to what they refer to.
        (
            ["What treaty did Lukashenko sign?"],
            "When did he sign it?",
            "When did Lukashenko sign the treaty?",
        ),
        (["who is lukashenko"], "how old is he", "how old is lukashenko"),
        (["Tell me about lavender plants."], "Are they safe to eat?", "Are lavender plants safe to eat?"),
        (["What is Lyme disease?"], "What are its symptoms?", "What are Lyme disease's symptoms?"),
        (["What is Lyme disease?"], "Can it kill you?", "Can Lyme disease kill you?"),
        (
            ["What is Melania Trump's religion?"],
            "Does she have children?",
            "Does Melania Trump have children?",
        ),
        (["What is the main of it?"], "Why?", "Why?"),
        (["Why did Simon de Montfort rebel?"], "When was he born?", "When was Simon de Montfort born?"),
        (["What does the World Bank do?"], "Where is it?", "Where is the World Bank?"),
        (["Can climate change be stopped?"], "What causes it?", "What causes climate change?"),
        (["Do cats eat grass?"], "Why do they?", "Why do cats eat grass?"),
        (["How old is the Eiffel Tower?"], "And the Shard?", "How old is the Shard?"),
        (["Who is the CEO of Apple?"], "And the CFO?", "the CFO? (Who is the CEO of Apple?)"),
        # What a verb does is no part of its name.
        (["Why did Ann Berg resign?"], "Who succeeded her?", "Who succeeded Ann Berg?"),
        (["How much did the dam cost?"], "How high is it?", "How high is the dam?"),
        # Another number of the same name takes its place.
        (["How heavy is the Sorvo 200?"], "And the 300?", "How heavy is the Sorvo 300?"),
        (["How heavy is the Sorvo 200?"], "What about the Sorvo 300?", "How heavy is the Sorvo 300?"),
        # A question with too few words of its own gains the topic.
        (["Tell me about lavender plants."], "What are the types?", "What are the types of lavender plants?"),
    ],
)
def test_a_follow_up_gets_what_it_lacks(history: list[str], question: str, expected: str) -> None:
    assert standalone(question, users(*history)) == expected


@pytest.mark.parametrize(
    "question",
    [
        "Who is the president of Russia?",
        "In what year did Belarus join NATO?",
        "What is NATO and when was it founded?",
        "Is it possible to visit Minsk without a visa?",
        "If the treaty fails, what happens to it under international law?",
        "What is a customs union?",
        "Wer ist der Präsident von Russland?",
        "Кто президент России?",
    ],
)
def test_a_complete_question_on_a_new_topic_is_left_alone(question: str) -> None:
    assert standalone(question, users("Tell me about lavender plants.", "Are they safe to eat?")) == question


@pytest.mark.parametrize(
    "question", ["Who founded Leith?", "who founded leith?", "What eats plankton?", "Who painted Guernica?"]
)
def test_a_question_for_the_subject_is_complete(question: str) -> None:
    built = "When was the lighthouse at Oakdale built?"
    assert standalone(question, users("Tell me about Oakdale.", built)) == question


@pytest.mark.parametrize(
    ("last", "question"),
    [
        ("When was the mill at Oakdale built?", "Why?"),
        ("Is rugby like American football?", "How many teams?"),
    ],
)
def test_a_question_word_takes_no_place_of_a_name(last: str, question: str) -> None:
    assert standalone(question, users(last)) == f"{question} ({last})"


def test_the_latest_topic_wins() -> None:
    history = users("Tell me about lavender plants.", "Can you eat them?", "What is Lyme disease?")
    assert standalone("Can it be cured?", history) == "Can Lyme disease be cured?"


def test_an_answer_introduces_a_person() -> None:
    history = [
        *users("What is the capital of Belarus?"),
        Turn("assistant", "Minsk, said Alexander Lukashenko."),
    ]
    assert "Lukashenko" in standalone("How old is he?", history)


def test_only_an_assistant_has_spoken() -> None:
    assert standalone("What is NATO?", [Turn("assistant", "Hello! Ask me anything.")]) == "What is NATO?"


def test_ten_thousand_long_turns_cost_no_more_than_a_few() -> None:
    history = users(*["What about the treaty of 1997? " * 50] * 10_000)
    start = time.perf_counter()
    standalone("When did he sign it?", history)
    assert time.perf_counter() - start < 0.5  # generous for a busy machine; about 2 ms when idle


WORDS = "what about it he their this why and in 2016 the treaty Belarus's of ? . ( “x ’s that"
words = st.sampled_from(WORDS.split())
texts = st.text(max_size=200) | st.lists(words, max_size=12).map(" ".join)
turns = st.builds(Turn, st.sampled_from(("user", "assistant")), texts)


@given(texts)
def test_without_history_only_outer_space_goes(question: str) -> None:
    assert standalone(question, ()) == question.strip()


@settings(max_examples=400, deadline=None)
@given(texts, st.lists(turns, max_size=8))
def test_never_raises_and_adds_little(question: str, history: list[Turn]) -> None:
    result = standalone(question, history)
    assert len(result) <= len(question) + 400
    assert bool(result) == bool(question.strip())
