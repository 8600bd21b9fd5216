from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage
from langchain_core.retrievers import BaseRetriever
from langchain_tests.integration_tests import RetrieversIntegrationTests

from qa.errors import QuestionInvalid
from qa.langchain import PassageRetriever, answering
from qa.pipeline import QA

CHINA = "How much did China invest in Belarus, and in how many projects?"


class TestPassageRetriever(RetrieversIntegrationTests):
    """LangChain's own tests of what a retriever must do."""

    @pytest.fixture(autouse=True)
    def opened(self, qa: QA) -> None:
        self.qa = qa

    @property
    def retriever_constructor(self) -> type[BaseRetriever]:
        return PassageRetriever

    @property
    def retriever_constructor_params(self) -> dict[str, Any]:
        return {"qa": self.qa}

    @property
    def retriever_query_example(self) -> str:
        return CHINA

    @pytest.fixture
    def retriever(self, opened: None) -> BaseRetriever:
        return PassageRetriever(qa=self.qa)


def test_a_passage_has_its_place(qa: QA) -> None:
    found = PassageRetriever(qa=qa, k=2).invoke(CHINA)
    for one in found:
        place = one.metadata
        document = qa.document(place["document_id"])
        assert document.text[place["start"] : place["end"]] == one.page_content
        assert (place["title"], place["revision"]) == (document.title, document.sha256)


def test_the_runnable_asks(qa: QA) -> None:
    assert answering(qa).invoke(CHINA).text == qa.ask(CHINA).text
    assert [one.text for one in answering(qa).batch([CHINA, CHINA])] == [qa.ask(CHINA).text] * 2
    chain = answering(qa) | (lambda answer: answer.text)
    assert chain.invoke(CHINA) == qa.ask(CHINA).text
    followed = answering(qa).invoke(
        [
            SystemMessage("Be brief."),
            HumanMessage("Who is the president of Belarus?"),
            AIMessage("Alexander Lukashenko is the president of Belarus."),
            HumanMessage("How old is he?"),
        ]
    )
    assert "president of Belarus" in followed.standalone_question
    with pytest.raises(QuestionInvalid):
        answering(qa).invoke([])


def test_the_library_does_not_load_langchain() -> None:
    code = "import qa, sys; print([name for name in sys.modules if name.startswith('langchain')])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
