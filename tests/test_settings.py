from __future__ import annotations

from pathlib import Path

import pytest

from qa.errors import SettingsError
from qa.settings import Settings, load_settings


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
