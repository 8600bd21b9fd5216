from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from fakes import FakeGenerator
from qa.errors import GeneratorUnavailable
from qa.speaking.write import Written, write
from qa.types import Claim, Document, Evidence, Passage

TEXTS = ("Cats purr at night.", "Dogs bark at strangers.", "Owls hunt mice.")
SOURCES = {
    "a": Document(id="a", uri="a.txt", title="Animals", text=" ".join(TEXTS), sha256="", published="2019-12")
}
SENTENCES = {
    "sentences": [
        {"text": "Cats purr.", "sources": [1]},
        {"text": "Dogs bark, owls hunt mice.", "sources": [2, 3]},
    ]
}
BOTH = json.dumps(SENTENCES)


def evidence() -> list[Evidence]:
    text = SOURCES["a"].text
    passage = Passage("a:0", "a", 0, len(text), text)
    starts = [text.index(quote) for quote in TEXTS]
    return [
        Evidence(number, passage, start, start + len(quote), quote, 1.0)
        for number, (start, quote) in enumerate(zip(starts, TEXTS, strict=True), start=1)
    ]


def written(generator: FakeGenerator, most: int = 3) -> Iterator[Claim]:
    return (one.claim for one in answering(generator, most))


def answering(generator: FakeGenerator, most: int = 3) -> Iterator[Written]:
    return (one for one in pieces(generator, most) if one is not None)


def pieces(generator: FakeGenerator, most: int = 3) -> Iterator[Written | None]:
    return write("What do animals do?", evidence(), SOURCES, generator, most)


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_sentences_come_with_their_sources(size: int) -> None:
    claims = [Claim("Cats purr.", (1,)), Claim("Dogs bark, owls hunt mice.", (3, 2))]
    assert list(written(FakeGenerator(BOTH, size=size))) == claims
    pretty = json.dumps(SENTENCES, indent=2)
    assert list(written(FakeGenerator(f"```json\n{pretty}\n```", size=size))) == claims


def test_the_model_counts_from_one_and_claims_have_the_numbers_of_the_evidence() -> None:
    chosen = [evidence()[2], evidence()[0]]
    said = json.dumps({"sentences": [{"sources": [1], "text": "Owls hunt mice."}]})
    for reply in (said, "Owls hunt mice [1]."):
        model = FakeGenerator(reply)
        found = [one for one in write("What do animals do?", chosen, SOURCES, model, 3) if one is not None]
        assert [one.claim for one in found] == [Claim("Owls hunt mice.", (3,))]
        assert "[1] Animals, 2019-12: Owls hunt mice.\n[2] Animals" in model.asked[0][-1].content
        assert '"enum": [1, 2]' in json.dumps(model.schemas[0])


@pytest.mark.parametrize(("given", "answer"), [("purr", "purr"), (7, ""), (None, "")])
def test_the_words_that_answer_come_along(given: object, answer: str) -> None:
    sentence = {"sources": [1], "answer": given, "text": "Cats purr."}
    said = json.dumps({"sentences": [sentence]})
    assert list(answering(FakeGenerator(said))) == [Written(Claim("Cats purr.", (1,)), answer)]
    assert [one.answer for one in answering(FakeGenerator(BOTH))] == ["", ""]


@pytest.mark.parametrize("size", [1, 7, 1000])
@pytest.mark.parametrize(
    "preface",
    ["Based on [1]: ", "<think>Which of [1, {2}]? The [first].</think>\n", "Sources [1] and {2}:\n"],
)
def test_what_stands_before_the_reply_is_passed_over(preface: str, size: int) -> None:
    assert [one.text for one in written(FakeGenerator(preface + BOTH, size=size))] == [
        "Cats purr.",
        "Dogs bark, owls hunt mice.",
    ]


def test_a_sentence_is_given_as_soon_as_it_is_whole() -> None:
    generator = FakeGenerator(BOTH, size=1)
    assert next(written(generator)).text == "Cats purr."
    assert generator.said == BOTH.index("}") + 1


def test_closing_stops_the_model() -> None:
    generator = FakeGenerator(BOTH, size=1)
    claims = written(generator)
    next(claims)
    claims.close()  # type: ignore[attr-defined]
    assert generator.closed
    assert generator.said < len(BOTH)


def test_a_model_that_fails_keeps_what_it_has_said() -> None:
    claims = written(FakeGenerator(BOTH[:80], error=GeneratorUnavailable("It is away.")))
    assert next(claims).text == "Cats purr."
    with pytest.raises(GeneratorUnavailable):
        next(claims)


@pytest.mark.parametrize(
    "reply",
    [
        '{"sentences":[]}',
        '{"sentences":[{"text":"Cats purr.","sources":[]}]}',
        '{"sentences":[{"text":"Cats purr.","sources":[4]}]}',
        '{"sentences":[{"text":" [1] ","sources":[1]}]}',
        '{"sentences":[{"text":"Cats purr.","sour',
        '{"sentences":[{"text":"Horses neigh.","sources":[1]}]}',
        '{"sentences":[{"sources":[1]},{"text":7,"sources":[1]},["x"]]}',
        "The sources do not say.",
        "Cats purr.",
        "",
    ],
)
def test_what_cites_nothing_is_left_out(reply: str) -> None:
    assert list(written(FakeGenerator(reply))) == []


def test_a_sentence_is_said_once() -> None:
    reply = BOTH.replace("Dogs bark, owls hunt mice.", "Cats  purr. [2]")
    assert list(written(FakeGenerator(reply))) == [Claim("Cats purr.", (1,))]


def test_there_are_no_more_sentences_than_wanted() -> None:
    generator = FakeGenerator(BOTH, size=1)
    assert [claim.text for claim in written(generator, 1)] == ["Cats purr."]
    assert "'maxItems': 1" in str(generator.schemas[0])
    assert generator.closed


@pytest.mark.parametrize(
    ("text", "cited", "held"),
    [
        ("Cats purr.", [1, 2, 3], (1,)),
        ("Cats purr.", [3], (1,)),
        ("Dogs bark, owls hunt mice.", [2, 9], (3, 2)),
        ("Cats, dogs and owls are animals.", [2], (2,)),
    ],
)
def test_a_sentence_cites_what_holds_its_words(text: str, cited: list[int], held: tuple[int, ...]) -> None:
    reply = json.dumps({"sentences": [{"sources": cited, "text": text}]})
    assert list(written(FakeGenerator(reply))) == [Claim(text, held)]


def test_plain_text_with_markers_is_read_too() -> None:
    reply = "<think>Source [3]?</think>Animals sleep. Cats purr [1]. Dogs bark at J. Doe. [2, 3] Owls fly."
    assert list(written(FakeGenerator(reply))) == [
        Claim("Cats purr.", (1,)),
        Claim("Dogs bark at J. Doe.", (2,)),
    ]


def test_the_model_sees_the_evidence_and_may_cite_nothing_else() -> None:
    generator = FakeGenerator(BOTH)
    list(written(generator))
    last = generator.asked[0][-1]
    assert last.role == "user"
    assert "[2] Animals, 2019-12: Dogs bark at strangers." in last.content
    assert "What do animals do?" in last.content
    assert "'enum': [1, 2, 3]" in str(generator.schemas[0])


def test_only_the_last_message_changes() -> None:
    generator = FakeGenerator(BOTH, BOTH)
    list(written(generator))
    list(write("Who hunts?", evidence()[2:], SOURCES, generator, 3))
    first, second = generator.asked
    assert first[:-1] == second[:-1]
    assert first[-1] != second[-1]
