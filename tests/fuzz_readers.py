"""Fuzzes one reader, led by which of its lines each input reaches: `python fuzz_readers.py NAME SECONDS`.

NAME is one of `SEEDS`. Ends with 0 if every input was a document or a `LoadError` that names it, and prints
libFuzzer's own report. `make torture` runs it for every reader; test_formats_fuzz.py is its short version.
"""

from __future__ import annotations

import importlib
import sys
import tempfile
from pathlib import Path

import files

SEEDS = {
    "a.txt": "Some words. Ünïcode.".encode("utf-16"),
    "a.md": b"---\ntitle: T\ndate: 2021-03-04\n---\n# Heading\n\nText with a [link](a).",
    "a.html": files.html("Some <b>words</b> of a text.", "<title>T</title><meta name=author content=A>"),
    "a.pdf": files.pdf(["A heading", "", "Some words."], ["Its second page."], title="T", created="20210304"),
    "a.docx": files.word("A paragraph.", title="T", table=[["a", "b"]]),
    "a.jsonl": b'{"id": "a", "text": "b", "title": "c"}\n{"text": "d", "date": 2021}\n',
    "a.txt.meta.toml": b'title = "T"\npublished = 2021-03-04\nfurniture = ["a"]\n',
}
_MOST_MEMORY = 3000
"""MB; a reader has as much in the process of its own that the service reads in."""
_MOST_BYTES = 65_536
"""Of an input; what takes the square of its length shows itself by then."""


def main() -> None:
    """Fuzz until the time is over or something is found."""
    import atheris

    name, seconds = sys.argv[1:]
    with atheris.instrument_imports(include=["qa"]):
        for module in ("docx", "html", "jsonl", "markdown", "pdf", "plain"):
            importlib.import_module(f"qa.documents.formats.{module}")
        import test_formats_fuzz as properties

    def one(content: bytes) -> None:
        if name == "a.jsonl":
            properties.check_lines(content)
        elif name == "a.txt.meta.toml":
            properties.check_metadata(content)
        else:
            properties.check(name, content)

    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "seed").write_bytes(SEEDS[name])
        limits = [f"-max_total_time={seconds}", f"-rss_limit_mb={_MOST_MEMORY}", "-timeout=60"]
        limits += [f"-max_len={_MOST_BYTES}"]
        kept = f"-artifact_prefix={tempfile.gettempdir()}/fuzz-{name}-"  # for the input that is found, if any
        atheris.Setup(["fuzz", *limits, kept, "-print_final_stats=1", folder], one)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
