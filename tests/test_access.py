from __future__ import annotations

import hashlib
import hmac
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from qa.errors import SettingsError
from qa.keys import find_key, new_key, parse_keys
from qa.pipeline import QA
from qa.settings import Settings
from qa_api.access import is_loopback, refuse_open_address
from qa_api.app import create_app
from qa_api.command import address_of
from qa_api.paths import route_paths
from qa_api.static import PAGE

ASK = {"question": "How much did China invest in Belarus?"}


@pytest.fixture(scope="module")
def keys() -> dict[str, tuple[str, str]]:
    return {"all": new_key("alice", read_only=False), "read": new_key("bob", read_only=True)}


@pytest.fixture(scope="module")
def client(
    settings: Settings, qa: QA, keys: dict[str, tuple[str, str]], tmp_path_factory: pytest.TempPathFactory
) -> TestClient:
    entries = ",".join(entry for _, entry in keys.values())
    feedback = tmp_path_factory.mktemp("feedback") / "feedback.jsonl"
    return TestClient(create_app(settings.model_copy(update={"api_keys": entries, "feedback": feedback}), qa))


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def filled(path: str) -> str:
    """A path that the declared one matches."""
    return re.sub(r"{\w+(:path)?}", "x", path)


def test_every_route_needs_a_key_but_health_and_the_files_of_the_page(client: TestClient) -> None:
    """Of all routes that the application has, whoever adds one."""
    routes = [*route_paths(client.app), "/nowhere"]  # type: ignore[arg-type]
    assert {"/v1/ask", "/v1/documents/{document_id:path}", "/mcp", "/metrics", "/openapi.json"} <= {*routes}
    code = {"/" + path.relative_to(PAGE).as_posix() for path in PAGE.rglob("*")}
    code |= {"/", "/docs", "/docs/swagger-ui.css", "/docs/swagger-ui-bundle.js"}
    for route in {*routes} - code - {"/healthz", "/readyz"}:
        for method in ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"):
            for headers in ({}, bearer("qa-wrong"), {"Authorization": "Basic eDp5"}, bearer("")):
                response = client.request(method, filled(route), headers=headers)
                assert response.status_code == 401, (method, route, headers)
                assert response.headers["www-authenticate"].startswith("Bearer")
    for route in code | {"/healthz", "/readyz"}:
        assert client.get(route).status_code == 200, route
    assert client.get("/healthz", headers=bearer("qa-outdated")).status_code == 200


def test_a_read_only_key_changes_nothing_on_any_route(
    client: TestClient, keys: dict[str, tuple[str, str]]
) -> None:
    """A route that someone adds is closed to it until it is said to change nothing."""
    asking = {"/v1/ask", "/v1/ask/stream", "/v1/search", "/v1/chat/completions", "/mcp"}
    for route in {*route_paths(client.app)} - asking:  # type: ignore[arg-type]
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            response = client.request(method, filled(route), headers=bearer(keys["read"][0]))
            assert response.status_code == 403, (method, route)


def test_the_files_of_the_page_hold_no_data(settings: Settings) -> None:
    """They are shown to anyone, so they are those of the package, whatever the documents are."""
    title = next(settings.corpus.glob("*.toml")).read_text().split('"')[1]
    assert all(title not in path.read_text() for path in PAGE.rglob("*") if path.is_file())


def test_without_a_key_readiness_is_told_and_nothing_else(
    client: TestClient, keys: dict[str, tuple[str, str]], tmp_path: Path
) -> None:
    key = bearer(keys["read"][0])
    assert client.get("/readyz").json() == {"status": "ready", "documents": None, "passages": None}
    assert client.get("/readyz", headers=key).json()["documents"] == 3
    assert client.get("/readyz", headers=bearer("qa-wrong")).status_code == 401
    away = TestClient(create_app(Settings(index=tmp_path / "away", api_keys=keys["read"][1])))
    refused = away.get("/readyz")
    assert (refused.status_code, refused.json()["type"]) == (503, "urn:qa:problem:not-ready")
    assert "away" not in refused.text
    told = away.get("/readyz", headers=key)
    assert (told.status_code, told.json()["type"]) == (503, "urn:qa:problem:index-missing")


def test_on_openais_routes_the_refusal_is_openais(client: TestClient) -> None:
    response = client.post("/v1/chat/completions", json={})
    assert response.status_code == 401
    assert response.json()["error"]["code"] == "key_invalid"
    assert client.get("/v1/models").status_code == 401


def test_a_key_opens_and_a_read_only_key_does_not_write(
    client: TestClient, keys: dict[str, tuple[str, str]]
) -> None:
    for name in ("all", "read"):
        assert client.post("/v1/ask", json=ASK, headers=bearer(keys[name][0])).status_code == 200
    reading, writing = bearer(keys["read"][0]), bearer(keys["all"][0])
    body = {**ASK, "answer": "$185 million", "verdict": "up"}
    for method, path in (
        ("POST", "/v1/documents"),
        ("DELETE", "/v1/documents/none"),
        ("POST", "/v1/feedback"),
    ):
        refused = client.request(method, path, headers=reading)
        assert (refused.status_code, refused.json()["type"]) == (403, "urn:qa:problem:read-only")
    assert client.delete("/v1/documents/none", headers=writing).status_code == 404
    assert client.post("/v1/feedback", json=body, headers=writing).status_code == 204


def test_only_the_hash_of_a_key_is_kept(keys: dict[str, tuple[str, str]]) -> None:
    key, entry = keys["read"]
    assert key not in entry
    assert entry == f"bob:{hashlib.sha256(key.encode()).hexdigest()}:read"
    (kept,) = parse_keys(f" {entry}, ")
    assert find_key(key, [kept]) == kept
    assert find_key(key + "x", [kept]) is None
    assert find_key("ключ", [kept]) is None


def test_every_key_is_compared_whole_whichever_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that the time that a refusal takes tells nothing of a key."""
    made = [new_key(name, read_only=False) for name in ("alice", "bob", "carol")]
    known = parse_keys(",".join(entry for _, entry in made))
    compared: list[str] = []
    compare = hmac.compare_digest

    def noting(one: str, other: str) -> bool:
        compared.append(other)
        return compare(one, other)

    monkeypatch.setattr("qa.keys.hmac.compare_digest", noting)
    for given in (made[0][0], made[2][0], "wrong", ""):
        compared.clear()
        find_key(given, known)
        assert compared == [one.sha256 for one in known]


@pytest.mark.parametrize("entries", ["alice", "alice:abc", "a b:" + "0" * 64, "alice:" + "0" * 64 + ":write"])
def test_malformed_entries_are_refused_without_repeating_them(entries: str) -> None:
    with pytest.raises(SettingsError) as caught:
        create_app(Settings(api_keys=entries))
    assert "qa key" in str(caught.value)
    assert entries not in str(caught.value)


def test_the_description_of_the_routes_asks_for_a_key(
    client: TestClient, keys: dict[str, tuple[str, str]]
) -> None:
    described = client.get("/openapi.json", headers=bearer(keys["read"][0])).json()
    assert described["components"]["securitySchemes"]["HTTPBearer"]["scheme"] == "bearer"
    assert described["paths"]["/v1/ask"]["post"]["security"]


def test_too_many_requests_are_told_when_to_come_back(settings: Settings, qa: QA) -> None:
    client = TestClient(create_app(settings.model_copy(update={"rate_limit": "3/minute"}), qa))
    answers = [client.get("/v1/documents") for _ in range(4)]
    assert [one.status_code for one in answers] == [200, 200, 200, 429]
    assert answers[3].json()["type"] == "urn:qa:problem:rate-limited"
    assert 1 <= int(answers[3].headers["retry-after"]) <= 60
    assert client.get("/healthz").status_code == 200
    limited = client.get("/v1/models")
    assert (limited.status_code, limited.json()["error"]["type"]) == (429, "rate_limit_error")


def test_keys_are_limited_each_and_so_is_guessing(
    settings: Settings, qa: QA, keys: dict[str, tuple[str, str]]
) -> None:
    entries = ",".join(entry for _, entry in keys.values())
    strict = settings.model_copy(update={"rate_limit": "2/minute", "api_keys": entries})
    client = TestClient(create_app(strict, qa))
    for name in ("all", "read"):
        statuses = [client.get("/v1/models", headers=bearer(keys[name][0])).status_code for _ in range(3)]
        assert statuses == [200, 200, 429]
    assert [client.get("/v1/models", headers=bearer("x")).status_code for _ in range(3)] == [401, 401, 429]
    writing = TestClient(create_app(strict, qa))
    refused = [writing.delete("/v1/documents/x", headers=bearer(keys["read"][0])) for _ in range(3)]
    assert [one.status_code for one in refused] == [403, 403, 429]


def test_asking_whether_it_is_ready_counts_for_the_address(
    settings: Settings, qa: QA, keys: dict[str, tuple[str, str]]
) -> None:
    for entries in ("", keys["read"][1]):
        strict = settings.model_copy(update={"rate_limit": "2/minute", "api_keys": entries})
        client = TestClient(create_app(strict, qa))
        assert [client.get("/readyz").status_code for _ in range(3)] == [200, 200, 429]
        assert [client.get("/healthz").status_code for _ in range(3)] == [200, 200, 200]
    assert client.get("/readyz", headers=bearer(keys["read"][0])).status_code == 200


def test_who_asks_once_a_second_whether_it_is_ready_is_never_refused(settings: Settings, qa: QA) -> None:
    client = TestClient(create_app(settings, qa))
    assert {client.get("/readyz").status_code for _ in range(61)} == {200}  # faster than that


@pytest.mark.parametrize("limit", ["often", "", "0/minute", "99999999999999999999/minute"])
def test_a_rate_limit_that_is_none_is_refused(limit: str) -> None:
    with pytest.raises(SettingsError, match=rf"^QA_RATE_LIMIT='{limit}' is not usable; write it like 60/min"):
        create_app(Settings(rate_limit=limit))


def test_pages_of_other_sites_can_not_write(settings: Settings, qa: QA) -> None:
    client = TestClient(create_app(settings, qa), base_url="http://127.0.0.1:8000")
    foreign = client.post("/v1/search", json={"query": "x"}, headers={"Origin": "http://elsewhere.example"})
    assert (foreign.status_code, foreign.json()["type"]) == (403, "urn:qa:problem:origin-refused")
    own = client.post("/v1/search", json={"query": "x"}, headers={"Origin": "http://127.0.0.1:8000"})
    assert own.status_code == 200


def test_pages_of_other_sites_can_not_read(client: TestClient, keys: dict[str, tuple[str, str]]) -> None:
    """No route allows another origin anything, neither when it is asked beforehand nor in its answer."""
    asking = {"Origin": "http://elsewhere.example", "Access-Control-Request-Method": "GET"}
    for route in route_paths(client.app):  # type: ignore[arg-type]
        for method in ("OPTIONS", "GET"):
            response = client.request(method, filled(route), headers=asking | bearer(keys["all"][0]))
            assert not [name for name in response.headers if name.startswith("access-control")], route
            assert response.headers["cross-origin-resource-policy"] == "same-origin"


def test_a_name_that_leads_here_is_refused_where_only_this_machine_may_ask(
    settings: Settings, qa: QA
) -> None:
    app = create_app(settings, qa, only_local=True)
    for host in ("localhost:8000", "127.0.0.1:8000", "[::1]:8000"):
        assert TestClient(app, base_url=f"http://{host}").get("/v1/documents").status_code == 200
    refused = TestClient(app, base_url="http://elsewhere.example").get("/v1/documents")
    assert (refused.status_code, refused.json()["type"]) == (403, "urn:qa:problem:host-refused")


def test_without_keys_only_this_machine_is_listened_to(tmp_path: Path) -> None:
    for host in ("0.0.0.0", "192.168.1.2", "::", "qa.example"):
        with pytest.raises(SettingsError, match="--insecure"):
            refuse_open_address(Settings(host=host), insecure=False)
        refuse_open_address(Settings(host=host), insecure=True)
        refuse_open_address(Settings(host=host, api_keys=new_key("a", read_only=False)[1]), insecure=False)
    for host in ("127.0.0.1", "127.1.2.3", "::1", "localhost"):
        assert is_loopback(host)
        refuse_open_address(Settings(host=host), insecure=False)
    environment = {**os.environ, "QA_HOST": "0.0.0.0"}
    command = [str(Path(sys.executable).parent / "qa"), "serve"]
    result = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60
    )
    assert result.returncode == 2
    assert "QA_API_KEYS" in result.stderr


def test_an_ipv6_address_is_shown_as_browsers_want_it() -> None:
    assert address_of(Settings(host="::1", port=8001)) == "http://[::1]:8001"
    assert address_of(Settings(host="127.0.0.1")) == "http://127.0.0.1:8000"


def test_qa_key_makes_a_key_that_opens(tmp_path: Path) -> None:
    command = [str(Path(sys.executable).parent / "qa"), "key", "carol", "--read"]
    shown = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    key, entry = (line.rsplit(" ", 1)[1] for line in shown.strip().splitlines())
    (kept,) = parse_keys(entry)
    assert (kept.name, kept.read_only, find_key(key, [kept])) == ("carol", True, kept)


@pytest.mark.parametrize("headers", [{"host": "[::1"}, {"origin": "http://["}, {"host": "example.org"}])
def test_a_host_or_origin_that_is_malformed_or_foreign_is_refused(
    settings: Settings, qa: QA, headers: dict[str, str]
) -> None:
    app = create_app(settings, qa, only_local=True)
    client = TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False)
    assert client.post("/v1/ask", json={"question": "Why?"}, headers=headers).status_code == 403
    assert client.post("/v1/ask", json={"question": "Why?"}, headers={"host": "127.0.0.2"}).status_code == 200
