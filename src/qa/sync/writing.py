"""Documents with their passages → encoder → index, in chunks of passages rather than of documents."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice

import numpy as np
from numpy.typing import NDArray

from qa.documents.instructions import as_read
from qa.interfaces import Embedder
from qa.storage.index import Index
from qa.storage.packing import Packed, PackedEncoding, packed
from qa.storage.store import Entry
from qa.sync.reading import Done, Fresh, Item, Told
from qa.types import Document, Passage

_CHUNK_PASSAGES = 256
"""Passages encoded and written together: enough to fill the encoder, which orders them by length, and
little to do again after a kill."""
_CHUNK_ITEMS = 1000
AHEAD = 4
"""Chunks split before they are encoded, and so what `EmbedderFor` is told of."""

EmbedderFor = Callable[[int], Embedder]
"""Gives the encoder that suits a number of passages; of many it is told of the first thousand."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an ingest is: files and their bytes done and in all, documents and passages put in."""

    files: int = 0
    files_total: int = 0
    bytes: int = 0
    bytes_total: int = 0
    documents: int = 0
    passages: int = 0


OnProgress = Callable[[Progress], None]
"""Called at the beginning and whenever something has been put in or passed over."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Passages `start` to `stop` of an item; only a document has some."""

    item: Item | Told
    start: int = 0
    stop: int = 0

    @property
    def passages(self) -> tuple[Passage, ...]:
        """The passages themselves."""
        return self.item.passages[self.start : self.stop] if isinstance(self.item, Fresh) else ()


Chunk = list[Piece]
Encoded = tuple[Chunk, list[PackedEncoding]]
"""A chunk with the encodings of its passages."""


def chunks(items: Iterable[Item | Told]) -> Iterator[Chunk]:
    """The items, cut and put together so that each chunk but the last has the same number of passages.

    A chunk holds at most a thousand items: a long run of unchanged files is seen to go by.
    """
    chunk: Chunk = []
    room = _CHUNK_PASSAGES
    for item in items:
        count = len(item.passages) if isinstance(item, Fresh) else 0
        start = 0
        while count - start >= room:
            yield [*chunk, Piece(item, start, start + room)]
            chunk, start, room = [], start + room, _CHUNK_PASSAGES
        if start < count or not count:
            chunk.append(Piece(item, start, count))
            room -= count - start
        if len(chunk) >= _CHUNK_ITEMS:
            yield chunk
            chunk, room = [], _CHUNK_PASSAGES
    if chunk:
        yield chunk


def encoded(made: Iterator[Chunk], embedder_for: EmbedderFor) -> Iterator[Encoded]:
    """Each chunk with what the encoder makes of its passages; which one is chosen by the first few chunks."""
    first: list[Chunk] = []
    for chunk in made:
        if first or _count(chunk):
            first.append(chunk)
        else:
            yield chunk, []  # files passed over
        if len(first) == AHEAD:
            break
    embedder = embedder_for(sum(map(_count, first)))
    for chunk in chain(first, made):
        yield chunk, encode(texts_of(chunk), embedder)


def encode(texts: Sequence[str], embedder: Embedder) -> list[PackedEncoding]:
    """What the index keeps of texts, packed at once: unpacked, their tokens take four times the memory."""
    return [packed(one) for one in embedder.encode(texts)] if texts else []


def _count(chunk: Chunk) -> int:
    return sum(len(piece.passages) for piece in chunk)


def texts_of(chunk: Chunk) -> list[str]:
    """What the encoder reads of the passages of a chunk."""
    return [text for piece in chunk for text in _read(piece)]


def _read(piece: Piece) -> list[str]:
    return read_of(piece.item.document, piece.passages) if isinstance(piece.item, Fresh) else []


def read_of(document: Document, passages: Sequence[Passage]) -> list[str]:
    """What the encoder reads of some passages of a document."""
    return as_read(document.text, [(one.start, one.end) for one in passages])


class Writer:
    """Puts documents in once all of their passages are encoded, those of a chunk in one transaction."""

    def __init__(
        self,
        index: Index,
        manifest: str,
        begin: Progress | None = None,
        progress: OnProgress = lambda done: None,
    ) -> None:
        self._index = index
        self._manifest = manifest
        self._done = begin or Progress()
        self._progress = progress
        # Of the document of which not all passages have come yet.
        self._vectors: list[NDArray[np.float32]] = []
        self._tokens: list[Packed] = []
        progress(self._done)

    def add(self, chunk: Chunk, encodings: Sequence[PackedEncoding]) -> None:
        """Take in a chunk with what the encoder made of its passages; write what is complete by it."""
        following = iter(encodings)
        entries: list[Entry] = []
        vectors: list[NDArray[np.float32]] = []
        through = [piece.item for piece in chunk if isinstance(piece.item, Done)]
        for piece in chunk:
            for encoding in islice(following, piece.stop - piece.start):
                self._vectors.append(encoding.vector)
                self._tokens.append(encoding.tokens)
            if isinstance(piece.item, Fresh) and piece.stop == len(piece.item.passages):
                entries.append(self._entry(piece.item))
                vectors += self._vectors
                self._vectors, self._tokens = [], []
        self._write(entries, vectors, through)

    def _entry(self, one: Fresh) -> Entry:
        return Entry(one.document, one.origin, one.file, self._manifest, one.passages, tuple(self._tokens))

    def _write(
        self, entries: Sequence[Entry], vectors: Sequence[NDArray[np.float32]], through: Sequence[Done]
    ) -> None:
        read = [one.read for one in through if one.read is not None]
        removed = [document_id for one in through for document_id in one.removed]
        if entries or removed or read:
            self._index.replace(entries, np.array(vectors, dtype=np.float32), removed, read)
        self._done = replace(
            self._done,
            files=self._done.files + len(through),
            bytes=self._done.bytes + sum(one.size for one in through),
            documents=self._done.documents + len(entries),
            passages=self._done.passages + len(vectors),
        )
        self._progress(self._done)
