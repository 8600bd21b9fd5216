"""OpenAI's chat completions, as far as they mean something here; what else a client sends is passed over."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, Field

from qa.language.text import readable
from qa.types import Status
from qa_api.schemas import MAX_HISTORY, CitationOut, DisagreementOut, Lenient, Whole

MODEL = "grounded-qa"


Text = Annotated[str, AfterValidator(readable)]


class TextPart(Lenient):
    """A part of a message; parts that are no text are passed over."""

    type: str
    text: Text = ""


class Message(Lenient):
    """A turn of the conversation. Instructions (system, developer) change nothing: what is said is quoted."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: Text | list[TextPart] | None = None

    @property
    def text(self) -> str:
        """The text parts together."""
        if isinstance(self.content, str):
            return self.content
        return "\n".join(part.text for part in self.content or () if part.type == "text")


class StreamOptions(Lenient):
    """What a stream says besides the answer."""

    include_usage: bool | None = None


class ChatRequest(Lenient):
    """A conversation whose last user message is the question."""

    messages: Annotated[list[Message], Field(min_length=1, max_length=MAX_HISTORY)] = Field(
        examples=[[{"role": "user", "content": "How much did China invest in Belarus?"}]],
        json_schema_extra={"contains": {"properties": {"role": {"const": "user"}}, "required": ["role"]}},
    )
    model: Text = Field(default=MODEL, examples=[MODEL])
    stream: bool | None = False
    stream_options: StreamOptions | None = None
    n: Annotated[Whole, Field(ge=1, le=1)] | None = 1


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


class Delta(BaseModel):
    """What a chunk adds to the message."""

    role: Literal["assistant"] | None = None
    content: str | None = None
    annotations: list[Annotation] | None = None


class ChunkChoice(BaseModel):
    """What a chunk adds to the one answer; the last has a `finish_reason`."""

    index: int = 0
    delta: Delta
    logprobs: None = None
    finish_reason: Literal["stop"] | None = None


class ChatCompletionChunk(BaseModel):
    """A piece of a streamed answer; the last with a choice has our extension, the one after it the usage."""

    id: str
    object: Literal["chat.completion.chunk"] = "chat.completion.chunk"
    created: int
    model: str
    choices: list[ChunkChoice]
    usage: Usage | None = None
    status: Status | None = None
    confidence: float | None = None
    standalone_question: str | None = None
    citations: list[CitationOut] | None = None
    disagreement: DisagreementOut | None = None


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
    param: str | None = None
    code: str | None = None


class OpenAIError(BaseModel):
    """OpenAI's error object."""

    error: OpenAIErrorBody
