"""Several API processes on one index."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import httpx

from live import serving
from qa.build import run_ingest
from qa.settings import Settings
from qa_api.app import create_app

UPLOAD = """
import sys
from pathlib import Path
from fastapi.testclient import TestClient
from qa.settings import Settings
from qa_api.app import create_app
settings = Settings(corpus=Path(sys.argv[1]), index=Path(sys.argv[2]))
with TestClient(create_app(settings)) as client:
    assert client.post("/v1/ask", json={"question": "Do cats purr?"}).json()["status"] == "answered"
    file = ("files", ("owls.txt", b"Owls hoot at the full moon.", "text/plain"))
    assert client.post("/v1/documents", files=[file]).status_code == 200
"""


def test_what_one_process_takes_in_the_others_answer_from(corpus: Path, tmp_path: Path) -> None:
    settings = Settings(corpus=corpus, index=tmp_path / "index")
    run_ingest(settings, [corpus], lambda done: None)
    question = {"question": "What do owls do at the full moon?"}
    with serving(create_app(settings)) as url:
        before = httpx.post(f"{url}/v1/ask", json=question, timeout=60).json()
        assert "hoot" not in before["answer"]
        subprocess.run(
            [sys.executable, "-c", UPLOAD, str(corpus), str(settings.index)], check=True, timeout=120
        )
        after = httpx.post(f"{url}/v1/ask", json=question, timeout=60).json()
        assert after["citations"][0]["document_id"] == "owls"
