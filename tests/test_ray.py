"""Ingests on a Ray cluster of two nodes on this machine; what they make is compared with a plain ingest."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import files
from conftest import ROOT
from fakes import FakeEmbedder
from indexing import INDEX, OtherEmbedder, examined, run
from qa.build import run_doctor, run_ingest
from qa.documents.sources import Source
from qa.errors import ClusterError, ModelError
from qa.interfaces import Encoding
from qa.models import SAME_SPACE, OnnxEmbedder
from qa.settings import Settings
from qa.storage.index import Index
from qa.storage.packing import pack, pack_vector
from qa.sync.ingest import ingest
from qa.sync.noting import Noting
from qa.sync.ray_ingest import _meaning, on_cluster
from qa.sync.reading import Report

pytestmark = [
    pytest.mark.skipif(
        importlib.util.find_spec("ray") is None, reason="Ray is not installed: pip install '.[ray]'"
    ),
    pytest.mark.filterwarnings("default"),  # Ray warns of its own future
]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    environment = {
        "RAY_AUTH_MODE": "disabled",
        "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # loopback alone
        "RAY_USAGE_STATS_ENABLED": "0",
        "PYTHONPATH": str(Path(__file__).parent),  # the fakes
    }
    with (
        pytest.MonkeyPatch.context() as patch,
        tempfile.TemporaryDirectory(prefix="ray-", ignore_cleanup_errors=True) as folder,
    ):
        for name, value in (environment | {"RAY_TMPDIR": folder}).items():
            patch.setenv(name, value)
        from ray.cluster_utils import Cluster

        node = {"num_cpus": 1, "object_store_memory": 100_000_000, "include_dashboard": False}
        cluster = Cluster(initialize_head=True, head_node_args=node)
        cluster.add_node(num_cpus=1, object_store_memory=100_000_000)
        yield cluster.address
        cluster.shutdown()


def run_on(address: str, corpus: Path, reader: Any = FakeEmbedder, encoder: Any = None) -> Report:
    make = encoder or (lambda threads: reader())
    return ingest(
        (corpus,),
        corpus=corpus,
        index_folder=corpus.parent / INDEX,
        reader=reader(),
        embedder_for=lambda passages: reader(),
        cluster=partial(on_cluster, address=address, reader=reader, encoder=make),
    )


def lines(*texts: str) -> str:
    return "".join(json.dumps({"text": text}) + "\n" for text in texts)


def fill(corpus: Path) -> None:
    corpus.mkdir(parents=True)
    (corpus / "cats.txt").write_text("Cats purr at night. They sleep by day.")
    (corpus / "dogs.txt").write_text("Dogs bark at strangers. They fetch sticks.")
    (corpus / "report.pdf").write_bytes(files.pdf(["Bridges of the north", "The bridge was opened in 1994."]))
    (corpus / "many.jsonl").write_text(lines(*(f"Ship {number} left the harbour." for number in range(600))))
    (corpus / "long.txt").write_text(
        " ".join(f"The mill {number} stands by the river." for number in range(9000))
    )
    (corpus / "cut.pdf").write_bytes(b"%PDF-1.7 cut")
    (corpus / "film.mp4").write_bytes(b"moving")
    twice = ({"id": "one", "text": text} for text in ("The first of a name.", "The second of it."))
    (corpus / "twice.jsonl").write_text("".join(json.dumps(row) + "\n" for row in twice))
    (corpus / os.fsdecode(b"no\xff.txt")).write_text("Of a name that is not UTF-8.")
    (corpus / "copy").mkdir()
    (corpus / "copy" / "empty.md").write_text("")


def change(corpus: Path) -> None:
    (corpus / "cats.txt").write_text("Cats meow at noon.")
    (corpus / "dogs.txt").unlink()
    (corpus / "report.pdf").write_bytes(b"%PDF-1.7 cut")
    (corpus / "birds.txt").write_text("Birds sing at dawn.")
    ships = (corpus / "many.jsonl").read_text().splitlines(keepends=True)
    (corpus / "many.jsonl").write_text("".join(ships[:-1]) + "{}\n" + lines("Ship 601 sank."))


def held(corpus: Path) -> dict[str, object]:
    with Index.open(corpus.parent / INDEX, FakeEmbedder()) as index:
        ids, vectors = index.vectors()
        found, tokens = index.passages(ids), index.tokens(ids)
        passages = {
            one: (found[one], pack(tokens[one]), pack_vector(vector))
            for one, vector in zip(ids, vectors, strict=True)
        }
        return passages | {one: (index.document(one), known) for one, known in index.known().items()}


def test_what_a_cluster_makes_is_what_a_plain_ingest_makes(address: str, tmp_path: Path) -> None:
    here, there = tmp_path / "here" / "corpus", tmp_path / "there" / "corpus"
    for step in (fill, change):
        step(here)
        step(there)
        plain, report = run(here), run_on(address, there)
        for name in ("added", "changed", "removed", "unchanged"):
            assert getattr(report, name) == getattr(plain, name), name
        reasons = [one.reason.replace(str(there), str(here)) for one in report.failed]
        assert reasons == [one.reason for one in plain.failed]
        assert held(there) == held(here)
        assert examined(there.parent / INDEX).healthy


def test_lines_that_are_in_already_are_not_encoded_again(address: str, corpus: Path) -> None:
    class Once(FakeEmbedder):
        def encode(self, texts: Sequence[str]) -> list[Encoding]:
            assert not any("first" in text for text in texts)
            return super().encode(texts)

    path = corpus / "many.jsonl"
    path.write_text(lines("The first line."))
    run(corpus)
    path.write_text(lines("The first line.", "The second line."))
    report = run_on(address, corpus, encoder=lambda threads: Once())
    assert report.added == ["many/2"]
    assert sorted(report.unchanged) == ["cats", "dogs", "many/1"]


def test_what_another_encoder_made_is_made_again(address: str, corpus: Path) -> None:
    run(corpus)
    (corpus / "dogs.txt").write_bytes(b"\x81\x8d\x8f")
    report = run_on(address, corpus, reader=OtherEmbedder)
    assert sorted(report.changed) == ["cats", "dogs"]
    assert len(report.failed) == 1


class Dying(FakeEmbedder):
    """Kills its process the first time that it is to encode."""

    def __init__(self, mark: Path) -> None:
        self._mark = mark

    def encode(self, texts: Sequence[str]) -> list[Encoding]:
        if not self._mark.exists():
            self._mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return super().encode(texts)


def test_what_is_lost_with_a_process_is_made_again(address: str, corpus: Path, tmp_path: Path) -> None:
    mark = tmp_path / "killed"
    report = run_on(address, corpus, encoder=lambda threads: Dying(mark))
    assert mark.exists()
    assert sorted(report.added) == ["cats", "dogs"]
    assert examined(corpus.parent / INDEX).healthy


class Failing(FakeEmbedder):
    def __init__(self, error: Exception) -> None:
        self._error = error

    def encode(self, texts: Sequence[str]) -> list[Encoding]:
        raise self._error


def test_an_error_of_ours_comes_back_as_it_is(address: str, corpus: Path) -> None:
    error = ModelError("The model file is missing; run 'make install'.")
    with pytest.raises(ModelError) as raised:
        run_on(address, corpus, encoder=lambda threads: Failing(error))
    assert str(raised.value) == str(error)


def test_any_other_error_of_the_cluster_is_one_sentence() -> None:
    from ray.exceptions import WorkerCrashedError

    said = str(_meaning(WorkerCrashedError()))
    assert said.startswith("The Ray cluster gave up (WorkerCrashedError: ")
    assert said.endswith("what it made is kept: run the command again to go on.")
    assert "\n" not in said


def _never(threads: int) -> FakeEmbedder:
    raise AssertionError


def test_a_folder_that_the_machines_do_not_see_is_named(address: str, corpus: Path, tmp_path: Path) -> None:
    unseen = Source(tmp_path / "elsewhere" / "a.txt", "a", "a.txt", "corpus")
    with Index.write(tmp_path / "index", FakeEmbedder()) as index:
        noting = Noting(index, index.manifest, Report(), Path("corpus"))
        made = on_cluster(iter([unseen]), noting, address=address, reader=FakeEmbedder, encoder=_never)
        with pytest.raises(ClusterError, match=f"folder {unseen.path.parent} is not on "):
            next(made)


def qa(*arguments: str | Path, corpus: Path, index: Path) -> subprocess.CompletedProcess[str]:
    command = [Path(sys.executable).parent / "qa", *arguments]
    environment = os.environ | {"QA_CORPUS": str(corpus), "QA_INDEX": str(index)}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)


def test_the_command_makes_a_cluster_for_itself(settings: Settings, tmp_path: Path) -> None:
    corpus, index, embedder = ROOT / "corpus", tmp_path / "index", OnnxEmbedder()
    done = qa("ingest", "--ray", corpus, corpus=corpus, index=index)
    assert done.returncode == 0, done.stderr
    assert "3 of 3 files, 3 documents, 21 passages" in done.stderr
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert "3 added, 0 changed, 0 removed, 0 unchanged, 0 failed" in done.stdout
    run_ingest(settings, [settings.corpus])
    with Index.open(index, embedder) as there, Index.open(settings.index, embedder) as here:
        ids, vectors = there.vectors()
        expected_ids, expected = here.vectors()
        order, expected_order = np.argsort(ids), np.argsort(expected_ids)
        assert sorted(ids) == sorted(expected_ids)
        assert there.passages(ids) == here.passages(ids)
        made, plain = there.tokens(ids), here.tokens(ids)
        assert all((made[one].spans == plain[one].spans).all() for one in ids)
        # Both may be as far as that from the exact vectors, and in opposite directions.
        assert (vectors[order] * expected[expected_order]).sum(axis=1).min() > 2 * SAME_SPACE**2 - 1
    assert run_doctor(Settings(corpus=corpus, index=index), lambda *_: None).healthy


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--ray", "127.0.0.1:1"], "The Ray cluster at 127.0.0.1:1 can't be used from here"),
        (["--ray=nowhere"], "The Ray cluster at nowhere can't be used from here"),
        (["--ray", "--watch"], "--watch and --ray don't go together"),
    ],
)
def test_what_cannot_be_is_said_in_one_sentence(corpus: Path, arguments: list[str], said: str) -> None:
    done = qa("ingest", *arguments, corpus=corpus, index=corpus.parent / "index")
    assert done.returncode == 2
    assert done.stderr.startswith(f"qa: {said}")
    assert len(done.stderr.splitlines()) == 1


def test_without_ray_the_command_says_what_to_install(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ClusterError, match="--ray needs Ray, which is not installed; run pip install"):
        run_on("local", corpus)
