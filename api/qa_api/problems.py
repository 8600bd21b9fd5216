"""Errors as problem+json (RFC 9457), each kind with a type of its own that does not change.

On the routes of OpenAI's protocol they are OpenAI's error object instead, on that of MCP JSON-RPC's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from qa.errors import (
    DocumentKept,
    DocumentNotFound,
    FeedbackUnwritable,
    FileTooLarge,
    IndexBusy,
    IndexError_,
    IndexMissing,
    IndexUnreachable,
    LoadError,
    ModelError,
    NameTaken,
    QAError,
    QuestionInvalid,
)
from qa_api.openai_schemas import OpenAIError
from qa_api.paths import methods_of
from qa_api.schemas import Problem

MEDIA_TYPE = "application/problem+json"
OPENAI_PATHS = ("/v1/chat/", "/v1/models", "/v1/completions", "/v1/embeddings", "/v1/responses")
"""Those of the protocol that clients may ask for, also where there is no such route here."""
MCP_PATH = "/mcp"
_PREFIX = "urn:qa:problem:"
_STATUS: Sequence[tuple[type[QAError], int]] = (
    (QuestionInvalid, 422),
    (DocumentNotFound, 404),
    (DocumentKept, 409),
    (NameTaken, 409),
    (FileTooLarge, 413),
    (LoadError, 422),
    (IndexError_, 503),
    (ModelError, 503),
    (FeedbackUnwritable, 503),
    (QAError, 400),
)
_KINDS: Mapping[str, tuple[int, str, str]] = {
    "key-invalid": (401, "A key is needed", "Send a key of this service as 'Authorization: Bearer KEY'."),
    "read-only": (403, "The key may only read", "This key may only read; use one that may write."),
    "host-refused": (
        403,
        "The host is refused",
        "Without keys the service answers to 'localhost' only; set QA_API_KEYS to use a name.",
    ),
    "origin-refused": (
        403,
        "The origin is refused",
        "Pages of other sites may not write here; open the page of this service.",
    ),
    "model-not-found": (404, "There is no such model", "The one model there is is called grounded-qa."),
    "body-too-large": (
        413,
        "The request is too long",
        "The request is longer than 5000000 bytes; send less at once.",
    ),
    "request-invalid": (422, "The request is not valid", "question: Field required."),
    "rate-limited": (429, "Too many requests", "More than 6000 per 1 minute; try again in 7 s."),
    "internal": (
        500,
        "Internal error",
        "An unexpected KeyError occurred; the service's log has the details.",
    ),
    "overloaded": (503, "Too much at once", "As many requests as are taken are in work; try again in 2 s."),
    "not-ready": (503, "The service is not ready", "A request with a key is told what keeps it."),
}
"""Problems that are no error of the library: status, title and what the detail usually is."""
_ERRORS: Sequence[QAError] = (
    QuestionInvalid("The question is empty; write one."),
    DocumentNotFound("There is no document 'bridge'; 'qa documents list' and GET /v1/documents name them."),
    DocumentKept("'lamp' was read from the corpus folder; remove its file there and run 'qa ingest'."),
    IndexMissing("There is no index in index; run 'qa ingest' first."),
    IndexBusy("Another process (4711 on host) is writing the index; try again when it is done."),
    FeedbackUnwritable(
        "The verdict can't be written to feedback.jsonl (File too large); make room or set QA_FEEDBACK."
    ),
)
"""Errors of the library as examples of what routes answer."""
_HEADERS = {
    401: ("WWW-Authenticate", 'Bearer realm="qa"', "how to show a key"),
    429: ("Retry-After", "7", "seconds to wait"),
    503: ("Retry-After", "2", "seconds to wait, where that is known"),
}
_HTTP_KINDS = {404: "not-found", 405: "method-not-allowed"}
BUSY_SECONDS = 2
"""After this long a writer of one upload is done."""


_KINDS_OF_ALL = ("key-invalid", "host-refused", "origin-refused", "rate-limited", "internal", "overloaded")


def responses(*kinds: str) -> dict[int | str, dict[str, Any]]:
    """The error responses of a route, for its description: of these kinds, and of those of every route."""
    found: dict[int | str, dict[str, Any]] = {}
    for status, problems in _by_status(kinds).items():
        examples = {kind: {"value": problem.model_dump()} for kind, problem in problems.items()}
        schema = {"$ref": "#/components/schemas/Problem"}
        found[status] = _head(status) | {"content": {MEDIA_TYPE: {"schema": schema, "examples": examples}}}
    return found


def openai_responses(*kinds: str) -> dict[int | str, dict[str, Any]]:
    """The same for a route of OpenAI's protocol."""
    found: dict[int | str, dict[str, Any]] = {}
    for status, problems in _by_status(kinds).items():
        examples = {kind: {"value": openai_error(problem)} for kind, problem in problems.items()}
        content = {"application/json": {"examples": examples}}
        openai = _openai_status(status)
        found[openai] = _head(openai) | {"model": OpenAIError, "content": content}
    return found


def problem_of(error: QAError) -> Problem:
    """What went wrong, with the HTTP status that fits it."""
    status = next(status for kind, status in _STATUS if isinstance(error, kind))
    name = type(error).__name__.rstrip("_")
    kind = "".join("-" + letter.lower() if letter.isupper() else letter for letter in name).lstrip("-")
    return _problem(kind, status, (type(error).__doc__ or name).rstrip("."), str(error))


def bug_of(error: Exception) -> Problem:
    """An error that nobody foresaw; it tells nothing of the inside."""
    status, title, _ = _KINDS["internal"]
    detail = f"An unexpected {type(error).__name__} occurred; the service's log has the details."
    return _problem("internal", status, title, detail)


def respond(
    path: str, kind: str, detail: str | None = None, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """A problem of a kind that is no error of the library, in the shape that the route at `path` promises."""
    status, title, usual = _KINDS[kind]
    return response_for(path, _problem(kind, status, title, detail or usual), headers)


def response_for(path: str, problem: Problem, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """`problem` in the shape that the route at `path` promises."""
    if path.startswith(OPENAI_PATHS):
        status = _openai_status(problem.status)
        return JSONResponse(openai_error(problem), status_code=status, headers=headers)
    if path == MCP_PATH:
        return JSONResponse(_json_rpc_error(problem), status_code=problem.status, headers=headers)
    return JSONResponse(
        problem.model_dump(), status_code=problem.status, media_type=MEDIA_TYPE, headers=headers
    )


def openai_error(problem: Problem) -> dict[str, Any]:
    """OpenAI's error object."""
    kind = "server_error" if problem.status >= 500 else "invalid_request_error"
    if problem.status == 429:
        kind = "rate_limit_error"
    code = problem.type.removeprefix(_PREFIX).replace("-", "_")
    return {"error": {"message": problem.detail, "type": kind, "param": None, "code": code}}


def _json_rpc_error(problem: Problem) -> dict[str, Any]:
    """JSON-RPC's error object (codes: section 5.1 of version 2.0); MCP clients show its message."""
    code = -32603 if problem.status >= 500 else -32600
    error = {"code": code, "message": problem.detail, "data": problem.model_dump()}
    return {"jsonrpc": "2.0", "id": None, "error": error}


def install(app: FastAPI) -> None:
    """Make every error of `app` a problem; of what nobody foresaw `observe` makes one."""
    app.add_exception_handler(QAError, _on_qa_error)
    app.add_exception_handler(RequestValidationError, _on_invalid_request)
    app.add_exception_handler(HTTPException, _on_http_error)


def _problem(kind: str, status: int, title: str, detail: str) -> Problem:
    return Problem(type=_PREFIX + kind, title=title, status=status, detail=detail)


def _openai_status(status: int) -> int:
    return 400 if status == 422 else status  # OpenAI's protocol knows no 422


def _by_status(kinds: Sequence[str]) -> dict[int, dict[str, Problem]]:
    """An example of each of these kinds and of those that every route may answer."""
    examples = {kind: _problem(kind, *known) for kind, known in _KINDS.items()}
    for error in _ERRORS:
        problem = problem_of(error)
        examples[problem.type.removeprefix(_PREFIX)] = problem
    found: dict[int, dict[str, Problem]] = {}
    for kind in (*kinds, *_KINDS_OF_ALL):
        found.setdefault(examples[kind].status, {})[kind] = examples[kind]
    return dict(sorted(found.items()))


def _head(status: int) -> dict[str, Any]:
    """Description and headers of an error response."""
    head: dict[str, Any] = {"description": HTTPStatus(status).phrase}
    if status in _HEADERS:
        name, example, meaning = _HEADERS[status]
        schema = {"type": "string"}
        head["headers"] = {name: {"description": meaning, "schema": schema, "example": example}}
    return head


def _on_qa_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, QAError)
    transient = isinstance(error, IndexBusy | IndexUnreachable)
    headers = {"Retry-After": str(BUSY_SECONDS)} if transient else None
    problem = problem_of(error)
    request.state.log = {"problem": problem.type}
    return response_for(request.url.path, problem, headers)


def _on_invalid_request(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"] if part != "body") or "body"
    return respond(request.url.path, "request-invalid", f"{place}: {first['msg']}.")


def _on_http_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    if error.status_code == 400:
        # A body that can't even be decoded is to a client what one of the wrong shape is.
        return respond(request.url.path, "request-invalid", f"{error.detail}.")
    headers = dict(error.headers or {})
    if error.status_code == 405:
        # The router names the methods of one route at the path; there may be others.
        headers["Allow"] = ", ".join(sorted(methods_of(request.app, request.url.path)))
    kind = _HTTP_KINDS.get(error.status_code, "http-error")
    problem = _problem(
        kind, error.status_code, str(error.detail), f"{error.detail}; see /docs for what there is."
    )
    return response_for(request.url.path, problem, headers)
