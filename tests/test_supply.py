"""What is installed and loaded is what was locked, and nothing that can run code as it is loaded."""

from __future__ import annotations

import json
import os
import pickle
import re
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, version
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import files
from conftest import ROOT
from indexing import INDEX, examined, found, opened, repaired, rows, run
from kills import SMALL_GRAPH
from qa import models
from qa.errors import IndexDamaged, ModelError
from qa.storage import vectors

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
LOCKS = {path.name: path.read_text() for path in ROOT.glob("requirements*.lock")}
TORCH, CUDA = "requirements-torch.lock", "requirements-cuda.lock"
ENTRY = re.compile(
    r"^([\w.-]+)(?:\[[\w,]+\])?==([\w.+]+)( ; [^\\\n]+)?((?: *\\\n +--hash=sha256:[0-9a-f]{64})*)$", re.M
)


def entries(lock: str) -> dict[str, tuple[str, int]]:
    """Version and number of hashes of each package of a lock file."""
    found = ENTRY.findall(LOCKS[lock])
    return {canonicalize_name(name): (number, hashes.count("sha256:")) for name, number, _, hashes in found}


@pytest.mark.parametrize("lock", sorted(LOCKS))
def test_every_package_is_pinned_and_hashed(lock: str) -> None:
    lines = [line for line in LOCKS[lock].splitlines() if line and line[0] not in " #"]
    assert len(lines) == len(ENTRY.findall(LOCKS[lock]))
    assert all(hashes for _, hashes in entries(lock).values())


def test_the_locks_hold_what_the_project_asks_for() -> None:
    """Who adds a dependency runs `make lock`."""
    extras = PROJECT["optional-dependencies"]
    asked = {
        "requirements.lock": PROJECT["dependencies"],
        "requirements-test.lock": [*PROJECT["dependencies"], *extras["test"], *extras["eval"]],
    }
    for lock, requirements in asked.items():
        locked = entries(lock) | entries(TORCH)
        for one in map(Requirement, requirements):
            assert canonicalize_name(one.name) in locked, f"{one.name}: run 'make lock'"
            assert one.specifier.contains(locked[canonicalize_name(one.name)][0]), f"{one}: run 'make lock'"
    assert entries(TORCH)["torch"][0] == entries(CUDA)["torch"][0]


def test_what_is_installed_is_what_is_locked() -> None:
    for name, (locked, _) in chain(entries("requirements.lock").items(), entries(TORCH).items()):
        try:
            found = version(name)
        except PackageNotFoundError:
            continue  # of another system
        if name == "setuptools":
            continue  # environments bring one
        assert found.partition("+")[0] == locked, f"{name}: run 'make install'"


def test_make_installs_nothing_that_is_not_locked() -> None:
    makefile = (ROOT / "Makefile").read_text()
    plain = [
        line for line in makefile.splitlines() if "pip install" in line and "--require-hashes" not in line
    ]
    assert all(line.startswith("PIP :=") or "eval/peers.txt" in line for line in plain)
    uses = re.findall(r"^(?:\w+ := |\t@).*\$\(PIP\).*", makefile, re.M)
    assert all(
        "--require-hashes" in one or one == "SELF := $(PIP) --no-deps --no-build-isolation -e ."
        for one in uses
    )


TOOLS = ROOT / ".venv" / "tools" / "bin"


@pytest.mark.skipif(not (TOOLS / "cyclonedx-py").is_file(), reason="'make test' installs what lists packages")
def test_what_is_shipped_is_listed_with_its_hashes(tmp_path: Path) -> None:
    for path in (ROOT / "Makefile", ROOT / "pyproject.toml", *ROOT.glob("requirements*.lock")):
        shutil.copy(path, tmp_path)
    command = ["make", "--old-file=.venv/tools/installed", "sbom", f"TOOLS={TOOLS}"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, timeout=120)
    listed = json.loads((tmp_path / "sbom.json").read_text())
    assert listed["bomFormat"] == "CycloneDX"
    assert listed["metadata"]["component"]["name"] == PROJECT["name"]
    found = set()
    for one in listed["components"]:
        hashes = [each for place in one["externalReferences"] for each in place.get("hashes", ())]
        assert {each["alg"] for each in hashes} == {"SHA-256"}, one["name"]
        found.add((one["name"], one["version"], len(hashes)))
    locked = chain(ENTRY.findall(LOCKS["requirements.lock"]), ENTRY.findall(LOCKS[TORCH]))
    assert found == {(name, number, hashes.count("sha256:")) for name, number, _, hashes in locked}


def test_an_altered_file_of_the_model_is_not_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each file that the form in PyTorch reads, the configuration too: it says which code runs."""
    published = models.torch_folder()
    for altered in ("config.json", "model.safetensors", "tokenizer.json"):
        folder = tmp_path / altered
        folder.mkdir()
        for one in ("config.json", "model.safetensors", "tokenizer.json"):
            (folder / one).symlink_to(published / one)
        (folder / altered).unlink()
        (folder / altered).write_bytes((published / altered).read_bytes()[:-1] + b" ")
        monkeypatch.setattr(models, "torch_folder", lambda folder=folder: folder)
        with pytest.raises(ModelError, match=altered):
            models.TorchEmbedder()


def test_an_altered_file_of_the_form_that_reads_questions_is_not_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One bit of the weights, and one character of the tokenizer."""
    real = models._package_folder(models._ONNX_PACKAGE) / "model.onnx"
    altered = bytearray(real.read_bytes())
    altered[len(altered) // 2] ^= 1
    (tmp_path / "model.onnx").write_bytes(altered)
    published = models.torch_folder()
    tokenizer = (published / "tokenizer.json").read_bytes()
    (tmp_path / "tokenizer.json").write_bytes(tokenizer[:-1] + b" ")
    with monkeypatch.context() as patch:
        patch.setattr(models, "_package_folder", lambda package: tmp_path)
        patch.setattr(models, "torch_folder", lambda: published)
        with pytest.raises(ModelError, match=r"model\.onnx"):
            models.OnnxEmbedder()
    monkeypatch.setattr(models, "torch_folder", lambda: tmp_path)
    with pytest.raises(ModelError, match=r"tokenizer\.json"):
        models.OnnxEmbedder()


@pytest.mark.parametrize("control", ["", "pickle", "socket"])
def test_nothing_is_unpickled_and_nobody_is_asked(tmp_path: Path, model_file: Path, control: str) -> None:
    """In Python, as models are loaded, and an index of which Chroma has saved the graph; nothing is fetched
    that documents link to. The controls are noticed."""
    (tmp_path / "corpus").mkdir()
    links = "![a](http://192.0.2.1/a) <http://192.0.2.1/b> [c](file:///etc/passwd)"
    (tmp_path / "corpus" / "lamp.md").write_text(f"The lighthouse of Ulm was built in 1911.\n\n{links}")
    page = '<img src="http://192.0.2.1/d"><link rel=stylesheet href="//192.0.2.1/e"><p>The tower is high.</p>'
    (tmp_path / "corpus" / "tower.html").write_text(page)
    (tmp_path / "corpus" / "mill.docx").write_bytes(
        files.word("The mill is old.", title="http://192.0.2.1/f")
    )
    (tmp_path / "corpus" / "inn.pdf").write_bytes(files.pdf(["The inn is full.", "http://192.0.2.1/g"]))
    script = [str(Path(__file__).with_name("sealed.py")), str(tmp_path / "corpus"), str(tmp_path / "index")]
    more = ["--control", control] if control else []
    done = subprocess.run(
        [sys.executable, *script, str(model_file), *more],
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, "HF_HUB_OFFLINE": "1"},
    )
    assert done.returncode == (1 if control else 0), done.stderr
    assert ("AssertionError" in done.stderr) == bool(control)


class Harmful:
    """Makes a folder as it is unpickled."""

    def __init__(self, made: Path) -> None:
        self.made = made

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.made),)


@pytest.mark.parametrize("whole", [True, False])
def test_code_in_chroma_s_pickle_does_not_run_and_its_damage_is_told_and_mended(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, whole: bool
) -> None:
    """Of a graph that is saved Chroma keeps a file in pickle's format; its code in Rust reads it as data."""
    monkeypatch.setattr(vectors, "HNSW", SMALL_GRAPH)
    rows(corpus, *(f"bird{n} sings in tree {n}." for n in range(40)))
    run(corpus)
    (saved,) = (tmp_path / INDEX / "chroma").rglob("*.pickle")
    made = tmp_path / "made"
    fields = pickle.loads(saved.read_bytes())
    assert len(fields["id_to_label"]) >= 40
    content = pickle.dumps(Harmful(made) if whole else {**fields, "dimensionality": Harmful(made)})
    pickle.loads(content)
    made.rmdir()  # it does harm where it is unpickled

    saved.write_bytes(content)
    with pytest.raises(IndexDamaged, match="qa doctor --repair"):  # so it is read
        opened(corpus)
    assert not examined(tmp_path / INDEX).healthy
    assert repaired(tmp_path / INDEX)
    index = opened(corpus)
    assert found(index, "bird7 sings in tree 7.")[0] == "birds/bird7"
    index.close()
    assert not made.exists()
