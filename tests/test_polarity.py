from __future__ import annotations

import pytest

from fakes import FakeEmbedder
from qa.support.alignment import align
from qa.support.grounding import Premise
from qa.support.polarity import contrary

AGREE = [
    ("They did not sign the treaty.", "The treaty was not signed."),
    ("They never signed the treaty.", "They refused to sign the treaty."),
    ("No treaty was signed.", "They didn't sign a treaty."),
    ("The union may sign the treaty.", "The union might sign a treaty."),
    ("They plan to sign the treaty.", "They will sign the treaty."),
    ("They signed the treaty.", "Not only did they sign the treaty, they kept it."),
    ("They signed the treaty.", "They did not come, but they signed the treaty."),
    ("They signed the treaty.", "They never failed to sign the treaty."),
    ("They signed the treaty.", "No doubt they signed the treaty."),
    ("The soil is boiled or eaten raw.", "The soil can be boiled or eaten raw."),
    ("Yes, they signed it.", "They signed it."),
    ("No, they did not sign it.", "They did not sign it."),
    ("They formally did not sign it.", "They did not formally sign it."),
    ("Critics say that they signed the treaty.", "They signed the treaty, critics say."),
    ("According to Veld they signed the treaty.", "They signed the treaty."),
    ("Veld says they have signed the treaty.", "According to Veld, they have signed the treaty."),
    ("They signed the treaty.", "They signed the treaty, officials said."),
    ("They claimed the throne.", "They claimed the throne in May."),
    ("They signed the treaty in May.", "In May they signed the treaty."),
]
CONTRARY = [
    ("They signed the treaty.", "They did not sign the treaty.", "signed"),
    ("They did not sign the treaty.", "They signed the treaty.", "sign"),
    ("They didn’t sign the treaty.", "They signed the treaty.", "sign"),
    ("They do n't sign the treaty.", "They sign the treaty.", "sign"),
    ("They signed the treaty.", "They refused to sign the treaty.", "signed"),
    ("They signed the treaty.", "The treaty was never signed.", "signed"),
    ("They signed the treaty.", "They may sign the treaty.", "signed"),
    ("They signed the treaty.", "They plan to sign the treaty.", "signed"),
    ("They signed the treaty.", "They are expected to sign the treaty.", "signed"),
    ("They signed the treaty.", "They allegedly signed the treaty.", "signed"),
    ("They will sign the treaty.", "They signed the treaty.", "sign"),
    ("They may sign the treaty.", "They will sign the treaty.", "sign"),
    ("They have signed the treaty.", "Critics say they have signed the treaty.", "signed"),
    ("They signed the treaty.", "Critics argued that they signed the treaty.", "signed"),
    ("They signed the treaty.", "According to critics, they signed the treaty.", "signed"),
    ("They signed the treaty.", "They signed the treaty, according to critics.", "signed"),
    ("He was at the meeting.", "He was not at the meeting.", "meeting"),
    ("There is evidence of fraud.", "There is no evidence of fraud.", "evidence"),
    ("They left without a treaty.", "They left with a treaty.", "treaty"),
    (
        "The states were merged.",
        "The treaty was meant to pave the way for the states to be merged.",
        "states",
    ),
]


def opposed(sentence: str, quote: str) -> tuple[str, ...]:
    embedder = FakeEmbedder()
    said, cited = (one.tokens for one in embedder.encode([sentence, quote]))
    return contrary(align(sentence, said, [Premise(quote, 0, len(quote))], [cited], lambda word: 1.0))


@pytest.mark.parametrize(("sentence", "quote"), AGREE)
def test_one_polarity_in_other_words_is_no_contradiction(sentence: str, quote: str) -> None:
    assert opposed(sentence, quote) == ()


@pytest.mark.parametrize(("sentence", "quote", "word"), CONTRARY)
def test_a_negation_or_a_mood_more_or_less_is_one(sentence: str, quote: str, word: str) -> None:
    assert word in opposed(sentence, quote)


def test_only_the_statement_that_says_it_is_compared() -> None:
    quote = "The treaty was not signed in Lisk. In Oslo they signed the treaty of friendship."
    assert opposed("They signed the treaty of friendship in Oslo.", quote) == ()
    assert opposed("The treaty was signed in Lisk.", quote) == ("signed",)
