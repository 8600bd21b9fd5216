"""Whatever the OpenAPI document allows, and much that it does not: no 500, no status it does not name."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase
from hypothesis import settings as hypothesis_settings
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

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
schema = schemathesis.openapi.from_asgi("/openapi.json", APP)


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
    max_examples=15,
    deadline=None,
    derandomize=True,
    phases=(Phase.generate,),
    suppress_health_check=list(HealthCheck),
)
def test_the_service_does_what_its_description_says(case: schemathesis.Case[Any]) -> None:
    # Some of what is asked of a request a schema can't say: a question that is more than blanks, a
    # conversation in which the user speaks. And a number that is written as a string is read as a number.
    case.call_and_validate(excluded_checks=[positive_data_acceptance, negative_data_rejection])
