"""OpenAI's protocol: any client that chats with a model can chat with the documents."""

from __future__ import annotations

import json
import logging
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Path, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse

from qa.errors import QAError, QuestionInvalid
from qa.types import Answer, Citation, Role, Shown, Turn, rendered
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
from qa_api.problems import bug_of, openai_error, openai_responses, problem_of, respond
from qa_api.routes import TheService, noted
from qa_api.service import Service
from qa_api.stream import Steps, answer_of, started, taken, waited_for

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
        **openai_responses(
            "body-too-large", "question-invalid", "request-invalid", "index-missing", "index-busy"
        ),
    },
    response_model=ChatCompletion,
)
async def chat_completions(
    body: ChatRequest, service: TheService, request: Request
) -> Response | ChatCompletion:
    """Answer the last user message; the messages before it are what it may refer to."""
    question, history = _question(body.messages)
    steps = service.steps(question, history)
    chat = _Chat(body, service, str(request.base_url))
    if not body.stream:
        answer = await answer_of(noted(waited_for(steps), request, service), request)
        return await run_in_threadpool(chat.completion, answer)
    events = chat.events(await started(noted(taken(steps), request, service), request))
    return StreamingResponse(events, media_type="text/event-stream", headers={"Cache-Control": "no-cache"})


def _question(messages: list[Message]) -> tuple[str, tuple[Turn, ...]]:
    last = max((i for i, one in enumerate(messages) if one.role == "user"), default=None)
    if last is None:
        raise QuestionInvalid("No message has the role 'user'; the last such message is the question.")
    roles: dict[str, Role] = {"user": "user", "assistant": "assistant"}
    history = tuple(Turn(roles[one.role], one.text) for one in messages[:last] if one.role in roles)
    return messages[last].text, history


class _Chat:
    """One answer in OpenAI's words, whole or in pieces."""

    def __init__(self, body: ChatRequest, service: Service, base_url: str) -> None:
        self._body = body
        self._service = service
        self._base_url = base_url
        self._id = f"chatcmpl-{uuid.uuid4().hex}"
        self._created = int(time.time())

    def completion(self, answer: Answer) -> ChatCompletion:
        """The answer as one object."""
        wire = wire_answer(answer)
        message = ChatMessage(content=answer.text, annotations=_annotations(answer, self._base_url))
        texts = ["\n".join(one.text for one in self._body.messages), answer.text]
        asked, answered = self._service.count_tokens(texts)
        return ChatCompletion(
            id=self._id,
            created=self._created,
            model=self._body.model,
            choices=[Choice(message=message)],
            usage=Usage(prompt_tokens=asked, completion_tokens=answered, total_tokens=asked + answered),
            **{name: wire[name] for name in Grounding.model_fields},
        )

    async def events(self, steps: Steps) -> AsyncIterator[str]:
        """The answer as it comes, claim by claim."""
        yield self._chunk({"role": "assistant", "content": ""})
        try:
            async with aclosing(steps):
                async for step in steps:
                    if isinstance(step, Shown):
                        yield self._chunk({"content": step.text})
                    elif isinstance(step, Answer):
                        for event in await run_in_threadpool(self._ending, step):
                            yield event
        except QAError as error:
            yield _event(openai_error(problem_of(error)))
        except Exception as error:
            logging.getLogger("qa_api").exception("bug in a stream")
            yield _event(openai_error(bug_of(error)))
        yield "data: [DONE]\n\n"

    def _ending(self, answer: Answer) -> list[str]:
        whole = self.completion(answer).model_dump(mode="json")
        events = [] if answer.claims else [self._chunk({"content": answer.text})]
        grounding = {name: whole[name] for name in Grounding.model_fields}
        annotations = whole["choices"][0]["message"]["annotations"]
        events.append(self._chunk({"annotations": annotations}, "stop", **grounding))
        options = self._body.stream_options
        if options and options.include_usage:
            events.append(_event({**self._head(), "choices": [], "usage": whole["usage"]}))
        return events

    def _chunk(self, delta: dict[str, Any], finish: str | None = None, **more: Any) -> str:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return _event({**self._head(), "choices": [choice], **more})

    def _head(self) -> dict[str, Any]:
        return {
            "id": self._id,
            "object": "chat.completion.chunk",
            "created": self._created,
            "model": self._body.model,
        }


def _annotations(answer: Answer, base_url: str) -> list[Annotation]:
    """One for each citation's [n] in the text; a document without an address on the web has one here.

    They end what a claim adds to the text: brackets inside a claim are the document's own.
    """
    cited = {one.number: one for one in answer.citations}
    found = []
    end = 0
    for claim, piece in zip(
        answer.claims, rendered(answer.claims, answer.citations, answer.disagreement), strict=True
    ):
        end += len(piece)
        start = end - sum(len(f"[{number}]") for number in claim.evidence_numbers)
        for number in claim.evidence_numbers:
            citation, after = cited[number], start + len(f"[{number}]")
            url = citation.uri
            if not url.startswith(("http://", "https://")):
                url = _page(citation, base_url)
            place = UrlCitation(start_index=start, end_index=after, title=citation.title, url=url)
            found.append(Annotation(url_citation=place))
            start = after
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


def _event(body: dict[str, Any]) -> str:
    # JSON escapes line ends, so that an event is one line.
    return f"data: {json.dumps(body, ensure_ascii=False)}\n\n"
