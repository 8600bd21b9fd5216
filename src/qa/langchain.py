"""For users of LangChain: a retriever of passages, and a runnable that answers with citations.

from qa.langchain import PassageRetriever, answering

retriever = PassageRetriever(qa=qa, k=4)
chain = answering(qa) | (lambda answer: answer.text)
"""

from __future__ import annotations

from typing import Any

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document as LangChainDocument
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import Runnable, RunnableLambda
from pydantic import ConfigDict, Field

from qa.errors import QuestionInvalid
from qa.pipeline import QA
from qa.types import Answer, Turn

Asked = str | list[BaseMessage]
"""A question, or a conversation whose last message is the question."""


class PassageRetriever(BaseRetriever):
    """The `k` passages that fit a query best, each with its place in its document.

    Metadata: document_id, title, uri, published, revision, start, end, score;
    `document.text[start:end]` is the passage. Raises `QuestionInvalid`.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    qa: QA
    k: int = Field(default=10, ge=1)

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun, k: int | None = None
    ) -> list[LangChainDocument]:
        found = self.qa.search(query, self.k if k is None else k)
        sources = {one.id: one for one in self.qa.documents()}
        return [
            LangChainDocument(
                id=f"{one.document_id}:{one.start}-{one.end}",
                page_content=one.text,
                metadata={
                    "document_id": one.document_id,
                    "title": sources[one.document_id].title,
                    "uri": sources[one.document_id].uri,
                    "published": sources[one.document_id].published,
                    "revision": sources[one.document_id].sha256,
                    "start": one.start,
                    "end": one.end,
                    "score": one.score,
                },
            )
            for one in found
            if one.document_id in sources  # it may have been deleted between the two reads
        ]


def answering(qa: QA) -> Runnable[Asked, Answer]:
    """`QA.ask` as a runnable: a conversation's last message is asked, the others are its history."""

    def ask(asked: Asked, **options: Any) -> Answer:
        if isinstance(asked, str):
            return qa.ask(asked, **options)
        if not asked:
            raise QuestionInvalid("The conversation has no message; the last one is the question.")
        turns = tuple(turn for message in asked[:-1] if (turn := _turn(message)))
        return qa.ask(asked[-1].text, turns, **options)

    return RunnableLambda(ask, name="answering")


def _turn(message: BaseMessage) -> Turn | None:
    if isinstance(message, HumanMessage):
        return Turn("user", message.text)
    if isinstance(message, AIMessage):
        return Turn("assistant", message.text)
    return None
