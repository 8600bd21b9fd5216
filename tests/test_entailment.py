"""A model of entailment, here a tiny one of random weights: what is tested is how it is asked."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from qa.errors import ModelError
from qa.support.entailment import EntailmentModel

WORDS = "[PAD] [UNK] [CLS] [SEP] [MASK] the cat dog slept barked did not . on mat".split()  # noqa: SIM905


def tiny(folder: Path, labels: list[str]) -> str:
    """A cross-encoder with these labels, saved where it can be loaded from by path."""
    from transformers import BertConfig, BertForSequenceClassification, BertTokenizer

    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(WORDS),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        initializer_range=1.0,
        id2label=dict(enumerate(labels)),
        label2id={label: number for number, label in enumerate(labels)},
    )
    BertForSequenceClassification(config).save_pretrained(folder / "model")
    BertTokenizer(vocab={word: number for number, word in enumerate(WORDS)}).save_pretrained(folder / "model")
    return str(folder / "model")


def test_the_probability_is_that_of_entailment_whatever_its_place(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    first = EntailmentModel(tiny(tmp_path / "a", ["entailment", "neutral", "contradiction"]))
    last = EntailmentModel(tiny(tmp_path / "b", ["contradiction", "neutral", "ENTAILMENT"]))
    pair = ("The cat slept.", "The dog barked.")
    assert 0 < first.entails(*pair) < 1
    assert 0 < last.entails(*pair) < 1
    assert first.entails(*pair) != pytest.approx(last.entails(*pair))
    assert first.entails(*pair) + last.entails(*pair) < 1  # two of three shares of one softmax
    assert first.entails(*pair) != first.entails(*reversed(pair))


def test_a_model_of_one_label_gives_a_probability(tmp_path: Path) -> None:
    assert 0 < EntailmentModel(tiny(tmp_path, ["consistent"])).entails("The cat slept.", "The cat slept.") < 1


def test_a_model_without_a_label_of_entailment_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no label 'entailment', but"):
        EntailmentModel(tiny(tmp_path, ["positive", "negative"]))


def test_a_model_that_is_not_there_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    for name in (str(tmp_path / "nothing"), "nobody/nothing"):
        with pytest.raises(ModelError, match=r"QA_NLI_MODEL=.*nothing can't be loaded"):
            EntailmentModel(name)


def test_weights_that_would_be_unpickled_are_not_loaded(tmp_path: Path) -> None:
    folder = tiny(tmp_path, ["entailment", "neutral", "contradiction"])
    safe = Path(folder) / "model.safetensors"
    torch.save(load_file(safe), Path(folder) / "pytorch_model.bin")
    safe.unlink()
    with pytest.raises(ModelError, match="QA_NLI_MODEL"):
        EntailmentModel(folder)
