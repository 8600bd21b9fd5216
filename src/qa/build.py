"""Puts the parts together; the only file that names concrete classes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from threadpoolctl import threadpool_limits

from qa.index import Index
from qa.ingest import ingest
from qa.interfaces import Embedder, Generator
from qa.models import OnnxEmbedder, TorchEmbedder
from qa.pipeline import QA
from qa.reading import Report
from qa.settings import Settings, model_source
from qa.writing import OnProgress

_TORCH_PAYS_FROM = 400
"""Passages from which loading torch (about 7 s) is won back by its higher speed (75 against 35 a second)."""


def build_embedder() -> Embedder:
    """The encoder of questions. Raises `ModelError`."""
    return OnnxEmbedder()


def build_generator(settings: Settings) -> Generator | None:
    """The language model that the settings name, or None, with nothing loaded, where they name none.

    Raises `SettingsError` where they contradict each other, `ModelError` where its file can't be used.
    """
    source = model_source(settings)
    if source == "none":
        return None
    if source == "server":
        from qa.generator import ChatGenerator

        return ChatGenerator(
            base_url=settings.llm_base_url,
            model=settings.llm_model,
            api_key=settings.llm_api_key,
            timeout=settings.llm_timeout,
        )
    from qa.local_llm import LocalGenerator
    from qa.packaged import NAME, packaged_model

    if source == "packaged":
        return LocalGenerator(packaged_model(), name=NAME, timeout=settings.llm_timeout)
    path = Path(settings.llm_model_path).expanduser()
    return LocalGenerator(path, name=path.stem, timeout=settings.llm_timeout)


def build_qa(settings: Settings) -> QA:
    """What answers questions from the index of these settings.

    Raises an `IndexError_` or a `ModelError`, each with what to do next.
    """
    # Ranking multiplies small matrices: a second BLAS thread costs more than it brings, and far more
    # when several questions are asked at once.
    threadpool_limits(limits=1, user_api="blas")
    embedder = build_embedder()
    embedder.encode([""])  # has the model loaded now, not by the first question
    return QA(Index.open(settings.index, embedder), embedder, build_generator(settings))


@contextmanager
def open_to_write(settings: Settings) -> Iterator[tuple[Index, Embedder]]:
    """The index of these settings, to change, made where there is none; see `Index.write`."""
    embedder = build_embedder()
    with Index.write(settings.index, embedder) as index:
        yield index, embedder


def run_ingest(settings: Settings, paths: Sequence[Path], progress: OnProgress = lambda done: None) -> Report:
    """Bring the index up to date with the files at `paths`; see `ingest`."""
    reader = build_embedder()

    def embedder_for(passages: int) -> Embedder:
        return TorchEmbedder() if passages >= _TORCH_PAYS_FROM else reader

    return ingest(
        paths,
        corpus=settings.corpus,
        index_folder=settings.index,
        reader=reader,
        embedder_for=embedder_for,
        progress=progress,
    )
