from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from sentence_transformers import SentenceTransformer

from conftest import ROOT
from qa import models
from qa.errors import ModelError
from qa.models import DIMENSION, MAX_WORD_PIECES, OnnxEmbedder, TorchEmbedder, torch_folder


@pytest.fixture(scope="module")
def onnx() -> OnnxEmbedder:
    return OnnxEmbedder()


def texts() -> Sequence[str]:
    corpus = [path.read_text() for path in sorted((ROOT / "corpus").glob("*.txt"))]
    return ["Ünïcödé, 東京 and a 👍.", *(text[i : i + 700] for text in corpus for i in (0, 900))]


def test_both_forms_give_passages_one_vector_space(onnx: OnnxEmbedder) -> None:
    for small, full in zip(onnx.encode(texts()), TorchEmbedder().encode(texts()), strict=True):
        assert small.vector @ full.vector > 0.999
        np.testing.assert_array_equal(small.tokens.spans, full.tokens.spans)
        assert (small.tokens.vectors * full.tokens.vectors).sum(axis=1).mean() > 0.998


def test_vectors_have_length_one_and_spans_point_at_word_pieces(onnx: OnnxEmbedder) -> None:
    (encoding,) = onnx.encode(["The dogs barked."])
    assert encoding.vector.shape == (DIMENSION,)
    np.testing.assert_allclose(np.linalg.norm(encoding.tokens.vectors, axis=1), 1, atol=1e-5)
    pieces = ["The dogs barked."[start:end] for start, end in encoding.tokens.spans]
    assert pieces == ["The", "dogs", "barked", "."]


def test_a_vector_does_not_depend_on_its_neighbours(onnx: OnnxEmbedder) -> None:
    alone = onnx.encode(["A short text."])[0].vector
    together = onnx.encode(["A much longer text that comes first. " * 20, "A short text."])[1].vector
    np.testing.assert_array_equal(alone, together)


def test_texts_of_all_lengths_come_back_in_order(onnx: OnnxEmbedder) -> None:
    texts = [f"Sentence number {n}. " * (1 + 7 * n % 5) for n in range(30)]
    torch = TorchEmbedder()
    for text, small, full in zip(texts, onnx.encode(texts), torch.encode(texts), strict=True):
        np.testing.assert_array_equal(small.vector, onnx.encode([text])[0].vector)
        assert full.vector @ torch.encode([text])[0].vector > 0.999
    assert torch.encode([]) == onnx.encode([]) == []


def test_texts_of_like_length_share_a_batch() -> None:
    lengths = [3 + 37 * n % 250 for n in range(200)]
    batches = list(models._batches(lengths))
    assert sorted(place for batch in batches for place in batch) == list(range(200))
    taken = [lengths[place] for batch in batches for place in batch]
    assert taken == sorted(lengths, reverse=True)
    assert all(len(batch[1:]) * lengths[batch[0]] < models._BATCH_TOKENS for batch in batches)


def test_many_passages_are_read_with_the_faster_attention() -> None:
    assert TorchEmbedder()._model.config._attn_implementation == models._attention.__name__


def test_reading_in_batches_gives_what_the_library_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "_has_bfloat16", lambda: False)
    texts = [f"Sentence number {n} tells of a river. " * (1 + 5 * n % 7) for n in range(12)]
    ours = np.stack([one.vector for one in TorchEmbedder().encode(texts)])
    library = SentenceTransformer(str(torch_folder()), device="cpu")
    np.testing.assert_allclose(ours, library.encode(texts), atol=1e-5)


def test_where_bfloat16_is_not_precise_enough_float32_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "_has_bfloat16", lambda: False)
    exact = TorchEmbedder().encode(["A short text."])[0].vector
    monkeypatch.setattr(models, "_has_bfloat16", lambda: True)
    rounded = TorchEmbedder().encode(["A short text."])[0].vector
    assert not np.array_equal(rounded, exact)
    monkeypatch.setattr(models, "SAME_SPACE", 1.1)
    np.testing.assert_allclose(TorchEmbedder().encode(["A short text."])[0].vector, exact, atol=1e-6)


def test_what_is_too_long_is_cut_and_nothing_is_still_a_vector(onnx: OnnxEmbedder) -> None:
    long, empty = onnx.encode(["word " * 1000, ""])
    assert len(long.tokens.spans) == MAX_WORD_PIECES - 2
    assert np.isfinite(empty.vector).all()
    assert empty.tokens.vectors.shape == (0, DIMENSION)


def test_langchain_methods_give_the_same_vectors(onnx: OnnxEmbedder) -> None:
    assert onnx.embed_query("Belarus") == onnx.embed_documents(["Belarus"])[0]
    np.testing.assert_allclose(onnx.embed_query("Belarus"), onnx.encode(["Belarus"])[0].vector)


def test_an_altered_or_missing_model_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "model.onnx").write_bytes(b"something else")
    with pytest.raises(ModelError, match="not the expected model file"):
        models.verified(tmp_path / "model.onnx")
    with pytest.raises(ModelError, match="missing"):
        models.verified(tmp_path / "model.safetensors")
    monkeypatch.setattr(models, "_ONNX_PACKAGE", "no_such_package")
    with pytest.raises(ModelError, match="no-such-package"):
        OnnxEmbedder()
