"""The OpenAPI document: beside what FastAPI reads off the routes, an example of each body, and the events."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from qa_api.openai_schemas import ChatCompletionChunk
from qa_api.schemas import AskResponse, ClaimEvent, EvidenceEvent, Problem

EXAMPLES: dict[str, dict[str, dict[str, Any]]] = json.loads(
    (Path(__file__).parent / "examples.json").read_text(encoding="utf-8")
)
"""By operation ("POST /v1/ask"): its bodies by "request" or status, and of each the examples by name."""
_EVENTS: dict[str, type[BaseModel]] = {
    "evidence": EvidenceEvent,
    "claim": ClaimEvent,
    "answer": AskResponse,
    "error": Problem,
}
_COMPONENTS = "#/components/schemas/"


class DescribedAPI(FastAPI):
    """An application that completes its own description."""

    def openapi(self) -> dict[str, Any]:
        """The OpenAPI document; made once."""
        if not self.openapi_schema:
            document = super().openapi()
            for path, operations in document["paths"].items():
                for method, operation in operations.items():
                    _complete(operation, EXAMPLES[f"{method.upper()} {path}"])
            _add_events(document)
        return self.openapi_schema or {}


def _complete(operation: dict[str, Any], examples: dict[str, dict[str, Any]]) -> None:
    """Add the examples, and take out FastAPI's own 422 where the route answers otherwise."""
    bodies = {"request": operation.get("requestBody", {}), **operation["responses"]}
    if "HTTPValidationError" in json.dumps(operation["responses"].get("422", {})):
        del operation["responses"]["422"]
    for name, named in examples.items():
        for media, content in bodies[name]["content"].items():
            shown = {
                one: {"value": value}
                for one, value in named.items()
                if isinstance(value, str) == media.startswith("text/")
            }
            content["examples"] = shown


def _add_events(document: dict[str, Any]) -> None:
    """Say what the data of each server-sent event is, in the words of OpenAPI 3.2 (4.14.4)."""
    models: list[type[BaseModel]] = [*_EVENTS.values(), ChatCompletionChunk]
    _, schemas = models_json_schema(
        [(model, "serialization") for model in models], ref_template=_COMPONENTS + "{model}"
    )
    components = document["components"]["schemas"]
    for name in ("HTTPValidationError", "ValidationError"):
        components.pop(name, None)
    components.update({name: one for name, one in schemas["$defs"].items() if name not in components})
    ours = [_event(model, event=name) for name, model in _EVENTS.items()]
    done = {"properties": {"data": {"const": "[DONE]"}}, "required": ["data"]}
    for path, events in {
        "/v1/ask/stream": ours,
        "/v1/chat/completions": [_event(ChatCompletionChunk), done],
    }.items():
        stream = document["paths"][path]["post"]["responses"]["200"]["content"]["text/event-stream"]
        stream["itemSchema"] = {"oneOf": events}


def _event(model: type[BaseModel], event: str | None = None) -> dict[str, Any]:
    schema = {"$ref": _COMPONENTS + model.__name__}
    data = {"type": "string", "contentMediaType": "application/json", "contentSchema": schema}
    named: dict[str, Any] = {"event": {"const": event}} if event else {}
    return {"type": "object", "properties": {**named, "data": data}, "required": [*named, "data"]}
