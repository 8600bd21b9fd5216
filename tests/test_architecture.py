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

PACKAGED = sorted((ROOT / "src/qa").glob("*/**/*.py"))

DIAGNOSED = ("audit", "column_types", "salvage")
STORED = ("database", "store", "fulltext", "catalog", "stored_vectors")
FORMATS = "qa/documents/formats"

ONLY_IN = {
    "chromadb": {"qa/storage/vectors.py", "qa/storage/chroma.py"},
    "langchain_chroma": {"qa_eval/bench_peers.py"},
    "torch": {"qa/models.py"},
    "transformers": {"qa/models.py", "qa/support/entailment.py"},
    "sentence_transformers": {"qa/models.py", "qa/support/entailment.py"},
    "onnxruntime": {"qa/models.py"},
    "langchain_text_splitters": {"qa/documents/split.py"},
    "sqlite3": {
        *(f"qa/storage/{one}.py" for one in STORED),
        *(f"qa/doctor/{one}.py" for one in DIAGNOSED),
    },
    "openai": {"qa/speaking/generator.py"},
    "langchain_openai": {"qa/speaking/generator.py"},
    "httpx2": {"qa/speaking/generator.py"},
    "xllamacpp": {"qa/speaking/local_llm.py"},
    "ray": {"qa/sync/ray_ingest.py"},
    "pyarrow": {"qa/sync/ray_ingest.py"},
    "pypdfium2": {f"{FORMATS}/pdf.py", f"{FORMATS}/pdf_lines.py"},
    "docx": {f"{FORMATS}/docx.py"},
    "lxml": {f"{FORMATS}/html.py", f"{FORMATS}/html_metadata.py", f"{FORMATS}/docx.py"},
    "watchfiles": {"qa/sync/watch.py"},
    "langchain_huggingface": {"qa_eval/bench_peers.py"},
    "txtai": {"qa_eval/bench_peers.py"},
    "fastapi": {"qa_api"},
}
LEAVES = ("qa/types.py", "qa/errors.py", "qa/language/text.py", "qa/speaking/prompts.py")
COMMON = {"types", "errors", "interfaces", "settings", "timing", "weights", "processors"}
DRAWS_ON: dict[str, set[str]] = {
    "language": set(),
    "documents": {"language"},
    "storage": {"documents"},
    "sync": {"storage"},
    "doctor": {"sync"},
    "finding": {"storage"},
    "answering": {"finding"},
    "support": {"finding"},
    "speaking": {"answering", "support"},
}
"""The packages of qa that each one imports from, and from theirs, besides what is common to all."""


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def name(package: str, path: Path) -> str:
    return f"{package}/{path.relative_to(PACKAGES[package]).as_posix()}"


@pytest.mark.parametrize(("package", "path"), FILES, ids=[name(*one) for one in FILES])
def test_imports_keep_to_the_rules(package: str, path: Path) -> None:
    here = name(package, path)
    for module in imports(path):
        root = module.split(".")[0]
        if package == "qa":
            assert root not in {"qa_api", "qa_eval"}, f"{here} imports {module}"
            if here in LEAVES:
                assert root != "qa", f"{here} is a leaf and imports {module}"
        if package == "qa_api":
            assert root != "qa_eval", f"{here} imports {module}"
        allowed = ONLY_IN.get(root)
        assert allowed is None or here in allowed or package in allowed, f"{here} imports {module}"


def below(package: str) -> set[str]:
    return {package}.union(*(below(one) for one in DRAWS_ON[package]))


@pytest.mark.parametrize("path", PACKAGED, ids=[one.relative_to(ROOT).as_posix() for one in PACKAGED])
def test_packages_draw_on_each_other_one_way(path: Path) -> None:
    package = path.relative_to(ROOT / "src/qa").parts[0]
    allowed = below(package) | COMMON
    for module in imports(path):
        root, _, rest = module.partition(".")
        assert root != "qa" or rest.split(".")[0] in allowed, f"{path} imports {module}"


@pytest.mark.parametrize("package", DRAWS_ON)
def test_a_package_says_what_it_is_and_no_more(package: str) -> None:
    said = ast.parse((ROOT / "src/qa" / package / "__init__.py").read_text())
    assert ast.get_docstring(said)
    assert len(said.body) == 1


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
