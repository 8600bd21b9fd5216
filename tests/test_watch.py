"""A watched folder: files come, change and go, and each time the index follows."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from queue import Queue

import pytest

from fakes import FakeEmbedder
from indexing import opened, run
from qa.documents.sources import scan
from qa.errors import FileUnreadable, IndexBusy, IndexUnreachable, IndexUnwritable, QAError
from qa.storage.index import Index
from qa.sync.ingest import ingest
from qa.sync.reading import Report
from qa.sync.watch import Sync, _Following, watch

SOON = 60
"""Seconds after which something that should have happened has not."""


class Watched:
    def __init__(self) -> None:
        self.reports: Queue[Report] = Queue()
        self.complaints: Queue[QAError] = Queue()


@contextmanager
def watching(
    corpus: Path, *paths: Path, sync: Sync | None = None, index: Path | None = None
) -> Iterator[Watched]:
    watched, stop = Watched(), threading.Event()

    def report(changed: Sequence[Path]) -> None:
        watched.reports.put(run(corpus, *changed))

    thread = threading.Thread(
        target=watch,
        args=(paths or (corpus,),),
        kwargs={
            "corpus": corpus,
            "index_folder": index or corpus.parent / "index",
            "sync": sync or report,
            "complain": watched.complaints.put,
            "stop": stop,
        },
    )
    thread.start()
    try:
        yield watched
    finally:
        stop.set()
        thread.join(SOON)
    assert not thread.is_alive()


def until(watched: Watched, wanted: str) -> list[str]:
    """What is said of the first sync that has something `wanted`: changes may come in several parts."""
    while not (ids := getattr(watched.reports.get(timeout=SOON), wanted)):
        pass
    return sorted(ids)


def test_the_index_follows_what_comes_changes_and_goes(corpus: Path) -> None:
    with watching(corpus) as watched:
        assert until(watched, "added") == ["cats", "dogs"]
        (corpus / "sub").mkdir()
        (corpus / "sub" / "birds.txt").write_text("Birds sing.")
        assert until(watched, "added") == ["sub/birds"]
        (corpus / "cats.txt").write_text("Cats hunt.")
        assert until(watched, "changed") == ["cats"]
        (corpus / "cats.txt.meta.toml").write_text('title = "On cats"')
        assert until(watched, "changed") == ["cats"]
        (corpus / "dogs.txt").unlink()
        assert until(watched, "removed") == ["dogs"]
        (corpus / "sub" / "birds.txt").unlink()
        assert until(watched, "removed") == ["sub/birds"]
    with opened(corpus) as index:
        assert [(one.id, one.title) for one in index.documents()] == [("cats", "On cats")]


def test_errors_do_not_end_it(corpus: Path) -> None:
    with watching(corpus) as watched:
        until(watched, "added")
        (corpus / "bad.txt").write_bytes(b"")
        while not watched.reports.get(timeout=SOON).failed:
            pass
        for path in corpus.iterdir():
            path.unlink()
        assert "holds no document" in str(watched.complaints.get(timeout=SOON))
        (corpus / "birds.txt").write_text("Birds sing.")
        assert until(watched, "added") == ["birds"]


def test_a_folder_that_is_put_in_the_place_of_another_is_followed(corpus: Path) -> None:
    other = corpus.parent / "other"
    other.mkdir()
    (other / "rain.txt").write_text("Rain falls.")
    with watching(corpus, corpus, other) as watched:
        assert until(watched, "added") == ["cats", "dogs", "rain"]
        shutil.rmtree(corpus)
        while "does not exist" not in str(watched.complaints.get(timeout=SOON)):
            pass  # it may look while there is still an empty folder
        (other / "snow.txt").write_text("Snow falls.")
        assert until(watched, "added") == ["snow"]
        corpus.mkdir()
        (corpus / "birds.txt").write_text("Birds sing.")
        assert until(watched, "added") == ["birds"]
        (corpus / "bees.txt").write_text("Bees hum.")
        assert until(watched, "added") == ["bees"]


def test_a_folder_that_goes_while_others_are_read_is_named_once_and_the_others_are_followed(
    corpus: Path,
) -> None:
    other = corpus.parent / "other"
    other.mkdir()
    (other / "rain.txt").write_text("Rain falls.")
    (gone := corpus.parent / "gone").mkdir()
    (gone / "fog.txt").write_text("Fog lifts.")
    complaints: list[str] = []
    stop = threading.Event()

    def sync(changed: Sequence[Path]) -> None:
        """The folder goes before the next watch begins: no event tells of it."""
        if other in changed and gone in changed:
            shutil.rmtree(gone)
        elif other in changed:
            stop.set()

    watch(
        [gone, other],
        corpus=corpus,
        index_folder=corpus.parent / "index",
        sync=sync,
        complain=lambda error: complaints.append(str(error)),
        stop=stop,
    )
    assert [complaint.split(";")[0] for complaint in complaints] == [f"{gone} does not exist"]


def test_it_waits_while_another_process_writes(corpus: Path) -> None:
    with Index.write(corpus.parent / "index", FakeEmbedder()):
        held = watching(corpus)
        watched = held.__enter__()
        assert "is writing the index" in str(watched.complaints.get(timeout=SOON))
    try:
        assert until(watched, "added") == ["cats", "dogs"]
        assert watched.complaints.empty()
    finally:
        held.__exit__(None, None, None)


def test_one_file_is_watched_alone(corpus: Path) -> None:
    with watching(corpus, corpus / "cats.txt") as watched:
        assert until(watched, "added") == ["cats"]
        (corpus / "dogs.txt").write_text("Dogs sleep.")
        (corpus / "cats.txt").write_text("Cats hunt.")
        assert until(watched, "changed") == ["cats"]
    with opened(corpus) as index:
        assert [one.id for one in index.documents()] == ["cats"]


def test_an_index_in_the_watched_folder_does_not_set_it_off(corpus: Path) -> None:
    """What an ingest writes there would be told of along with the next change, and name the corpus."""
    read: Queue[Sequence[Path]] = Queue()
    fake = FakeEmbedder()

    def sync(changed: Sequence[Path]) -> None:
        ingest(
            changed,
            corpus=corpus,
            index_folder=corpus / "index",
            reader=fake,
            embedder_for=lambda passages: fake,
        )
        read.put(changed)

    (corpus / "sub").mkdir()
    with watching(corpus, sync=sync, index=corpus / "index"):
        assert read.get(timeout=SOON) == [corpus]
        for name in ("birds.txt", "bees.txt"):
            (corpus / "sub" / name).write_text("They hum.")
            assert read.get(timeout=SOON) == [corpus / "sub"]


def test_what_is_moved_into_a_hidden_folder_goes_and_does_not_come_back(corpus: Path) -> None:
    with watching(corpus) as watched:
        until(watched, "added")
        (corpus / ".trash").mkdir()
        (corpus / "cats.txt").rename(corpus / ".trash" / "cats.txt")
        assert until(watched, "removed") == ["cats"]
        (corpus / ".trash" / "more.txt").write_text("More.")
        (corpus / "sub").mkdir()
        (corpus / "sub" / "birds.txt").write_text("Birds sing.")
        assert until(watched, "added") == ["sub/birds"]
        (corpus / ".trash" / "more.txt").write_text("More of it.")
        (corpus / "sub" / "birds.txt").write_text("Birds fly.")
        assert until(watched, "changed") == ["sub/birds"]
    with opened(corpus) as index:
        assert sorted(index.known()) == ["dogs", "sub/birds"]


def test_what_only_describes_a_document_does_not_keep_it(corpus: Path) -> None:
    (corpus / "sub").mkdir()
    (corpus / "other").mkdir()
    for name in ("birds.txt", "birds.txt.meta.toml", ".DS_Store"):
        (corpus / "sub" / name).write_text('title = "Birds"')
    with watching(corpus) as watched:
        assert until(watched, "added") == ["cats", "dogs", "sub/birds"]
        (corpus / "other" / "bees.txt").write_text("Bees hum.")
        (corpus / "sub" / "birds.txt").unlink()
        assert until(watched, "removed") == ["sub/birds"]
        assert watched.complaints.empty()
    with opened(corpus) as index:
        assert sorted(index.known()) == ["cats", "dogs", "other/bees"]


@pytest.mark.parametrize("error", [IndexBusy, IndexUnreachable, IndexUnwritable, FileUnreadable])
def test_what_failed_is_due_until_it_is_done_and_tried_later_and_later(
    corpus: Path, monkeypatch: pytest.MonkeyPatch, error: type[QAError]
) -> None:
    now, tried, complaints = [0.0], list[tuple[float, list[Path]]](), list[str]()
    monkeypatch.setattr("qa.sync.watch.monotonic", lambda: now[0])
    is_away = True

    def sync(changed: Sequence[Path]) -> None:
        tried.append((now[0], list(changed)))
        if is_away:
            raise error("It is away.")

    following = _Following([scan(corpus, corpus)], sync, lambda error: complaints.append(str(error)))
    following.follow([corpus / "cats.txt"])
    for second in range(200):
        now[0] = float(second)
        following.follow([corpus / "sub" / "new.txt"] if second == 10 else [])
    assert [time for time, _ in tried] == [0, 1, 3, 7, 15, 31, 63, 123, 183]
    is_away = False
    now[0] = 250.0
    following.follow([])
    assert tried[-1] == (250.0, [corpus])
    following.follow([])
    assert len(tried) == 10
    assert complaints == ["It is away."]
    is_away = True
    following.follow([corpus / "cats.txt"])
    assert complaints == ["It is away."] * 2


def test_a_folder_behind_a_link_is_followed(corpus: Path) -> None:
    (data := corpus.parent / "data").mkdir()
    (data / "rats.txt").write_text("Rats gnaw.")
    (corpus / "linked").symlink_to(data)
    with watching(corpus) as watched:
        assert until(watched, "added") == ["cats", "dogs", "linked/rats"]
        (data / "rats.txt").write_text("Rats swim.")
        assert until(watched, "changed") == ["linked/rats"]


def test_an_empty_folder_is_named_once_and_the_others_are_followed(corpus: Path) -> None:
    (empty := corpus.parent / "empty").mkdir()
    with watching(corpus, corpus, empty) as watched:
        assert f"{empty} holds no document" in str(watched.complaints.get(timeout=SOON))
        assert until(watched, "added") == ["cats", "dogs"]
        (corpus / "cats.txt").write_text("Cats hunt.")
        assert until(watched, "changed") == ["cats"]
        (empty / "rain.txt").write_text("Rain falls.")
        assert until(watched, "added") == ["rain"]
        assert watched.complaints.empty()


def test_ctrl_c_ends_the_command_cleanly(corpus: Path) -> None:
    environment = {**os.environ, "QA_CORPUS": str(corpus), "QA_INDEX": str(corpus.parent / "index")}
    command = [str(Path(sys.executable).parent / "qa"), "ingest", "--watch"]
    process = subprocess.Popen(
        command,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=corpus.parent,
        # A shell without job control has what it starts in the background ignore Ctrl-C, these tests too.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert process.stdout is not None
    assert "2 added" in process.stdout.readline()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=SOON)
    assert (process.returncode, out, "Traceback" in err) == (0, "Stopped.\n", False)
