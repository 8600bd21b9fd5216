"""Ingests and asks, with each kind of model, in a process that may neither unpickle nor leave this machine.

`python sealed.py CORPUS INDEX GGUF`; with `--control pickle` or `--control socket` it tries.
"""

from __future__ import annotations

import _pickle
import argparse
import pickle
import socket
import sys
from pathlib import Path
from typing import Any

PICKLES = (".pkl", ".pickle", ".pt", ".pth", ".ckpt", ".joblib", ".npy", ".npz", "pytorch_model.bin")


def seal() -> None:
    """Who unpickles in Python, or opens a file of that kind, asks for or connects to a host, gets an error.

    Chroma's code in Rust, which writes and reads such a file, is not seen here: see test_supply.
    """

    def refused(*_: object, **__: object) -> Any:
        raise AssertionError("something is unpickled")

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "pickle.find_class":  # which unpicklers in C raise too
            raise AssertionError(f"{arguments} is unpickled")
        if event == "open" and str(arguments[0]).endswith(PICKLES):
            raise AssertionError(f"{arguments[0]} is opened")
        if event in {"socket.connect", "socket.getaddrinfo"} and "127.0.0.1" not in str(arguments):
            raise AssertionError(f"{event} {arguments}")

    sys.addaudithook(watch)
    for name in ("load", "loads"):
        setattr(pickle, name, refused)


def main() -> None:
    """Do all that loads a model or an index."""
    parser = argparse.ArgumentParser()
    parser.add_argument("corpus", type=Path)
    parser.add_argument("index", type=Path)
    parser.add_argument("gguf")
    parser.add_argument("--control", choices=("pickle", "socket"))
    chosen = parser.parse_args()
    pickled = pickle.dumps(chosen)
    seal()
    if chosen.control == "pickle":
        _pickle.loads(pickled)
    if chosen.control == "socket":
        socket.create_connection(("192.0.2.1", 80))

    from qa import build
    from qa.documents import formats
    from qa.settings import Settings
    from qa.storage import vectors

    for path in sorted(chosen.corpus.iterdir()):  # ingest reads some of them in a process without the seal
        formats.read(path, path.read_bytes())

    settings = Settings(corpus=chosen.corpus, index=chosen.index, llm_model_path=chosen.gguf)
    vectors.HNSW = vectors.HNSW | {"sync_threshold": 2, "batch_size": 2}  # Chroma saves its graph, as of many
    setattr(build, "_TORCH_PAYS_FROM", 0)  # noqa: B010 - read the corpus with the larger form of the encoder
    build.run_ingest(settings, [settings.corpus])
    assert "torch" in sys.modules
    assert list(chosen.index.rglob("*.pickle")), "Chroma has saved no graph"
    qa = build.build_qa(settings)
    answer = qa.ask("When was the lighthouse of Ulm built?")
    assert answer.citations, answer
    assert "xllamacpp" in sys.modules
    qa.close()


if __name__ == "__main__":
    main()
