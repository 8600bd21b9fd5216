"""An ingest and a service meet a full disk; run by test_service_faults in a process of its own."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from confined import Disk
from qa.build import run_doctor, run_ingest
from qa.errors import IndexUnwritable
from qa.settings import Settings
from qa_api.app import create_app

LONG = "".join(f"The bridge of Ulm has a pillar of number {n}. " for n in range(200))


def main(folder: Path, *, mounted: bool) -> None:
    """Nothing is lost, what can be answered is answered, and all goes on once there is room."""
    settings = Settings(corpus=folder / "corpus", index=folder / "disk" / "index")
    settings.corpus.mkdir(parents=True)
    settings.index.parent.mkdir()
    (settings.corpus / "lamp.txt").write_text("The lighthouse of Ulm was built in 1911.")
    disk = Disk(settings.index.parent, mounted=mounted)
    run_ingest(settings, [settings.corpus])
    (settings.corpus / "bridge.txt").write_text(LONG)
    with TestClient(create_app(settings)) as client:

        def ask(question: str) -> str:
            response = client.post("/v1/ask", json={"question": question})
            assert response.status_code == 200, response.text
            return str(response.json()["answer"])

        assert "1911" in ask("When was the lighthouse of Ulm built?")
        disk.fill()
        upload = client.post("/v1/documents", files=[("files", ("other.txt", LONG.encode()))])
        assert upload.status_code == 503, upload.text
        assert upload.json()["type"] == "urn:qa:problem:index-unwritable", upload.text
        assert "1911" in ask("When was the lighthouse of Ulm built?")
        with pytest.raises(IndexUnwritable, match=r"can't be (read or )?written"):
            run_ingest(settings, [settings.corpus])
        assert "1911" in ask("When was the lighthouse of Ulm built?")
        full = client.get("/readyz")  # ready, since questions are answered
        assert (full.status_code, full.json()["status"], full.json()["documents"]) == (200, "ready", 1)
        disk.free()
        assert client.get("/readyz").status_code == 200
        upload = client.post("/v1/documents", files=[("files", ("other.txt", LONG.encode()))])
        assert upload.status_code == 200, upload.text
        assert run_ingest(settings, [settings.corpus]).added == ["bridge"]
        assert "1911" in ask("When was the lighthouse of Ulm built?")
    diagnosis = run_doctor(settings, lambda name, done, total: None)
    assert diagnosis.healthy, diagnosis.checks
    sys.stdout.write("a small disk\n" if disk.is_mounted else "a limit on the size of files\n")


if __name__ == "__main__":
    for kind in ("mounted", "limited"):
        main(Path(sys.argv[1]) / kind, mounted=kind == "mounted")
