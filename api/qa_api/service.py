"""What the routes share: the opened index, opened again once what was wrong with it is mended."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager

from qa import uploads
from qa.build import build_qa, open_to_write
from qa.errors import DocumentNotFound, IndexBusy, IndexDamaged, IndexMissing, LoadError, QAError
from qa.folder import database_in
from qa.index import Counts, Index
from qa.interfaces import Embedder
from qa.pipeline import QA, TOP_K
from qa.settings import Settings
from qa.types import Answer, Document, Step, Turn
from qa_api.metrics import Metrics

_BETWEEN_MENDINGS = 60.0
"""Seconds in which what could not be mended is not tried again."""

_log = logging.getLogger(__name__)


class Service:
    """Holds the `QA` of these settings; it is opened by the first request that finds it whole.

    A `qa` that is given is its giver's to close.
    """

    def __init__(self, settings: Settings, qa: QA | None = None) -> None:
        self.settings = settings
        self._qa = qa
        self._is_ours = qa is None
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._mending = False
        self._mended_at = -math.inf
        self.metrics = Metrics(self.counts)

    def qa(self) -> QA:
        """Raises the `IndexError_` or `ModelError` that keeps it from answering."""
        with self._lock:
            if self._mending:
                raise IndexBusy("The vectors of the index are being made again; try again soon.")
            if self._qa is not None and self._is_ours and self._qa.index.is_replaced():
                # Its files were removed or put anew: it would go on answering from what is gone.
                self._qa.close()
                self._qa = None
            if self._qa is None:
                self._qa = build_qa(self.settings)
            return self._qa

    def ready(self) -> Counts:
        """What the index holds, once all that it takes to answer from it answers."""
        try:
            return self.qa().index.ready()
        except IndexDamaged:
            self.mend()
            raise

    def mend(self) -> None:
        """Have the vectors made again, in the background, from those in SQLite: Chroma's may be lost."""
        with self._lock:
            recent = time.monotonic() - self._mended_at < _BETWEEN_MENDINGS
            if recent or self._mending or not self._is_ours or not database_in(self.settings.index).is_file():
                return
            self._mending = True
            if self._qa is not None:
                self._qa.close()
                self._qa = None
        threading.Thread(target=self._mend, name="mend", daemon=True).start()

    def _mend(self) -> None:
        try:
            with self._writing, open_to_write(self.settings):
                _log.warning("made Chroma hold the vectors of the index again")
        except QAError as error:
            _log.error("could not make Chroma hold the vectors of the index again: %s", type(error).__name__)
        finally:
            with self._lock:
                self._mended_at = time.monotonic()
                self._mending = False

    def steps(
        self,
        question: str,
        history: Sequence[Turn] = (),
        *,
        top_k: int = TOP_K,
        documents: Sequence[str] | None = None,
        generate: bool = True,
    ) -> Generator[Step, None, None]:
        """`QA.steps`, the answer counted: every route that answers comes through here."""
        steps = self.qa().steps(question, history, top_k=top_k, documents=documents, generate=generate)
        with closing(steps):
            for step in steps:
                if isinstance(step, Answer):
                    self.metrics.count(step)
                yield step

    def ask(
        self, question: str, history: Sequence[Turn] = (), documents: Sequence[str] | None = None
    ) -> Answer:
        """The last of `steps`."""
        *_, answer = self.steps(question, history, documents=documents)
        assert isinstance(answer, Answer)
        return answer

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """The number of word pieces of each text."""
        return self._parts()[1].count_tokens(texts)

    def counts(self) -> tuple[int, int]:
        """Numbers of documents and passages; none while there is no index."""
        if self._qa is None:
            return 0, 0
        counts = self._qa.counts()
        return counts.documents, counts.passages

    def documents(self) -> list[tuple[Document, str]]:
        """The documents by id, their texts left empty, each with its origin."""
        known = self._parts()[0].known()
        return [(known[one].document, known[one].origin) for one in sorted(known)]

    def holds(self, document_id: str, start: int, end: int, quote: str) -> bool:
        """Whether there is such a document and it has this text at this place."""
        try:
            return self.qa().document(document_id).text[start:end] == quote
        except DocumentNotFound:
            return False

    def add(
        self, documents: Sequence[Document], whole: Sequence[Document] = ()
    ) -> list[uploads.Outcome | LoadError]:
        """Put in uploaded documents; what a single one fails with is in its place. Raises `IndexBusy`.

        `whole` are those of them that are all that their files say.
        """
        with self._changing() as (index, embedder):
            outcomes = [_outcome(document, index, embedder) for document in documents]
            uploads.remove_others(whole, index)
            return outcomes

    def remove(self, document_id: str) -> None:
        """Take out an uploaded document. Raises `DocumentNotFound`, `DocumentKept` or `IndexBusy`."""
        with self._changing() as (index, _):
            uploads.remove(document_id, index)

    def close(self) -> None:
        """Let go of the index."""
        with self._lock:
            if self._qa is not None and self._is_ours:
                self._qa.close()
                self._qa = None

    @contextmanager
    def _changing(self) -> Iterator[tuple[Index, Embedder]]:
        """The opened index is changed while it answers; where there is none yet, one is made.

        Uploads at the same time wait for each other here; another process is not waited for.
        """
        with self._writing:
            try:
                index, embedder = self._parts()
            except IndexMissing:
                with open_to_write(self.settings) as parts:
                    yield parts
                return
            with index.change():
                yield index, embedder

    def _parts(self) -> tuple[Index, Embedder]:
        qa = self.qa()
        return qa.index, qa.embedder


def _outcome(document: Document, index: Index, embedder: Embedder) -> uploads.Outcome | LoadError:
    try:
        return uploads.add(document, index, embedder)
    except LoadError as error:
        return error
