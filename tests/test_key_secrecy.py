"""No key in what is written or answered, whatever is asked with it: of the service as it is installed."""

from __future__ import annotations

from pathlib import Path

import httpx

from qa.build import run_ingest
from qa.keys import new_key
from qa.settings import Settings
from served import served

ASK = {"question": "When was the lighthouse of Ulm built?"}
GUESSED = "qa-guessed-by-somebody-who-has-no-key"
MODELS_KEY = "sk-of-the-language-model"


def requests(client: httpx.Client, key: str) -> list[httpx.Response]:
    """Requests that are served, refused and malformed, with a key where one belongs and where none does."""
    header = {"Authorization": f"Bearer {key}"}
    upload = [("files", ("note.txt", b"A note on the ferry."))]
    return [
        client.post("/v1/ask", json=ASK, headers=header),
        client.post("/v1/ask", json={"asked": key}, headers=header),
        client.post("/v1/ask", content=b"{", headers=header),
        client.post("/v1/ask/stream", json=ASK, headers=header),
        client.post("/v1/chat/completions", json={"messages": []}, headers=header),
        client.post("/mcp", json={}, headers=header),
        client.post("/v1/documents", files=upload, headers=header),
        client.delete("/v1/documents/none", headers=header),
        client.get("/readyz", headers=header),
        client.get("/metrics", headers=header),
        client.get("/nowhere", headers=header),
        client.get("/v1/documents", headers={"Authorization": key}),
        client.get("/v1/documents", headers={"Authorization": f"Basic {key}"}),
        client.get("/v1/documents", params={"api_key": key}),
        client.get(f"/v1/{key}", headers={"X-Request-ID": f"{key} {key}"}),
    ]


def test_no_key_is_in_the_log_or_in_an_answer(tmp_path: Path) -> None:
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "lamp.txt").write_text("The lighthouse of Ulm was built in 1911.")
    run_ingest(Settings(corpus=tmp_path / "corpus", index=tmp_path / "index"), [tmp_path / "corpus"])
    keys, entries = zip(*(new_key(name, read_only=name == "bob") for name in ("alice", "bob")), strict=True)
    secrets = (*keys, GUESSED, *(entry.split(":")[1] for entry in entries), MODELS_KEY)
    with (
        served(
            tmp_path,
            api_keys=",".join(entries),
            llm_base_url="http://127.0.0.1:9/v1",
            llm_model="m",
            llm_api_key=MODELS_KEY,
        ) as service,
        httpx.Client(base_url=service.url, timeout=60) as client,
    ):
        answers = [requests(client, key) for key in (*keys, GUESSED)]
        assert service.ended() == 0
    for key, given in zip((*keys, GUESSED), answers, strict=True):
        assert [one.status_code for one in given[:1] + given[6:8]] == {
            keys[0]: [200, 200, 404],
            keys[1]: [200, 403, 403],
            GUESSED: [401, 401, 401],
        }[key]
    log = (tmp_path / "log").read_text()
    assert log.count('"event": "request"') > 3 * 15
    assert "can't be reached" in log  # the language model's server, to which its key was to be sent
    for answer in (one for given in answers for one in given):
        said = answer.text + str(answer.headers)
        assert not [secret for secret in secrets if secret in said], answer.url
    assert not [secret for secret in secrets if secret in log]
