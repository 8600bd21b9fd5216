"""Puts the parts together; the only file that names concrete classes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

from threadpoolctl import threadpool_limits

from qa.doctor.doctor import Check, Diagnosis, examine
from qa.doctor.doctor import Progress as CheckProgress
from qa.doctor.repair import repair
from qa.doctor.vector_check import check_vectors_apart
from qa.interfaces import Embedder, Generator
from qa.models import OnnxEmbedder, TorchEmbedder, verify_files
from qa.pipeline import QA
from qa.settings import Settings, model_source
from qa.storage.index import Index
from qa.support.entailment import EntailmentModel
from qa.support.support import Entails
from qa.sync.ingest import Cluster, ingest
from qa.sync.reading import Report
from qa.sync.writing import EmbedderFor, OnProgress

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
        from qa.speaking.generator import ChatGenerator

        return ChatGenerator(
            base_url=settings.llm_base_url,
            model=settings.llm_model,
            api_key=settings.llm_api_key,
            timeout=settings.llm_timeout,
        )
    from qa.speaking.local_llm import LocalGenerator
    from qa.speaking.packaged import NAME, packaged_model

    if source == "packaged":
        return LocalGenerator(packaged_model(), name=NAME, timeout=settings.llm_timeout)
    path = Path(settings.llm_model_path).expanduser()
    return LocalGenerator(path, name=path.stem, timeout=settings.llm_timeout)


def build_entailment(settings: Settings) -> Entails | None:
    """The model of entailment that the settings name, or None. Raises `ModelError`."""
    return EntailmentModel(settings.nli_model).entails if settings.nli_model else None


def build_qa(settings: Settings) -> QA:
    """What answers questions from the index of these settings.

    Raises an `IndexError_` or a `ModelError`, each with what to do next.
    """
    # Ranking multiplies small matrices: a second BLAS thread costs more than it brings, and far more
    # when several questions are asked at once.
    threadpool_limits(limits=1, user_api="blas")
    embedder = build_embedder()
    embedder.encode([""])  # has the model loaded now, not by the first question
    with ExitStack() as opened:  # what is open by then is closed where a later part can't be used
        index = Index.open(settings.index, embedder, settings.chroma_url)
        opened.callback(index.close)
        generator = build_generator(settings)
        if generator is not None:
            opened.callback(generator.close)
        built = QA(index, embedder, generator, build_entailment(settings))
        opened.pop_all()
    return built


@contextmanager
def open_to_write(settings: Settings) -> Iterator[tuple[Index, Embedder]]:
    """The index of these settings, to change, made where there is none; see `Index.write`."""
    embedder = build_embedder()
    with Index.write(settings.index, embedder, settings.chroma_url) as index:
        yield index, embedder


def run_doctor(settings: Settings, progress: CheckProgress) -> Diagnosis:
    """Look at all of the models' files and of the index of these settings; see `examine`."""
    names = verify_files()
    diagnosis = examine(settings.index, build_embedder(), settings.chroma_url, check_vectors_apart, progress)
    diagnosis.checks.insert(0, Check("models", ok=True, found=f"{', '.join(names)}, as published"))
    return diagnosis


def run_repair(settings: Settings, diagnosis: Diagnosis, progress: CheckProgress) -> list[str]:
    """Mend what `run_doctor` found; see `repair`."""
    reader = build_embedder()
    return repair(diagnosis, settings.index, reader, _embedder_for(reader), settings.chroma_url, progress)


def run_ingest(
    settings: Settings,
    paths: Sequence[Path],
    progress: OnProgress = lambda done: None,
    ray_address: str | None = None,
) -> Report:
    """Bring the index up to date with the files at `paths`, on a Ray cluster if one is named."""
    reader = build_embedder()
    return ingest(
        paths,
        corpus=settings.corpus,
        index_folder=settings.index,
        chroma_url=settings.chroma_url,
        reader=reader,
        embedder_for=_embedder_for(reader),
        progress=progress,
        cluster=None if ray_address is None else _cluster_at(ray_address),
    )


def _cluster_at(address: str) -> Cluster:
    from qa.sync.ray_ingest import on_cluster

    return partial(on_cluster, address=address, reader=OnnxEmbedder, encoder=TorchEmbedder)


def _embedder_for(reader: Embedder) -> EmbedderFor:
    """The encoder that is through a number of passages soonest: `reader` itself, or one slow to load."""
    return lambda passages: TorchEmbedder() if passages >= _TORCH_PAYS_FROM else reader
