"""Whatever the OpenAPI document allows, and much that it does not: no 500, no status it does not name.

Each run makes the same requests; with FUZZ_EXAMPLES in the environment it makes so many examples of each
route, by the seed that pytest is given (--hypothesis-seed). `make torture` does.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase
from hypothesis import settings as hypothesis_settings

from qa.build import run_ingest
from qa.settings import Settings
from qa_api.app import create_app

# The tests are made from the document when they are collected, so the service is there before fixtures are.
FOLDER = tempfile.TemporaryDirectory()
HERE = Path(FOLDER.name)
SETTINGS = Settings(
    corpus=HERE / "corpus",
    index=HERE / "index",
    feedback=HERE / "feedback.jsonl",
    api_keys="",
    rate_limit="1000000/minute",
)
APP = create_app(SETTINGS)
# What a schema can't say of a request that it allows: that no two files of a form have one name, and that the
# last message of the user is a question. So these two may refuse what fits their schema, with this status.
MAY_REFUSE = {"/v1/documents": "422", "/v1/chat/completions": "400"}
USUAL = ["2xx", "401", "403", "404", "409", "429", "503"]
# The parts of a form have no types: a number or a list in the place of a file is its bytes.
UNTYPED = {"include-path": "/v1/documents", "checks": {"negative_data_rejection": {"enabled": False}}}
CONFIG = schemathesis.Config.from_dict(
    {
        "operations": [
            {
                "include-path": path,
                "checks": {"positive_data_acceptance": {"expected-statuses": [*USUAL, status]}},
            }
            for path, status in MAY_REFUSE.items()
        ]
        + [UNTYPED]
    }
)
EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "0"))
ANSWERED = count()
schema = schemathesis.openapi.from_asgi("/openapi.json", APP, config=CONFIG)


def without_long_arrays(part: Any) -> None:
    """Take out limits of thousands: it takes minutes to make arrays that just keep or just break them."""
    if isinstance(part, dict):
        if part.get("maxItems", 0) > 100:
            del part["maxItems"]
        for one in part.values():
            without_long_arrays(one)
    elif isinstance(part, list):
        for one in part:
            without_long_arrays(one)


without_long_arrays(schema.raw_schema)


@schema.hook
def after_call(context: Any, case: Any, response: Any) -> None:
    next(ANSWERED)


@pytest.fixture(autouse=True)
def requests(record_property: Callable[[str, object], None]) -> Iterator[None]:
    """How many of a test were answered, for the table of `make torture`."""
    before = next(ANSWERED)
    yield
    record_property("requests", next(ANSWERED) - before - 1)


@pytest.fixture(scope="module", autouse=True)
def index() -> Iterator[None]:
    """A service of its own: documents will come and go."""
    SETTINGS.corpus.mkdir()
    (SETTINGS.corpus / "lamp.txt").write_text("The lighthouse was built in 1911. It is 40 metres high.")
    run_ingest(SETTINGS, [SETTINGS.corpus])
    yield
    APP.state.service.close()
    FOLDER.cleanup()


@schema.parametrize()
@hypothesis_settings(
    max_examples=EXAMPLES or 25,
    deadline=None,
    derandomize=not EXAMPLES,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)
def test_the_service_does_what_its_description_says(case: schemathesis.Case[Any]) -> None:
    case.call_and_validate()


def test_documents_come_and_go_as_the_description_says(index: None) -> None:
    """What an upload answers leads to reading and deleting it, in any order."""
    machine = schema.as_state_machine()
    machine.run(
        settings=hypothesis_settings(
            max_examples=EXAMPLES or 15,
            stateful_step_count=6,
            deadline=None,
            derandomize=not EXAMPLES,
            phases=(Phase.generate,),
            suppress_health_check=list(HealthCheck),
        )
    )
