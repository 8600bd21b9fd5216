"""The rules of ARCHITECTURE.md, checked against the code."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import ROOT

PACKAGES = {"qa": ROOT / "src/qa", "qa_api": ROOT / "api/qa_api", "qa_eval": ROOT / "eval/qa_eval"}
FILES = [(package, path) for package, folder in PACKAGES.items() for path in sorted(folder.rglob("*.py"))]

SQLITE = ("database", "store", "fulltext", "catalog", "stored_vectors", "audit", "salvage")

ONLY_IN = {
    "chromadb": {"qa/storage/vectors.py", "qa/storage/chroma.py"},
    "langchain_chroma": {"qa_eval/bench_peers.py"},
    "torch": {"qa/models.py"},
    "transformers": {"qa/models.py"},
    "sentence_transformers": {"qa/models.py"},
    "onnxruntime": {"qa/models.py"},
    "langchain_text_splitters": {"qa/documents/split.py"},
    "sqlite3": {f"qa/{one}.py" for one in SQLITE},
    "openai": {"qa/speaking/generator.py"},
    "langchain_openai": {"qa/speaking/generator.py"},
    "httpx2": {"qa/speaking/generator.py"},
    "xllamacpp": {"qa/speaking/local_llm.py"},
    "ray": {"qa/sync/ray_ingest.py"},
    "pyarrow": {"qa/sync/ray_ingest.py"},
    "pypdfium2": {"qa/documents/formats/pdf.py", "qa/documents/formats/pdf_lines.py"},
    "docx": {"qa/documents/formats/docx.py"},
    "lxml": {
        "qa/documents/formats/html.py",
        "qa/documents/formats/html_metadata.py",
        "qa/documents/formats/docx.py",
    },
    "watchfiles": {"qa/sync/watch.py"},
    "langchain_huggingface": {"qa_eval/bench_peers.py"},
    "txtai": {"qa_eval/bench_peers.py"},
    "fastapi": {"qa_api"},
}
LEAVES = ("types", "errors", "text", "prompts")


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def name(package: str, path: Path) -> str:
    return f"{package}/{path.relative_to(PACKAGES[package]).as_posix()}"


@pytest.mark.parametrize(("package", "path"), FILES, ids=[name(*one) for one in FILES])
def test_imports_keep_to_the_rules(package: str, path: Path) -> None:
    here = name(package, path)
    for module in imports(path):
        root = module.split(".")[0]
        if package == "qa":
            assert root not in {"qa_api", "qa_eval"}, f"{here} imports {module}"
            if path.stem in LEAVES:
                assert root != "qa", f"{here} is a leaf and imports {module}"
        if package == "qa_api":
            assert root != "qa_eval", f"{here} imports {module}"
        allowed = ONLY_IN.get(root)
        assert allowed is None or here in allowed or package in allowed, f"{here} imports {module}"


@pytest.mark.parametrize(("package", "path"), FILES, ids=[name(*one) for one in FILES])
def test_files_are_short(package: str, path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 300


def test_only_settings_reads_the_environment() -> None:
    reading = re.compile(r"\bos\.environ\b|\bgetenv\b")
    assert {name(*one) for one in FILES if reading.search(one[1].read_text())} == {"qa/settings.py"}


def test_only_build_names_concrete_models() -> None:
    concrete = ("OnnxEmbedder", "TorchEmbedder", "ChatGenerator", "LocalGenerator")
    naming = {name(*one) for one in FILES if any(kind in one[1].read_text() for kind in concrete)}
    assert naming == {"qa/models.py", "qa/speaking/generator.py", "qa/speaking/local_llm.py", "qa/build.py"}


@pytest.mark.parametrize(
    "code", ["import qa", "import runpy, sys; sys.argv = ['qa', '--help']; from qa.cli import main"]
)
def test_importing_loads_nothing_heavy(code: str) -> None:
    run = "\ntry:\n    main()\nexcept SystemExit:\n    pass" if "main" in code else ""
    heavy = "{'torch', 'chromadb', 'onnxruntime', 'fastapi', 'openai', 'xllamacpp', 'ray'}"
    check = f"\nimport sys; print(sorted({heavy} & set(sys.modules)), file=sys.stderr)"
    result = subprocess.run(
        [sys.executable, "-c", code + run + check], capture_output=True, text=True, check=True, timeout=60
    )
    assert result.stderr.strip() == "[]"
