"""Errors as problem+json (RFC 9457), each kind with a type of its own that does not change.

On the routes of OpenAI's protocol they are OpenAI's error object instead.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from qa.errors import (
    DocumentKept,
    DocumentNotFound,
    FeedbackUnwritable,
    IndexBusy,
    IndexError_,
    LoadError,
    ModelError,
    NameTaken,
    QAError,
    QuestionInvalid,
)
from qa_api.schemas import Problem

MEDIA_TYPE = "application/problem+json"
OPENAI_PATHS = ("/v1/chat/", "/v1/models")
_STATUS: Sequence[tuple[type[QAError], int]] = (
    (QuestionInvalid, 422),
    (DocumentNotFound, 404),
    (DocumentKept, 409),
    (NameTaken, 409),
    (LoadError, 422),
    (IndexError_, 503),
    (ModelError, 503),
    (FeedbackUnwritable, 503),
    (QAError, 400),
)
_HTTP_TYPES = {404: "not-found", 405: "method-not-allowed", 413: "body-too-large", 422: "request-invalid"}
_BUSY_SECONDS = 2
"""After this long a writer of one upload is done."""


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The error responses of a route, for its OpenAPI description; those of every route are added."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"content": content} for status in sorted({*statuses, 401, 403, 429})}


def problem_of(error: QAError) -> Problem:
    """What went wrong, with the HTTP status that fits it."""
    status = next(status for kind, status in _STATUS if isinstance(error, kind))
    name = type(error).__name__.rstrip("_")
    kind = "".join("-" + letter.lower() if letter.isupper() else letter for letter in name).lstrip("-")
    return _problem(status, kind, (type(error).__doc__ or name).rstrip("."), str(error))


def bug_of(error: Exception) -> Problem:
    """An error that nobody foresaw; it tells nothing of the inside."""
    detail = f"An unexpected {type(error).__name__} occurred; the service's log has the details."
    return _problem(500, "internal", "Internal error", detail)


def respond(
    path: str,
    status: int,
    kind: str,
    title: str,
    detail: str,
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """An error response in the shape that the route at `path` promises."""
    return response_for(path, _problem(status, kind, title, detail), headers)


def response_for(path: str, problem: Problem, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """`problem` in the shape that the route at `path` promises."""
    if path.startswith(OPENAI_PATHS):
        # OpenAI's protocol knows no 422.
        status = 400 if problem.status == 422 else problem.status
        return JSONResponse(openai_error(problem), status_code=status, headers=headers)
    return JSONResponse(
        problem.model_dump(), status_code=problem.status, media_type=MEDIA_TYPE, headers=headers
    )


def openai_error(problem: Problem) -> dict[str, Any]:
    """OpenAI's error object."""
    kind = "server_error" if problem.status >= 500 else "invalid_request_error"
    if problem.status == 429:
        kind = "rate_limit_error"
    code = problem.type.rsplit(":", 1)[1].replace("-", "_")
    return {"error": {"message": problem.detail, "type": kind, "param": None, "code": code}}


def install(app: FastAPI) -> None:
    """Make every error of `app` a problem; of what nobody foresaw `observe` makes one."""
    app.add_exception_handler(QAError, _on_qa_error)
    app.add_exception_handler(RequestValidationError, _on_invalid_request)
    app.add_exception_handler(HTTPException, _on_http_error)


def _problem(status: int, kind: str, title: str, detail: str) -> Problem:
    return Problem(type=f"urn:qa:problem:{kind}", title=title, status=status, detail=detail)


def _on_qa_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, QAError)
    headers = {"Retry-After": str(_BUSY_SECONDS)} if isinstance(error, IndexBusy) else None
    problem = problem_of(error)
    request.state.log = {"problem": problem.type}
    return response_for(request.url.path, problem, headers)


def _on_invalid_request(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"] if part != "body") or "body"
    detail = f"{place}: {first['msg']}."
    return respond(request.url.path, 422, "request-invalid", "The request is not valid", detail)


def _on_http_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    # A body that can't even be decoded is to a client what one of the wrong shape is.
    status = 422 if error.status_code == 400 else error.status_code
    kind = _HTTP_TYPES.get(status, "http-error")
    detail = f"{error.detail}; see /docs for what there is."
    return respond(request.url.path, status, kind, str(error.detail), detail, error.headers)
