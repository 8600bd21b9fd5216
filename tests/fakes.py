"""Fakes for the seams, for unit tests only."""

from __future__ import annotations

import re
import zlib
from collections.abc import Generator, Mapping, Sequence
from functools import cache

import numpy as np

from qa.errors import GeneratorError
from qa.interfaces import Encoding, Message, TokenVectors

DIMENSION = 64


class FakeEmbedder:
    """Each word is a fixed direction, a text the mean of its words: shared words mean nearness."""

    name = "fake"
    dimension = DIMENSION
    vocabulary: Mapping[str, int] = {"what": 2000, "where": 2001}

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(_words(text)) for text in texts]

    def encode(self, texts: Sequence[str]) -> list[Encoding]:
        return [self._encode_one(text) for text in texts]

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return [encoding.vector.tolist() for encoding in self.encode(texts)]

    def embed_query(self, text: str) -> list[float]:
        return self.embed_documents([text])[0]

    def _encode_one(self, text: str) -> Encoding:
        words = _words(text)
        rows = [_direction(text[start:end].lower()) for start, end in words]
        vectors = np.array(rows, dtype=np.float32).reshape(-1, DIMENSION)
        spans = np.array(words, dtype=np.int32).reshape(-1, 2)
        mean = vectors.mean(axis=0) if len(vectors) else np.full(DIMENSION, 1.0, np.float32)
        return Encoding(mean / np.linalg.norm(mean), TokenVectors(vectors, spans))


def _words(text: str) -> list[tuple[int, int]]:
    return [match.span() for match in re.finditer(r"\w+|[^\w\s]", text)]


@cache
def _direction(word: str) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    vector = np.random.default_rng(zlib.crc32(word.encode())).normal(size=DIMENSION).astype(np.float32)
    return vector / np.linalg.norm(vector)


class FakeGenerator:
    """Says what it was given in pieces of `size` characters; then breaks off with `error`, if any."""

    name = "fake"

    def __init__(self, *replies: str, size: int = 7, error: GeneratorError | None = None) -> None:
        self.replies = list(replies)
        self.size = size
        self.error = error
        self.asked: list[Sequence[Message]] = []
        self.schemas: list[Mapping[str, object] | None] = []
        self.said = 0
        self.closed = False

    def generate(
        self, messages: Sequence[Message], schema: Mapping[str, object] | None, max_tokens: int
    ) -> Generator[str, None, None]:
        self.asked.append(messages)
        self.schemas.append(schema)
        reply = self.replies.pop(0)
        try:
            for start in range(0, len(reply), self.size):
                self.said += 1
                yield reply[start : start + self.size]
            if self.error is not None:
                raise self.error
        finally:
            self.closed = True

    def close(self) -> None:
        self.closed = True
