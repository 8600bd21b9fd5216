"""Asks a running service what `QA.ask` would answer here."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import asdict
from http.client import HTTPException
from typing import Any

from qa.errors import ServiceError
from qa.types import Turn

_SECONDS = 120


def ask_service(url: str, question: str, key: str = "", history: Sequence[Turn] = ()) -> dict[str, Any]:
    """The JSON of `POST /v1/ask` from the service at `url`, an address like http://127.0.0.1:8000.

    `key` is one of its keys, where it wants one. Raises `ServiceError` with what the service says.
    """
    if not url.startswith(("http://", "https://")):
        raise ServiceError(f"{url} is no address of a service; write it like http://127.0.0.1:8000.")
    body = json.dumps({"question": question, "history": [asdict(turn) for turn in history]}).encode()
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {key}"} if key else {})
    try:
        request = urllib.request.Request(url.rstrip("/") + "/v1/ask", data=body, headers=headers)
        with urllib.request.urlopen(request, timeout=_SECONDS) as response:
            answer: dict[str, Any] = json.load(response)
            return answer
    except urllib.error.HTTPError as error:
        with error:
            raise ServiceError(f"The service at {url} refuses ({error.code}): {_detail(error)}") from error
    except (OSError, HTTPException) as error:
        reason = getattr(error, "reason", error)
        raise ServiceError(
            f"The service at {url} can't be reached ({reason}); start it with 'qa serve'."
        ) from error
    except ValueError as error:
        raise ServiceError(f"What is at {url} is not this service; check the address.") from error


def _detail(error: urllib.error.HTTPError) -> str:
    try:
        return str(json.load(error)["detail"])
    except (ValueError, KeyError, TypeError):
        return str(error.reason)
