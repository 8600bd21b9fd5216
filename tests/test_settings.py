from __future__ import annotations

from pathlib import Path

import pytest

from qa.errors import SettingsError
from qa.settings import Settings, load_settings, model_source


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_defaults() -> None:
    settings = load_settings()
    assert (settings.corpus, settings.index) == (Path("corpus"), Path("index"))
    assert (settings.host, settings.port) == ("127.0.0.1", 8000)


def test_environment_wins_over_env_file_and_that_over_toml(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("qa.toml").write_text('port = 1\ncorpus = "toml"\nhost = "toml"')
    Path(".env").write_text("QA_PORT=2\nQA_CORPUS=dotenv\nOTHER=1")
    monkeypatch.setenv("QA_PORT", "3")
    settings = load_settings()
    assert (settings.port, settings.corpus, settings.host) == (3, Path("dotenv"), "toml")
    assert Settings(port=4).port == 4


@pytest.mark.parametrize("place", ["environment", ".env", "qa.toml"])
def test_an_unknown_name_is_refused_with_the_nearest_known(
    place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if place == "environment":
        monkeypatch.setenv("QA_INDX", "x")
    else:
        Path(place).write_text('indx = "x"' if place == "qa.toml" else "QA_INDX=x")
    with pytest.raises(SettingsError, match="no setting QA_INDX; did you mean QA_INDEX"):
        load_settings()


def test_an_unusable_value_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QA_PORT", "eighty")
    with pytest.raises(SettingsError, match="QA_PORT='eighty' is not usable"):
        load_settings()


def test_a_malformed_file_is_named() -> None:
    Path("qa.toml").write_text("port = = 1")
    with pytest.raises(SettingsError, match=r"qa\.toml is not valid TOML"):
        load_settings()


@pytest.mark.parametrize(
    ("given", "source"),
    [
        ({}, "none"),
        ({"llm_timeout": 5}, "none"),
        ({"llm_model": "local"}, "packaged"),
        ({"llm_model_path": "model.gguf"}, "file"),
        ({"llm_base_url": "http://127.0.0.1:8080/v1", "llm_model": "any"}, "server"),
        ({"llm_base_url": "https://llm.example/v1", "llm_model": "local", "llm_api_key": "k"}, "server"),
    ],
)
def test_the_settings_say_where_the_language_model_is(given: dict[str, str], source: str) -> None:
    assert model_source(Settings.model_validate(given)) == source


@pytest.mark.parametrize(
    ("given", "advice"),
    [
        ({"llm_base_url": "http://127.0.0.1:8080/v1"}, "needs QA_LLM_MODEL"),
        ({"llm_base_url": "127.0.0.1:8080", "llm_model": "any"}, "write it like"),
        ({"llm_base_url": "http://", "llm_model": "any"}, "write it like"),
        ({"llm_model": "qwen"}, "QA_LLM_MODEL=qwen needs QA_LLM_BASE_URL"),
        ({"llm_model_path": "m.gguf", "llm_model": "local"}, "QA_LLM_MODEL_PATH and QA_LLM_MODEL name two"),
        (
            {"llm_model_path": "m.gguf", "llm_base_url": "http://h/v1"},
            "QA_LLM_MODEL_PATH and QA_LLM_BASE_URL",
        ),
        ({"llm_api_key": "k"}, "set QA_LLM_BASE_URL too"),
        ({"llm_api_key": "k", "llm_model_path": "m.gguf"}, "set QA_LLM_BASE_URL too"),
    ],
)
def test_settings_that_leave_the_model_open_are_refused(given: dict[str, str], advice: str) -> None:
    with pytest.raises(SettingsError, match=advice):
        model_source(Settings.model_validate(given))


@pytest.mark.parametrize("seconds", ["0", "-1", "inf", "nan", "soon"])
def test_a_time_limit_is_a_time(seconds: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QA_LLM_TIMEOUT", seconds)
    with pytest.raises(SettingsError, match="QA_LLM_TIMEOUT"):
        load_settings()


@pytest.mark.parametrize(
    "address", ["localhost:8000", "ftp://a", "http://", "http://a:port", "http://u:p@a", "http://a/path"]
)
def test_what_is_no_address_of_a_server_is_refused(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QA_CHROMA_URL", address)
    with pytest.raises(SettingsError, match="QA_CHROMA_URL"):
        load_settings()
    monkeypatch.setenv("QA_CHROMA_URL", "https://chroma.example:8443")
    assert load_settings().chroma_url == "https://chroma.example:8443"
