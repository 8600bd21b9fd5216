"""What becomes of the shared index while some answer from it and others replace, mend or change it."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

import pytest

from qa.build import build_qa, run_ingest
from qa.errors import IndexBusy, IndexMissing
from qa.pipeline import QA
from qa.settings import Settings
from qa_api import shared
from qa_api.shared import SharedQA


def replace_index(settings: Settings) -> None:
    (settings.corpus / "lamp.txt").write_text("The lighthouse of Ulm was built in 1912.")
    other = settings.model_copy(update={"index": settings.index.with_name("other")})
    run_ingest(other, [settings.corpus])
    shutil.rmtree(settings.index)
    other.index.rename(settings.index)


def test_who_answers_from_a_replaced_index_may_finish(settings_here: Settings) -> None:
    service = SharedQA(settings_here)
    read: list[str] = []

    def read_document() -> None:
        with service.using() as new:
            read.append(new.document("lamp").text)

    with service.using() as old:
        replace_index(settings_here)
        other = threading.Thread(target=read_document)
        other.start()
        assert "1911" in old.document("lamp").text
        assert read == []
    other.join()
    assert "1912" in read[0]
    service.close()


def test_what_is_left_twice_is_closed_by_the_last_of_its_users(settings_here: Settings) -> None:
    service = SharedQA(settings_here)
    with service.using() as old:
        service.close()
        service.close()
        assert "1911" in old.document("lamp").text
    with pytest.raises(IndexBusy, match="opened again"):
        old.index.ready()


def test_who_would_wait_too_long_for_them_is_told_to_try_again(
    settings_here: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared, "_PATIENCE", 0.01)
    service = SharedQA(settings_here)
    with service.using():
        replace_index(settings_here)
        with pytest.raises(IndexBusy, match="try again"), service.using():
            pass
    with service.using() as new:
        assert "1912" in new.document("lamp").text
    service.close()


def test_without_an_index_there_is_nothing_to_use_and_nothing_to_count(tmp_path: Path) -> None:
    service = SharedQA(Settings(corpus=tmp_path, index=tmp_path / "index"))
    with pytest.raises(IndexMissing, match="qa ingest"), service.using():
        pass
    assert (service.counts().documents, service.counts().passages) == (0, 0)


def test_an_index_that_can_not_be_opened_is_not_tried_again_by_each_who_asks(
    settings_here: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever reaches the port may ask whether the service is ready, and each try loads the models."""
    opened: list[Settings] = []

    def counted(settings: Settings) -> QA:
        opened.append(settings)
        return build_qa(settings)

    monkeypatch.setattr(shared, "build_qa", counted)
    now = 100.0
    service = SharedQA(settings_here, clock=lambda: now)
    settings_here.index.rename(tmp_path / "away")
    for _ in range(5):
        with pytest.raises(IndexMissing, match="qa ingest"), service.using():
            pass
    assert len(opened) == 1
    (tmp_path / "away").rename(settings_here.index)
    now += shared._BETWEEN_OPENINGS
    with service.using() as qa:
        assert "1911" in qa.document("lamp").text
    assert len(opened) == 2
    service.close()


def test_what_is_put_in_is_used_at_once(settings_here: Settings, tmp_path: Path) -> None:
    service = SharedQA(settings_here, clock=lambda: 100.0)
    settings_here.index.rename(tmp_path / "away")
    with pytest.raises(IndexMissing), service.using():
        pass
    (tmp_path / "away").rename(settings_here.index)
    with service.changing() as (index, _):
        assert "1911" in index.document("lamp").text
    with service.using() as qa:
        assert "1911" in qa.document("lamp").text
    service.close()


def test_a_change_does_not_wait_for_others_for_ever(
    settings_here: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared, "_PATIENCE", 0.01)
    service = SharedQA(settings_here)
    refused: list[IndexBusy] = []

    def change() -> None:
        try:
            with service.changing():
                pass
        except IndexBusy as error:
            refused.append(error)

    with service.changing():
        other = threading.Thread(target=change)
        other.start()
        other.join()
    assert "try again" in str(refused[0])
    change()
    assert len(refused) == 1
    service.close()
