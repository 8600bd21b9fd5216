"""What the benchmark measures of its peers, each used as its own tutorial does.

Runs in an environment of their own, since their packages don't go together with ours, and so imports
nothing of this project: `PYTHON bench_peers.py TASK` with a JSON object on standard input writes one to
standard output. The encoder is the same, read from the same files.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

_WARM = 10
_MIB = 2**20

Search = Callable[[str], str]
"""Gives the id of the text that is found first."""


def langchain_ingest(job: dict[str, Any]) -> dict[str, Any]:
    """Texts into Chroma by LangChain."""
    from langchain_chroma import Chroma
    from langchain_core.documents import Document
    from langchain_huggingface import HuggingFaceEmbeddings

    start = time.perf_counter()
    embeddings = HuggingFaceEmbeddings(model_name=job["model"])
    documents = [Document(page_content=row["text"], metadata={"id": row["id"]}) for row in _rows(job)]
    Chroma.from_documents(documents, embeddings, persist_directory=job["index"])
    return _ingested(start, job)


def langchain_search(job: dict[str, Any]) -> dict[str, Any]:
    """`similarity_search` over the same."""
    from langchain_chroma import Chroma
    from langchain_huggingface import HuggingFaceEmbeddings

    store = Chroma(
        persist_directory=job["index"],
        embedding_function=HuggingFaceEmbeddings(model_name=job["model"]),
    )
    return _searched(job, lambda question: str(store.similarity_search(question, k=10)[0].metadata["id"]))


def txtai_ingest(job: dict[str, Any]) -> dict[str, Any]:
    """Texts into txtai's hybrid index, with their contents."""
    from txtai import Embeddings

    start = time.perf_counter()
    embeddings = Embeddings(path=job["model"], hybrid=True, content=True)
    embeddings.index((row["id"], row["text"], None) for row in _rows(job))
    embeddings.save(job["index"])
    return _ingested(start, job)


def txtai_search(job: dict[str, Any]) -> dict[str, Any]:
    """`search` over the same."""
    from txtai import Embeddings

    embeddings = Embeddings()
    embeddings.load(job["index"])
    return _searched(job, lambda question: str(embeddings.search(question, 10)[0]["id"]))


def installed(job: dict[str, Any]) -> dict[str, Any]:
    """Size in MiB of some packages and of all they need; extras are left out, and packages of weights."""
    from packaging.requirements import Requirement

    waiting: list[str] = list(job["packages"])
    size = 0.0
    seen: set[str] = set(job["without"])
    while waiting:
        name = waiting.pop().lower().replace("_", "-")
        if name in seen:
            continue
        seen.add(name)
        try:
            found = distribution(name)
        except PackageNotFoundError:
            continue  # needed on other systems only
        paths = [Path(str(file.locate())) for file in found.files or ()]
        size += sum(path.stat().st_size for path in paths if path.is_file()) / _MIB
        for text in found.requires or ():
            requirement = Requirement(text)
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                waiting.append(requirement.name)
    return {"mib": size}


def _rows(job: dict[str, Any]) -> list[dict[str, str]]:
    return [json.loads(line) for line in Path(job["rows"]).read_text("utf-8").splitlines()]


def _ingested(start: float, job: dict[str, Any]) -> dict[str, Any]:
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    files = (path for path in Path(job["index"]).rglob("*") if path.is_file())
    return {
        "seconds": seconds,
        "peak_mib": peak / (1024 if sys.platform == "linux" else _MIB),
        "disk_mib": sum(path.stat().st_size for path in files) / _MIB,
    }


def _searched(job: dict[str, Any], search: Search) -> dict[str, Any]:
    for one in job["questions"][:_WARM]:
        search(one["question"])
    ms, first = [], []
    for one in job["questions"]:
        begun = time.perf_counter()
        first.append(search(one["question"]))
        ms.append((time.perf_counter() - begun) * 1000)
    return {"ms": ms, "first": first}


TASKS = {
    "langchain_ingest": langchain_ingest,
    "langchain_search": langchain_search,
    "txtai_ingest": txtai_ingest,
    "txtai_search": txtai_search,
    "installed": installed,
}

if __name__ == "__main__":
    out = sys.stdout
    sys.stdout = sys.stderr  # what the libraries print is no part of the result
    out.write(json.dumps(TASKS[sys.argv[1]](json.load(sys.stdin))))
