"""OpenAI's protocol: any client that chats with a model can chat with the documents."""

from __future__ import annotations

import json
import re
import time
import uuid
from collections.abc import Iterator
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Path, Request, Response
from starlette.responses import StreamingResponse

from qa.errors import QuestionInvalid
from qa.types import Answer, Citation, Role, Turn
from qa.wire import wire_answer
from qa_api.openai_schemas import (
    MODEL,
    Annotation,
    ChatCompletion,
    ChatMessage,
    ChatRequest,
    Choice,
    Grounding,
    Message,
    Model,
    ModelList,
    UrlCitation,
    Usage,
)
from qa_api.problems import openai_responses, respond
from qa_api.routes import TheService, note
from qa_api.service import Service
from qa_api.stream import pieces

router = APIRouter()
_CREATED = 1_760_000_000
"""Clients want a time at which a model was made, in seconds since 1970; it means nothing here."""
_MODEL = Model(id=MODEL, created=_CREATED, owned_by=MODEL)


@router.get("/v1/models", responses=openai_responses())
def models() -> ModelList:
    """The one model that there is: this service."""
    return ModelList(data=[_MODEL])


@router.get("/v1/models/{model:path}", responses=openai_responses("model-not-found"), response_model=Model)
def model(model: Annotated[str, Path(examples=[MODEL])], request: Request) -> Model | Response:
    """The one model that there is, under its name."""
    if model == MODEL:
        return _MODEL
    return respond(request.url.path, "model-not-found")


@router.post(
    "/v1/chat/completions",
    responses={
        200: {"content": {"text/event-stream": {}}},
        **openai_responses("body-too-large", "question-invalid", "request-invalid", "index-missing"),
    },
    response_model=ChatCompletion,
)
def chat_completions(body: ChatRequest, service: TheService, request: Request) -> Response | ChatCompletion:
    """Answer the last user message; the messages before it are what it may refer to."""
    question, history = _question(body.messages)
    answer = service.ask(question, history)
    note(request, answer, service)
    completion = _completion(body, answer, service, str(request.base_url))
    if not body.stream:
        return completion
    usage = bool(body.stream_options and body.stream_options.include_usage)
    events = _events(completion, pieces(answer), usage=usage)
    return StreamingResponse(events, media_type="text/event-stream", headers={"Cache-Control": "no-cache"})


def _question(messages: list[Message]) -> tuple[str, tuple[Turn, ...]]:
    last = max((i for i, one in enumerate(messages) if one.role == "user"), default=None)
    if last is None:
        raise QuestionInvalid("No message has the role 'user'; the last such message is the question.")
    roles: dict[str, Role] = {"user": "user", "assistant": "assistant"}
    history = tuple(Turn(roles[one.role], one.text) for one in messages[:last] if one.role in roles)
    return messages[last].text, history


def _completion(body: ChatRequest, answer: Answer, service: Service, base_url: str) -> ChatCompletion:
    wire = wire_answer(answer)
    annotations = _annotations(answer, base_url)
    message = ChatMessage(content=answer.text, annotations=annotations)
    asked, answered = service.count_tokens(["\n".join(one.text for one in body.messages), answer.text])
    return ChatCompletion(
        id=f"chatcmpl-{uuid.uuid4().hex}",
        created=int(time.time()),
        model=body.model,
        choices=[Choice(message=message)],
        usage=Usage(prompt_tokens=asked, completion_tokens=answered, total_tokens=asked + answered),
        **{name: wire[name] for name in Grounding.model_fields},
    )


def _annotations(answer: Answer, base_url: str) -> list[Annotation]:
    """One for each [n] in the text; a document without an address on the web has one here."""
    cited = {one.number: one for one in answer.citations}
    found = []
    for mark in re.finditer(r"\[(\d+)\]", answer.text):
        citation = cited.get(int(mark[1]))
        if citation is None:
            continue  # a quoted text may hold such brackets of its own
        url = citation.uri
        if not url.startswith(("http://", "https://")):
            url = _page(citation, base_url)
        place = UrlCitation(start_index=mark.start(), end_index=mark.end(), title=citation.title, url=url)
        found.append(Annotation(url_citation=place))
    return found


def _page(citation: Citation, base_url: str) -> str:
    """The link that opens the quote on the chat page."""
    place = {
        "doc": citation.document_id,
        "start": citation.start,
        "end": citation.end,
        "rev": citation.revision[:16],
    }
    return f"{base_url}#{urlencode(place)}"


def _events(completion: ChatCompletion, texts: list[str], *, usage: bool) -> Iterator[str]:
    whole = completion.model_dump(mode="json")
    head = {name: whole[name] for name in ("id", "created", "model")} | {"object": "chat.completion.chunk"}

    def event(delta: dict[str, Any], finish: str | None = None, **more: Any) -> str:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return _event({**head, "choices": [choice], **more})

    yield event({"role": "assistant", "content": ""})
    for text in texts:
        yield event({"content": text})
    grounding = {name: whole[name] for name in Grounding.model_fields}
    annotations = whole["choices"][0]["message"]["annotations"]
    yield event({"annotations": annotations}, "stop", **grounding)
    if usage:
        yield _event({**head, "choices": [], "usage": whole["usage"]})
    yield "data: [DONE]\n\n"


def _event(body: dict[str, Any]) -> str:
    # JSON escapes line ends, so that an event is one line.
    return f"data: {json.dumps(body, ensure_ascii=False)}\n\n"
