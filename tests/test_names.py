from __future__ import annotations

import pytest

from qa.language.names import missing_names, same_name

TEXT = (
    "On Monday the president of Veltria, Maria Jane Tolland, met Oskar Brandt of the Harbour Union in Lisk; "
    "the farmers told us about the Treaty of Lisk and about U.S. envoys."
)
THERE = [
    "Tolland met Brandt.",
    "Maria Tolland met Oskar Brandt.",
    "Maria Jane Tolland spoke.",
    "President Tolland spoke.",
    "Tolland's visit to Lisk was short.",
    "Veltrian President Tolland spoke.",
    "The Veltrians met Brandt.",
    "However, Brandt left.",
    "US envoys came.",
    "Farmers told them.",
    "It was Lisk's Treaty.",
    "They joined the Harbour Union.",
    'He said: "Farmers came."',
    "MARIA JANE TOLLAND spoke.",
]
LACKING = [
    ("Oskar Tolland spoke.", ["Oskar Tolland"]),
    ("Maria Brandt met them.", ["Maria Brandt"]),
    ("Tolland met Petersen.", ["Petersen"]),
    ("Petersen met Tolland.", ["Petersen"]),
    ("They went to Riga.", ["Riga"]),
    ("The Treaty of Veltria was signed.", ["Treaty of Veltria"]),
    ("The Union Harbour was closed.", ["Union Harbour"]),
    ("It was in Latvia, not in Lisk.", ["Latvia"]),
    ("The US and the EU agreed.", ["EU"]),
    ("Miners came.", ["Miners"]),
]


@pytest.mark.parametrize("sentence", THERE)
def test_a_name_is_found_in_its_inflections(sentence: str) -> None:
    assert missing_names(sentence, [TEXT]) == []


@pytest.mark.parametrize(("sentence", "lacking"), LACKING)
def test_a_name_that_is_not_there_or_is_put_together_is_missing(sentence: str, lacking: list[str]) -> None:
    assert missing_names(sentence, [TEXT]) == lacking


@pytest.mark.parametrize(
    ("sentence", "text", "lacking"),
    [
        ("It was built in World War I.", "It was built in World War II.", ["World War I"]),
        ("Queen Elizabeth I came.", "Queen Elizabeth II came.", ["Queen Elizabeth I"]),
        ("It opens before May.", "It opens before June.", ["May"]),
        ("Theresa May came.", "Theresa came.", ["Theresa May"]),
        ("The Romanian army came.", "The Roman army came.", ["Romanian"]),
        ("The Nigerian men came.", "The men came from Niger.", ["Nigerian"]),
        ("Germanic men came.", "The German men came.", ["Germanic"]),
        ("He came to the White House.", "He came to the house, which was white.", ["White House"]),
    ],
)
def test_a_name_that_only_looks_alike_is_missing(sentence: str, text: str, lacking: list[str]) -> None:
    assert missing_names(sentence, [text]) == lacking


@pytest.mark.parametrize(
    ("sentence", "text"),
    [
        ("In World War I it was built.", "It was built during World War I."),
        ("They may come in May.", "In May they may come."),
        ("May they come?", "They came."),
        ("The Ministry of Health spoke.", "The health ministry spoke."),
        ("The Prime Minister spoke.", "The prime minister spoke."),
        ("Iranian men came.", "The men of Iran came."),
        ("The Veltrian President spoke.", "The president of Veltria spoke."),
    ],
)
def test_a_name_told_in_other_words_is_there(sentence: str, text: str) -> None:
    assert missing_names(sentence, [text]) == []


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("russia", "russian"),
        ("belarus", "belarusians"),
        ("france", "french"),
        ("poland", "polish"),
        ("iraq", "iraqi"),
    ],
)
def test_a_people_has_the_name_of_its_place(a: str, b: str) -> None:
    assert same_name(a, b)
    assert same_name(b, a)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("austria", "australia"),
        ("iran", "iraq"),
        ("niger", "nigeria"),
        ("niger", "nigerian"),
        ("slovakia", "slovenia"),
    ],
)
def test_names_that_only_look_alike_are_two(a: str, b: str) -> None:
    assert not same_name(a, b)
