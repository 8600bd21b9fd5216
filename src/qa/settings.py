"""Settings: `QA_*` environment variables, a `.env` file and a `qa.toml`, in that order of precedence."""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from dotenv import dotenv_values
from pydantic import AfterValidator, Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from qa.errors import SettingsError

PREFIX = "QA_"
ENV_FILE = Path(".env")
TOML_FILE = Path("qa.toml")
PACKAGED = "local"
"""The value of `QA_LLM_MODEL` that stands for the packaged language model."""

ModelSource = Literal["none", "server", "file", "packaged"]


def _checked_address(address: str) -> str:
    parts = urlsplit(address)  # raises ValueError where a port is no number
    plain = parts.hostname and not parts.username and parts.path in {"", "/"} and not parts.query
    if address and not (parts.scheme in {"http", "https"} and plain and parts.port != 0):
        raise ValueError("it must be like http://host:8000, without path and password")
    return address


class Settings(BaseSettings):
    """Where the documents and the index are, and how the service listens.

    Raises `ValidationError` on a value of the wrong type; `load_settings` turns that, and unknown
    names, into a `SettingsError` that says what to do.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_file=ENV_FILE,
        toml_file=TOML_FILE,
        extra="ignore",
        frozen=True,
        env_ignore_empty=True,
    )

    corpus: Path = Field(default=Path("corpus"), description="folder of the documents answered from")
    index: Path = Field(default=Path("index"), description="folder of the generated index")
    chroma_url: Annotated[str, AfterValidator(_checked_address)] = Field(
        default="", description="address of the Chroma server that holds the vectors, as http://host:8000"
    )
    host: str = Field(default="127.0.0.1", description="address the service listens on")
    port: int = Field(default=8000, ge=1, le=65535, description="port the service listens on")
    api_keys: str = Field(default="", description="keys the service takes, as 'qa key' prints them")
    api_key: str = Field(default="", description="key that 'qa ask --url' sends")
    rate_limit: str = Field(default="6000/minute", description="requests of one key or address")
    max_requests: int = Field(default=32, ge=1, description="requests in work and waiting at once")
    upload_max_bytes: int = Field(default=5_000_000, ge=1, description="size of one uploaded file")
    upload_max_files: int = Field(default=20, ge=1, description="files of one upload")
    feedback: Path = Field(
        default=Path("eval/gold/feedback.jsonl"), description="file that verdicts on answers are added to"
    )
    llm_base_url: str = Field(default="", description="OpenAI-compatible server of the language model")
    llm_model: str = Field(default="", description="its name there, or 'local' for the packaged model")
    llm_api_key: str = Field(default="", description="key that the language model's server takes")
    llm_model_path: str = Field(default="", description="GGUF file to run in this process instead")
    llm_timeout: float = Field(
        default=30, gt=0, le=86_400, description="longest silence of the model, in seconds"
    )
    nli_model: str = Field(
        default="", description="folder or hub name of a cross-encoder that judges entailment"
    )
    log_questions: bool = Field(default=False, description="write questions into the log")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments win over the environment, that over `.env`, that over `qa.toml`."""
        return init_settings, env_settings, dotenv_settings, TomlConfigSettingsSource(settings_cls)


def load_settings() -> Settings:
    """The settings of this process.

    Raises `SettingsError` on an unknown name, a malformed file or an unusable value.
    """
    _refuse_unknown_names()
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = PREFIX + str(first["loc"][0]).upper()
        raise SettingsError(f"{name}={first['input']!r} is not usable: {first['msg']}.") from error


def set_environment(variables: Mapping[str, str]) -> None:
    """Tell a library, and the processes that it starts, what they take from the environment alone."""
    os.environ.update(variables)


def model_source(settings: Settings) -> ModelSource:
    """Where the language model comes from; "none" is the extractive mode.

    Raises `SettingsError` where the settings leave it open.
    """
    url, model, path = settings.llm_base_url, settings.llm_model, settings.llm_model_path
    if path and (url or model):
        other = "QA_LLM_BASE_URL" if url else "QA_LLM_MODEL"
        raise SettingsError(f"QA_LLM_MODEL_PATH and {other} name two language models; set one of them.")
    if url and not model:
        raise SettingsError("QA_LLM_BASE_URL needs QA_LLM_MODEL, the name of the model on that server.")
    if url and (urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname):
        raise SettingsError("QA_LLM_BASE_URL is no address; write it like http://127.0.0.1:8080/v1.")
    if settings.llm_api_key and not url:
        raise SettingsError("QA_LLM_API_KEY is for a server; set QA_LLM_BASE_URL too.")
    if url:
        return "server"
    if path:
        return "file"
    if model and model != PACKAGED:
        raise SettingsError(
            f"QA_LLM_MODEL={model} needs QA_LLM_BASE_URL, its server; '{PACKAGED}' is the packaged model."
        )
    return "packaged" if model else "none"


def _refuse_unknown_names() -> None:
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    for name in _given_names():
        if name not in known:
            nearest = difflib.get_close_matches(name, known, n=1, cutoff=0.0)[0]
            raise SettingsError(f"There is no setting {name}; did you mean {nearest}?")


def _given_names() -> Iterable[str]:
    yield from (name.upper() for name in os.environ if name.upper().startswith(PREFIX))
    if ENV_FILE.is_file():
        try:
            given = dotenv_values(ENV_FILE)
        except UnicodeDecodeError as error:
            raise SettingsError(f"{ENV_FILE} is not UTF-8 text; convert it.") from error
        yield from (name.upper() for name in given if name.upper().startswith(PREFIX))
    if TOML_FILE.is_file():
        try:
            with TOML_FILE.open("rb") as file:
                yield from (PREFIX + name.upper() for name in tomllib.load(file))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise SettingsError(f"{TOML_FILE} is not valid TOML: {error}. Correct or remove it.") from error
