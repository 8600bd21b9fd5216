"""What the tests of the index share."""

from __future__ import annotations

import json
from pathlib import Path

from fakes import FakeEmbedder
from qa.doctor.doctor import Diagnosis, examine
from qa.doctor.repair import repair
from qa.doctor.vector_check import check_vectors
from qa.storage.index import Index
from qa.sync.ingest import ingest
from qa.sync.reading import Report

INDEX = "index"


class OtherEmbedder(FakeEmbedder):
    name = "another"


def run(corpus: Path, *paths: Path, embedder: FakeEmbedder | None = None, url: str = "") -> Report:
    chosen = embedder or FakeEmbedder()
    return ingest(
        paths or (corpus,),
        corpus=corpus,
        index_folder=corpus.parent / INDEX,
        chroma_url=url,
        reader=chosen,
        embedder_for=lambda passages: chosen,
    )


def rows(corpus: Path, *texts: str, name: str = "birds.jsonl") -> None:
    """A file of one document a line, called after its first word."""
    lines = (json.dumps({"id": text.split()[0].lower(), "text": text}) for text in texts)
    (corpus / name).write_text("\n".join(lines))


def opened(corpus: Path) -> Index:
    return Index.open(corpus.parent / INDEX, FakeEmbedder())


def found(index: Index, words: str) -> list[str]:
    with index.snapshot():
        hits = index.search_vectors(FakeEmbedder().encode([words])[0].vector, 10)
        return [index.passages([one])[one].document_id for one, _ in hits if index.passages([one])]


def examined(folder: Path, chroma_url: str = "") -> Diagnosis:
    return examine(folder, FakeEmbedder(), chroma_url, check_vectors)


def repaired(folder: Path, chroma_url: str = "") -> list[str]:
    """What was done until nothing was left to do."""
    done: list[str] = []
    fake = FakeEmbedder()
    while not (diagnosis := examined(folder, chroma_url)).healthy:
        mended = repair(diagnosis, folder, fake, lambda passages: fake, chroma_url)
        assert mended, diagnosis
        done += mended
    return done


def answers(corpus: Path, chroma_url: str = "") -> dict[str, object]:
    """All that a small index holds and finds, to be compared with what another one does."""
    with Index.open(corpus.parent / INDEX, FakeEmbedder(), chroma_url) as index, index.snapshot():
        documents = [index.document(one.id) for one in index.documents()]
        held: dict[str, object] = {one.id: one for one in documents}
        for document in documents:
            vector = FakeEmbedder().encode([document.text])[0].vector
            word = document.text.split()[1]
            # Without ids: of passages that are equally near any may be found.
            near = index.search_vectors(vector, 3)
            held[f"near {document.id}"] = [round(score, 3) for _, score in near]
            own = index.search_vectors(vector, 3, [document.id])
            held[f"own {document.id}"] = sorted((round(score, 3), one) for one, score in own)
            said = index.search_text(f'"{word}"', 1000)
            held[f"said {document.id}"] = sorted((-round(score, 4), one) for one, score in said)
        return held


INGEST_IN_ANOTHER_PROCESS = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from fakes import FakeEmbedder
from qa.sync.ingest import ingest
corpus, fake, url = Path(sys.argv[2]), FakeEmbedder(), "".join(sys.argv[3:])
folder = corpus.parent / "index"
ingest([corpus], corpus=corpus, index_folder=folder, chroma_url=url, reader=fake, embedder_for=lambda n: fake)
"""
