"""Vectors as bytes, for the SQLite file: token vectors a byte a component, those of passages exact."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qa.interfaces import Encoding, TokenVectors
from qa.storage.database import damaged

Packed = tuple[bytes, bytes]
"""The spans and the vectors of the tokens of a passage, as `pack` gives them."""


@dataclass(frozen=True, slots=True)
class PackedEncoding:
    """A passage as the index keeps it: its vector, (dimension,) float32 of length 1, and its tokens."""

    vector: NDArray[np.float32]
    tokens: Packed


def packed(encoding: Encoding) -> PackedEncoding:
    """What the index keeps of an encoding: a quarter of its size."""
    return PackedEncoding(encoding.vector, pack(encoding.tokens))


def pack(tokens: TokenVectors) -> Packed:
    """Token vectors as int8, each scaled to its largest component: reading restores the length, 1."""
    largest = np.abs(tokens.vectors).max(axis=1, keepdims=True, initial=1e-6)
    vectors = np.rint(tokens.vectors / largest * 127).astype(np.int8)
    return tokens.spans.astype(np.int32).tobytes(), vectors.tobytes()


def unpack(spans: bytes, vectors: bytes) -> TokenVectors:
    """What `pack` was given, up to rounding. Raises `IndexDamaged` where it can't have given this."""
    try:
        return _unpacked(spans, vectors)
    except (TypeError, ValueError) as error:
        raise damaged("token vectors of a passage are none") from error


def _unpacked(spans: bytes, vectors: bytes) -> TokenVectors:
    places = np.frombuffer(spans, dtype=np.int32).reshape(-1, 2)
    if not len(places):
        return TokenVectors(np.zeros((0, 1), np.float32), places)
    rows = np.frombuffer(vectors, dtype=np.int8).reshape(len(places), -1).astype(np.float32)
    rows /= np.maximum(np.sqrt(np.einsum("ij,ij->i", rows, rows)), 1e-6)[:, None]
    return TokenVectors(rows, places)


def pack_vector(vector: NDArray[np.float32]) -> bytes:
    """A vector as float32, little-endian."""
    return vector.astype("<f4").tobytes()


def unpack_vector(content: bytes) -> NDArray[np.float32]:
    """What `pack_vector` was given. Raises `ValueError` on a number of bytes that no vector has."""
    return np.frombuffer(content, dtype="<f4").astype(np.float32)
