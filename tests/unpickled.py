"""Ingests and asks, with each kind of model, in a process in which unpickling anything is an error.

`python unpickled.py CORPUS INDEX GGUF`; with `--control` it unpickles something itself, by C's unpickler.
"""

from __future__ import annotations

import _pickle
import argparse
import pickle
import sys
from pathlib import Path
from typing import Any

PICKLES = (".pkl", ".pickle", ".pt", ".pth", ".ckpt", ".joblib", ".npy", ".npz", "pytorch_model.bin")


def refuse_pickles() -> None:
    """Whoever unpickles an object, calls an unpickler, or opens a file of that kind, gets an error."""

    def refused(*_: object, **__: object) -> Any:
        raise AssertionError("something is unpickled")

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "pickle.find_class":  # which unpicklers in C raise too
            raise AssertionError(f"{arguments} is unpickled")
        if event == "open" and str(arguments[0]).endswith(PICKLES):
            raise AssertionError(f"{arguments[0]} is opened")

    sys.addaudithook(watch)
    for name in ("load", "loads"):
        setattr(pickle, name, refused)


def main() -> None:
    """Do all that loads a model or an index."""
    parser = argparse.ArgumentParser()
    parser.add_argument("corpus", type=Path)
    parser.add_argument("index", type=Path)
    parser.add_argument("gguf")
    parser.add_argument("--control", action="store_true")
    chosen = parser.parse_args()
    pickled = pickle.dumps(chosen)
    refuse_pickles()
    if chosen.control:
        _pickle.loads(pickled)

    from qa import build
    from qa.settings import Settings

    settings = Settings(corpus=chosen.corpus, index=chosen.index, llm_model_path=chosen.gguf)
    setattr(build, "_TORCH_PAYS_FROM", 0)  # noqa: B010 - read the corpus with the larger form of the encoder
    build.run_ingest(settings, [settings.corpus])
    assert "torch" in sys.modules
    qa = build.build_qa(settings)
    answer = qa.ask("When was the lighthouse of Ulm built?")
    assert answer.citations, answer
    assert "xllamacpp" in sys.modules
    qa.close()


if __name__ == "__main__":
    main()
