"""The routes of the documents: list, read, upload, delete."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Any

from fastapi import APIRouter, File, Path, Response, UploadFile
from fastapi.exceptions import RequestValidationError

from qa.documents.sources import UPLOAD_ORIGIN
from qa.errors import LoadError
from qa.settings import Settings
from qa.sync.uploads import MAX_DOCUMENTS, pair, read_upload
from qa.types import Document
from qa_api.problems import problem_of, responses
from qa_api.routes import TheService
from qa_api.schemas import (
    DocumentListed,
    DocumentWithText,
    Problem,
    UploadResponse,
    UploadResult,
)
from qa_api.service import Service

DocumentId = Annotated[str, Path(examples=["002_dca27c1875aea8af"])]


_LINKS = {
    name: {"operationId": name, "parameters": {"document_id": "$response.body#/results/0/document/id"}}
    for name in ("document", "delete")
}
"""What can be done with a document that was taken in: read it, delete it."""


def documents_router(settings: Settings) -> APIRouter:
    """The routes, with the limits of these settings."""
    router = APIRouter(prefix="/v1/documents")
    # Described here, and checked below in words of its own.
    some_files = File(json_schema_extra={"minItems": 1, "maxItems": settings.upload_max_files})

    @router.get("", responses=responses("index-missing"))
    def documents(service: TheService) -> list[DocumentListed]:
        """The documents that are answered from."""
        return [DocumentListed.of(document, origin=origin) for document, origin in service.documents()]

    @router.post(
        "",
        responses={
            **responses("read-only", "body-too-large", "request-invalid", "index-missing", "index-busy"),
            200: {"links": _LINKS},
            207: {
                "model": UploadResponse,
                "description": "Some file was refused; its result says why.",
                "links": _LINKS,
            },
        },
    )
    def upload(
        service: TheService, response: Response, files: list[UploadFile] = some_files
    ) -> UploadResponse:
        """Take in documents; a file of the name of an earlier upload replaces it.

        A metadata file `<name>.meta.toml` in the same request tells the title and the date of `<name>`.
        """
        results = _take_in(_contents(files, settings), service)
        if any(result.problem for result in results):
            response.status_code = 207
        return UploadResponse(results=results)

    @router.get("/{document_id:path}", responses=responses("document-not-found", "index-missing"))
    def document(document_id: DocumentId, service: TheService) -> DocumentWithText:
        """One document, with its text."""
        found = service.document(document_id)
        return DocumentWithText.of(found, text=found.text)

    @router.delete(
        "/{document_id:path}",
        status_code=204,
        responses=responses(
            "read-only", "document-not-found", "document-kept", "index-missing", "index-busy"
        ),
    )
    def delete(document_id: DocumentId, service: TheService) -> None:
        """Delete a document that was uploaded or whose file is gone. Others are removed in their folder."""
        service.remove(document_id)

    return router


def _contents(files: list[UploadFile], settings: Settings) -> list[tuple[str, bytes | Problem]]:
    """Names and contents; what is too large is not read."""
    if len(files) > settings.upload_max_files:
        raise _invalid(f"there are {len(files)} files; send at most {settings.upload_max_files} at once")
    return [(file.filename or "", _content(file, settings.upload_max_bytes)) for file in files]


def _content(file: UploadFile, limit: int) -> bytes | Problem:
    if file.size is not None and file.size > limit:
        return Problem(
            type="urn:qa:problem:file-too-large",
            title="The file is too large",
            status=413,
            detail=f"The file has {file.size} bytes; split it into files of at most {limit}.",
        )
    return file.file.read()


def _take_in(files: list[tuple[str, bytes | Problem]], service: Service) -> list[UploadResult]:
    results: dict[str, list[UploadResult]] = {name: [] for name, _ in files}
    readable: list[tuple[str, bytes]] = []
    plain = Counter(name.replace("\\", "/").rpartition("/")[2] for name, _ in files)
    twice = {name for name, count in plain.items() if count > 1}
    if twice:
        raise _invalid(f"several files are called {min(twice)}; rename them")
    for name, content in files:
        if isinstance(content, Problem):
            results[name].append(UploadResult(file=name, outcome="error", problem=content))
        else:
            readable.append((name, content))
    read: list[tuple[str, Document]] = []
    whole: list[Document] = []
    deadline = service.reading.deadline()
    for name, content, metadata in pair(readable):
        try:
            with service.reading.one_file(deadline) as reader:
                found = read_upload(name, content, metadata, reader, MAX_DOCUMENTS - len(read))
        except LoadError as error:
            found = [error]
        documents = [one for one in found if not isinstance(one, LoadError)]
        read += [(name, document) for document in documents]
        whole += documents if len(documents) == len(found) else []
        results[name] += [_refused(name, one) for one in found if isinstance(one, LoadError)]
    outcomes = service.add([document for _, document in read], whole) if read else []
    for (name, document), outcome in zip(read, outcomes, strict=True):
        if isinstance(outcome, LoadError):
            results[name].append(_refused(name, outcome))
        else:
            listed = DocumentListed.of(document, origin=UPLOAD_ORIGIN)
            results[name].append(UploadResult(file=name, outcome=outcome, document=listed))
    return [result for name in results for result in results[name]]


def _refused(name: str, error: LoadError) -> UploadResult:
    return UploadResult(file=name, outcome="error", problem=problem_of(error))


def _invalid(message: str) -> RequestValidationError:
    error: dict[str, Any] = {"loc": ("body", "files"), "msg": message, "type": "value_error"}
    return RequestValidationError([error])
