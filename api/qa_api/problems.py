"""Errors as problem+json (RFC 9457), each kind with a type of its own that does not change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from qa.errors import DocumentNotFound, IndexError_, ModelError, QAError, QuestionInvalid
from qa_api.schemas import Problem

MEDIA_TYPE = "application/problem+json"
_STATUS: Sequence[tuple[type[QAError], int]] = (
    (QuestionInvalid, 422),
    (DocumentNotFound, 404),
    (IndexError_, 503),
    (ModelError, 503),
    (QAError, 400),
)
_HTTP_TYPES = {404: "not-found", 405: "method-not-allowed"}


def problem(status: int, kind: str, title: str, detail: str) -> JSONResponse:
    """A response with media type `application/problem+json`."""
    body = Problem(type=f"urn:qa:problem:{kind}", title=title, status=status, detail=detail)
    return JSONResponse(body.model_dump(), status_code=status, media_type=MEDIA_TYPE)


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The error responses of a route, for its OpenAPI description."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"model": Problem, "content": content} for status in statuses}


def install(app: FastAPI) -> None:
    """Make every error of `app` a problem."""
    app.add_exception_handler(QAError, _on_qa_error)
    app.add_exception_handler(RequestValidationError, _on_invalid_request)
    app.add_exception_handler(HTTPException, _on_http_error)
    app.add_exception_handler(Exception, _on_bug)


def _on_qa_error(_: Request, error: Exception) -> JSONResponse:
    status = next(status for kind, status in _STATUS if isinstance(error, kind))
    name = type(error).__name__.rstrip("_")
    kind = "".join("-" + letter.lower() if letter.isupper() else letter for letter in name).lstrip("-")
    return problem(status, kind, (type(error).__doc__ or name).rstrip("."), str(error))


def _on_invalid_request(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"] if part != "body") or "body"
    return problem(422, "request-invalid", "The request is not valid", f"{place}: {first['msg']}.")


def _on_http_error(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    kind = _HTTP_TYPES.get(error.status_code, "http-error")
    return problem(
        error.status_code, kind, str(error.detail), f"{error.detail}; see /docs for what there is."
    )


def _on_bug(_: Request, error: Exception) -> JSONResponse:
    detail = f"An unexpected {type(error).__name__} occurred; the service's log has the details."
    return problem(500, "internal", "Internal error", detail)
