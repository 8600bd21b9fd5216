"""Who may do what, and how often."""

from __future__ import annotations

import ipaddress
import math
from ipaddress import ip_address
from urllib.parse import urlsplit

from limits import RateLimitItem, parse
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from qa.errors import SettingsError
from qa.keys import find_key, parse_keys
from qa.settings import Settings
from qa_api.problems import MCP_PATH, respond
from qa_api.rates import Rates
from qa_api.static import page_paths

_ALIVE, _READY = "/healthz", "/readyz"
_MOST_OFTEN = 1_000_000_000
"""The largest limit: each of so many requests is remembered."""
_SAFE = {"GET", "HEAD", "OPTIONS"}
_ASKING = {"/v1/ask", "/v1/ask/stream", "/v1/search", "/v1/chat/completions", MCP_PATH}
"""What changes nothing although it is posted; a key that may only read can do no other."""


def refuse_open_address(settings: Settings, *, insecure: bool) -> None:
    """Raises `SettingsError` where anyone on the network could ask: no keys, and not this machine only."""
    if not (insecure or settings.api_keys or is_loopback(settings.host)):
        raise SettingsError(
            f"QA_HOST={settings.host} lets others on the network in and there are no keys; make one with"
            " 'qa key' and set QA_API_KEYS, or say --insecure."
        )


class AccessRules:
    """The rules of these settings. Raises `SettingsError` where they can't be read.

    `only_local` refuses requests to any name but localhost: a page of another site can have its own name
    lead to this machine and then read what it likes, but the name stays in the Host header.
    """

    def __init__(self, settings: Settings, *, only_local: bool) -> None:
        self._keys = parse_keys(settings.api_keys)
        self._open = page_paths().keys() | {_ALIVE, _READY}  # the page is code alone, and asks for the key
        self._only_local = only_local
        self._limit = _rate_limit(settings.rate_limit)
        self._rates = Rates(self._limit)

    def refusal(self, scope: Scope) -> Response | None:
        """What to answer instead of serving the request, if anything.

        Whether the one who asks is known goes into the state of the request: `is_trusted` reads it.
        """
        path: str = scope["path"]
        headers = Headers(scope=scope)
        foreign = self._foreign(scope["method"], path, headers)
        given = headers.get("authorization", "")
        scope.setdefault("state", {})["trusted"] = not self._keys or bool(given)  # a wrong key ends here
        if foreign is not None:
            return foreign
        if path == _ALIVE and scope["method"] in _SAFE:
            return None  # whoever asks, with an outdated key too
        who = "address " + (scope["client"][0] if scope.get("client") else "unknown")
        if self._keys and (given or path not in self._open):
            scheme, _, secret = given.partition(" ")
            key = find_key(secret.strip(), self._keys) if scheme.lower() == "bearer" else None
            if key is None:
                # Wrong keys are counted too: guessing is limited like asking.
                return self._too_often(path, who) or respond(
                    path, "key-invalid", headers={"WWW-Authenticate": 'Bearer realm="qa"'}
                )
            who = "key " + key.name
            if key.read_only and scope["method"] not in _SAFE and path not in _ASKING:
                return self._too_often(path, who) or respond(path, "read-only")
        return self._too_often(path, who)

    def _foreign(self, method: str, path: str, headers: Headers) -> Response | None:
        host = headers.get("host", "")
        if self._only_local and not _is_local(host):
            return respond(path, "host-refused")
        origin = headers.get("origin")
        # Browsers send forms to other hosts without asking first; the origin tells.
        if origin and method not in _SAFE and origin.partition("://")[2] != host:
            return respond(path, "origin-refused")
        return None

    def _too_often(self, path: str, who: str) -> Response | None:
        wait = self._rates.wait(who)
        if not wait:
            return None
        seconds = math.ceil(wait)
        detail = f"More than {self._limit}; try again in {seconds} s."
        return respond(path, "rate-limited", detail, {"Retry-After": str(seconds)})


def is_trusted(request: Request) -> bool:
    """Whether a request may learn how the service is: it has a key, or none is needed."""
    return bool(request.state.trusted)


class Access:
    """Serves what the rules allow."""

    def __init__(self, app: ASGIApp, access: AccessRules) -> None:
        self._app = app
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve or refuse one request."""
        refused = self._access.refusal(scope) if scope["type"] == "http" else None
        await (refused or self._app)(scope, receive, send)


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches an address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _rate_limit(given: str) -> RateLimitItem:
    """Raises `SettingsError` where it is none, or lets nobody in."""
    try:
        limit = parse(given)
    except ValueError:
        limit = None
    if limit is None or not 1 <= limit.amount <= _MOST_OFTEN:
        raise SettingsError(
            f"QA_RATE_LIMIT={given!r} is not usable; write it like 60/minute, with at most {_MOST_OFTEN:,}."
        )
    return limit


def _is_local(host: str) -> bool:
    """Whether a Host header names this machine: localhost, or an address of the loopback network."""
    try:
        name = urlsplit("//" + host).hostname or ""
        return name == "localhost" or ip_address(name).is_loopback
    except ValueError:
        return False
