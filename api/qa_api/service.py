"""What the routes share: the questions they ask of the index, and the changes they make to it."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import closing

from qa.errors import DocumentNotFound, LoadError
from qa.pipeline import QA, TOP_K
from qa.settings import Settings
from qa.storage.index import Counts
from qa.sync import uploads
from qa.types import Answer, Document, Scored, Step, Turn
from qa_api.metrics import Metrics
from qa_api.shared import SharedQA


class Service:
    """Answers from the index of these settings, or from a given `qa`, which is its giver's to close."""

    def __init__(self, settings: Settings, qa: QA | None = None) -> None:
        self.settings = settings
        self._shared = SharedQA(settings, qa)
        self.metrics = Metrics(self._shared.counts)
        self.reading = uploads.Reading()

    def close(self) -> None:
        """Let go of the index, once nobody uses it; uploads are given up."""
        self.reading.end()
        self._shared.close()

    def open(self) -> None:
        """Open the index now. Raises the `IndexError_` or `ModelError` that keeps it from answering."""
        with self._shared.using():
            pass

    def ready(self) -> Counts:
        """What the index holds, once all that it takes to answer from it answers."""
        with self._shared.using() as qa:
            return qa.index.ready()

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
        with self._shared.using() as qa:
            steps = qa.steps(question, history, top_k=top_k, documents=documents, generate=generate)
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

    def search(self, query: str, k: int) -> tuple[Scored, ...]:
        """The `k` passages that fit best."""
        with self._shared.using() as qa:
            return qa.search(query, k)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """The number of word pieces of each text."""
        with self._shared.using() as qa:
            return qa.embedder.count_tokens(texts)

    def documents(self) -> list[tuple[Document, str]]:
        """The documents by id, their texts left empty, each with its origin."""
        with self._shared.using() as qa:
            known = qa.index.known()
        return [(known[one].document, known[one].origin) for one in sorted(known)]

    def document(self, document_id: str) -> Document:
        """The document of this id, with its text. Raises `DocumentNotFound`."""
        with self._shared.using() as qa:
            return qa.document(document_id)

    def holds(self, document_id: str, start: int, end: int, quote: str) -> bool:
        """Whether there is such a document and it has this text at this place."""
        try:
            return self.document(document_id).text[start:end] == quote
        except DocumentNotFound:
            return False

    def add(
        self, documents: Sequence[Document], whole: Sequence[Document] = ()
    ) -> list[uploads.Outcome | LoadError]:
        """Put in uploaded documents; what a single one fails with is in its place. Raises `IndexBusy`.

        `whole` are those of them that are all that their files say.
        """
        with self._shared.changing() as (index, embedder):
            outcomes = uploads.add(documents, index, embedder, self.settings.corpus, self.reading.go_on)
            uploads.remove_others(whole, index)
            return outcomes

    def remove(self, document_id: str) -> None:
        """Take out a document that was uploaded or whose file is gone.

        Raises `DocumentNotFound`, `DocumentKept` or `IndexBusy`.
        """
        with self._shared.changing() as (index, _):
            uploads.remove(document_id, index, self.settings.corpus)
