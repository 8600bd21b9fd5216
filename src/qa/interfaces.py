"""The seams: what can be exchanged for something else, and for a fake in unit tests."""

from __future__ import annotations

from collections import abc
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class TokenVectors:
    """The word pieces of a text in their context, special ones left out.

    `vectors`: (n, dimension) float32, rows of length 1. `spans`: (n, 2) int32, offsets in the text.
    """

    vectors: NDArray[np.float32]
    spans: NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Encoding:
    """A text as one vector, (dimension,) float32 of length 1, and as one vector a word piece."""

    vector: NDArray[np.float32]
    tokens: TokenVectors


class Embedder(Protocol):
    """Turns texts into vectors; the two `embed_*` methods have the shape of LangChain's `Embeddings`."""

    @property
    def name(self) -> str:
        """Names the vector space; indexes of different names can't be mixed."""
        ...

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        ...

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """The number of word pieces of each text, special ones left out."""
        ...

    def encode(self, texts: Sequence[str]) -> list[Encoding]:
        """Vectors of each text; what lies beyond the encoder's longest input is not read."""
        ...

    @property
    def vocabulary(self) -> Mapping[str, int]:
        """The word pieces and their numbers; whole words stand in order of falling frequency."""
        ...

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """LangChain's name for the vectors of several texts."""
        ...

    def embed_query(self, text: str) -> list[float]:
        """LangChain's name for the vector of one text."""
        ...


@dataclass(frozen=True, slots=True)
class Message:
    """One message to a language model."""

    role: Literal["system", "user", "assistant"]
    content: str


def conversation(system: str, examples: Sequence[tuple[str, str]], request: str) -> list[Message]:
    """What a model should be, requests with the replies to them, and the request to reply to."""
    messages = [Message("system", system)]
    for asked, replied in examples:
        messages += [Message("user", asked), Message("assistant", replied)]
    return [*messages, Message("user", request)]


class Generator(Protocol):
    """A language model. `None` in its place is the extractive mode."""

    @property
    def name(self) -> str:
        """Names the model in responses."""
        ...

    def generate(
        self, messages: Sequence[Message], schema: Mapping[str, object] | None, max_tokens: int
    ) -> abc.Generator[str, None, None]:
        """The reply in pieces as they come, of at most `max_tokens` tokens.

        An empty piece tells that none has come for a while, so that who waits can stop there.
        Where the server can be held to it, the reply is JSON of `schema`. Closing it stops the
        generation where it runs. Raises `GeneratorError`, also after some pieces.
        """
        ...

    def close(self) -> None:
        """Let go of connections and memory."""
        ...
