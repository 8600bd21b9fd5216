"""Documents come and go in any order, and the service always holds those that it should, and no other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from qa.build import run_ingest
from qa.settings import Settings
from qa_api.app import create_app

LAMP = "The lighthouse was built in 1911. It is 40 metres high."
NAMES = st.sampled_from(["bridge", "tower"])
YEARS = st.integers(1800, 1999)
QUESTION = "When was the {} of Ulm opened?"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    folder = tmp_path_factory.mktemp("model")
    (folder / "corpus").mkdir()
    (folder / "corpus" / "lamp.txt").write_text(LAMP)
    settings = Settings(corpus=folder / "corpus", index=folder / "index", rate_limit="1000000/minute")
    run_ingest(settings, [settings.corpus], lambda done: None)
    with TestClient(create_app(settings)) as client:
        yield client


def text_of(name: str, year: int) -> str:
    return f"The {name} of Ulm was opened in {year}."


class Documents(RuleBasedStateMachine):
    client: ClassVar[TestClient]

    def __init__(self) -> None:
        super().__init__()
        self.held: dict[str, str] = {}

    @rule(name=NAMES, year=YEARS)
    def upload(self, name: str, year: int) -> None:
        text = text_of(name, year)
        files = [("files", (f"{name}.txt", text))]
        (result,) = self.client.post("/v1/documents", files=files).json()["results"]
        before = self.held.get(name)
        expected = "created" if before is None else "unchanged" if before == text else "replaced"
        assert result["outcome"] == expected
        self.held[name] = text

    @rule(name=NAMES)
    def delete(self, name: str) -> None:
        status = self.client.delete(f"/v1/documents/{name}").status_code
        assert status == (204 if self.held.pop(name, None) else 404)

    @rule()
    def keep_the_corpus(self) -> None:
        assert self.client.delete("/v1/documents/lamp").status_code == 409

    @rule(name=NAMES)
    def ask(self, name: str) -> None:
        answer = self.client.post("/v1/ask", json={"question": QUESTION.format(name)}).json()
        for one in answer["citations"]:
            assert one["quote"] in self.held.get(one["document_id"], LAMP)
        if name in self.held:
            assert answer["citations"][0]["quote"] == self.held[name]

    @invariant()
    def list_and_read(self) -> None:
        listed = {one["id"] for one in self.client.get("/v1/documents").json()}
        assert listed == {"lamp", *self.held}
        for name, text in self.held.items():
            assert self.client.get(f"/v1/documents/{name}").json()["text"] == text
        passages = self.client.post("/v1/search", json={"query": "Ulm"}).json()["passages"]
        assert {one["document_id"] for one in passages} == listed

    def teardown(self) -> None:
        for name in self.held:
            self.client.delete(f"/v1/documents/{name}")


def test_the_service_holds_what_was_put_in_and_not_taken_out(client: TestClient) -> None:
    Documents.client = client
    run_state_machine_as_test(
        Documents,
        settings=hypothesis_settings(
            max_examples=6,
            stateful_step_count=10,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
