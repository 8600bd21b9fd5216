"""What the tests of the index share."""

from __future__ import annotations

from pathlib import Path

from fakes import FakeEmbedder
from qa.index import Index
from qa.ingest import ingest
from qa.reading import Report


class OtherEmbedder(FakeEmbedder):
    name = "another"


def run(corpus: Path, *paths: Path, embedder: FakeEmbedder | None = None) -> Report:
    chosen = embedder or FakeEmbedder()
    return ingest(
        paths or (corpus,),
        corpus=corpus,
        index_folder=corpus.parent / "index",
        reader=chosen,
        embedder_for=lambda passages: chosen,
    )


def opened(corpus: Path) -> Index:
    return Index.open(corpus.parent / "index", FakeEmbedder())


def found(index: Index, words: str) -> list[str]:
    with index.snapshot():
        hits = index.search_vectors(FakeEmbedder().encode([words])[0].vector, 10)
        return [index.passages([one])[one][0].document_id for one, _ in hits if index.passages([one])]


INGEST_IN_ANOTHER_PROCESS = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from fakes import FakeEmbedder
from qa.ingest import ingest
corpus, fake = Path(sys.argv[2]), FakeEmbedder()
folder = corpus.parent / "index"
ingest([corpus], corpus=corpus, index_folder=folder, reader=fake, embedder_for=lambda n: fake)
"""
