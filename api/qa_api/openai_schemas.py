"""OpenAI's chat completions, as far as they mean something here; what else a client sends is passed over."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from qa.text import readable
from qa.types import Status
from qa_api.schemas import MAX_HISTORY, CitationOut, DisagreementOut

MODEL = "grounded-qa"


Text = Annotated[str, AfterValidator(readable)]


class _Lenient(BaseModel):
    model_config = ConfigDict(extra="ignore")


class TextPart(_Lenient):
    """A part of a message; parts that are no text are passed over."""

    type: str
    text: Text = ""


class Message(_Lenient):
    """A turn of the conversation. Instructions (system, developer) change nothing: what is said is quoted."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: Text | list[TextPart] | None = None

    @property
    def text(self) -> str:
        """The text parts together."""
        if isinstance(self.content, str):
            return self.content
        return "\n".join(part.text for part in self.content or () if part.type == "text")


class StreamOptions(_Lenient):
    """What a stream says besides the answer."""

    include_usage: bool | None = None


class ChatRequest(_Lenient):
    """A conversation whose last user message is the question."""

    messages: Annotated[list[Message], Field(min_length=1, max_length=MAX_HISTORY)] = Field(
        examples=[[{"role": "user", "content": "How much did China invest in Belarus?"}]]
    )
    model: Text = Field(default=MODEL, examples=[MODEL])
    stream: bool | None = False
    stream_options: StreamOptions | None = None
    n: Literal[1] | None = 1


class UrlCitation(BaseModel):
    """Where the answer's text from `start_index` to `end_index` is from."""

    start_index: int
    end_index: int
    title: str
    url: str


class Annotation(BaseModel):
    """OpenAI's shape of a citation."""

    type: Literal["url_citation"] = "url_citation"
    url_citation: UrlCitation


class ChatMessage(BaseModel):
    """The answer, with its citations in OpenAI's shape."""

    role: Literal["assistant"] = "assistant"
    content: str
    refusal: str | None = None
    annotations: list[Annotation]


class Choice(BaseModel):
    """The one answer."""

    index: int = 0
    message: ChatMessage
    logprobs: None = None
    finish_reason: Literal["stop"] = "stop"


class Usage(BaseModel):
    """Word pieces of the encoder, in the conversation and in the answer."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class Grounding(BaseModel):
    """Our extension: what `POST /v1/ask` tells besides the text."""

    status: Status
    confidence: float
    standalone_question: str
    citations: list[CitationOut]
    disagreement: DisagreementOut | None


class ChatCompletion(Grounding):
    """OpenAI's answer object with our extension."""

    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int
    model: str
    choices: list[Choice]
    usage: Usage


class Model(BaseModel):
    """A model as OpenAI lists them."""

    id: str
    object: Literal["model"] = "model"
    created: int
    owned_by: str


class ModelList(BaseModel):
    """OpenAI's list of models: this service is one."""

    object: Literal["list"] = "list"
    data: list[Model]


class OpenAIErrorBody(BaseModel):
    """What went wrong and what to do."""

    message: str
    type: str
    param: str | None
    code: str | None


class OpenAIError(BaseModel):
    """OpenAI's error object."""

    error: OpenAIErrorBody


def errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The error responses of a route, for its description; those of every route are added."""
    return {status: {"model": OpenAIError} for status in sorted({*statuses, 401, 403, 429})}
