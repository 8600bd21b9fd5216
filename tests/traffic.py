"""Mixed traffic on a service of this machine, by Locust, in a process of its own: `python traffic.py URL`.

Prints what became of it as JSON. Each answer's quotes are held against every state that its documents can
have had between question and answer: uploads replace each other all the while, and a quote of a mixture, of
a state that was gone before the question, or from nowhere is `wrong`. Locust makes each client a greenlet and
`time.sleep` give way to the others.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from typing import Any

import httpx
from locust import FastHttpUser, between, task
from locust.env import Environment

from states import Change, Seen, told_to_wait

NOTES = 2
"""Documents that each client uploads, replaces and deletes."""
_KINDS = ("church", "bridge", "tower", "market", "mill", "castle", "harbour", "school")


class Client(FastHttpUser):
    """Somebody who asks about all documents and keeps some notes of their own in them."""

    network_timeout = connection_timeout = 120.0
    seen: Seen
    number = 0

    def on_start(self) -> None:
        type(self).number += 1
        self._chance = random.Random(type(self).number)
        self._notes = [f"note-{type(self).number}-{n}" for n in range(NOTES)]
        self._version = 0

    @task(6)
    def ask(self) -> None:
        found = self._send("ask", "POST", "/v1/ask", {"question": self._question()})
        if found:
            self.seen.check(json.loads(found[0])["citations"], *found[1:])

    @task(3)
    def stream(self) -> None:
        found = self._send("stream", "POST", "/v1/ask/stream", {"question": self._question()})
        if found:
            name, _, data = found[0].strip().rpartition("event: ")[2].partition("\ndata: ")
            if name != "answer":
                self.seen.complain(f"a stream ends with {name}: {data[:200]}")
            else:
                self.seen.check(json.loads(data)["citations"], *found[1:])

    @task(2)
    def chat(self) -> None:
        messages = [{"role": "user", "content": self._question()}]
        found = self._send("chat", "POST", "/v1/chat/completions", {"messages": messages})
        if found:
            self.seen.check(json.loads(found[0])["citations"], *found[1:])

    @task(2)
    def search(self) -> None:
        found = self._send("search", "POST", "/v1/search", {"query": self._question(), "k": 10})
        if found:
            for one in json.loads(found[0])["passages"]:
                texts = self.seen.possible(one["document_id"], *found[1:]).values()
                if not any(text[one["start"] : one["end"]] == one["text"] for text in texts):
                    self.seen.complain(f"{one['document_id']} is found with what it did not say")

    @task(2)
    def upload(self) -> None:
        note = self._chance.choice(self._notes)
        self._version += 1
        text = _note(note, self._version, self._chance)
        form = httpx.Request("POST", "http://x", files=[("files", (f"{note}.txt", text.encode()))])
        self._change("upload", note, text, "POST", "/v1/documents", form.read(), dict(form.headers))

    @task(1)
    def delete(self) -> None:
        note = self._chance.choice(self._notes)
        changes = self.seen.history.get(note)  # none as well where the only one was refused
        if changes and changes[-1].text is not None:
            self._change("delete", note, None, "DELETE", f"/v1/documents/{note}", b"", {})

    def _question(self) -> str:
        if self._chance.random() < 0.4:
            return "How much did China invest in Belarus?"
        note = self._chance.choice(sorted(self.seen.history))
        return f"When was the {self._chance.choice(_KINDS)} of {note} built?"

    def _change(
        self,
        name: str,
        note: str,
        text: str | None,
        method: str,
        path: str,
        body: bytes,
        headers: dict[str, str],
    ) -> None:
        """Until it has ended, a change may have happened or not."""
        changes = self.seen.history.setdefault(note, [])
        changes.append(Change(text, time.monotonic(), float("inf")))
        found = self._send(name, method, path, body, headers)
        began = changes.pop().began
        if found:
            changes.append(Change(text, began, time.monotonic()))

    def _send(
        self, name: str, method: str, path: str, body: Any, headers: dict[str, str] | None = None
    ) -> tuple[str, float, float] | None:
        """The response with the times around it, unless it asks to wait, which is done."""
        content: Any = body if headers is not None else json.dumps(body).encode()
        given = headers if headers is not None else {"Content-Type": "application/json"}
        given = {key: value for key, value in given.items() if key.lower() not in {"host", "content-length"}}
        began = time.monotonic()
        with self.client.request(
            method, path, name=name, data=content or None, headers=given, catch_response=True
        ) as response:
            ended = time.monotonic()
            wait = (response.headers or {}).get("retry-after")
            if told_to_wait(response.status_code, wait, response.text or ""):
                response.success()
                self.seen.told_to_wait[name] += 1
                time.sleep(float(wait or 0))
                return None
            if response.status_code not in {200, 204}:
                response.failure(f"{response.status_code}")
                self.seen.complain(f"{name}: {response.status_code} {response.text or response.error}")
                return None
            self.seen.milliseconds.setdefault(name, []).append((ended - began) * 1000)
            return response.text or "", began, ended


def _note(name: str, version: int, chance: random.Random) -> str:
    """Each state tells other years, and its number in each sentence."""
    return " ".join(
        f"The {kind} of {name} was built in {chance.randint(1200, 1950)} by the guild of {version} masons."
        for kind in _KINDS
    )


def _held(url: str) -> dict[str, str]:
    """The texts of all documents by id, which nobody changes meanwhile."""
    ids = [one["id"] for one in httpx.get(f"{url}/v1/documents").raise_for_status().json()]
    return {one: httpx.get(f"{url}/v1/documents/{one}").raise_for_status().json()["text"] for one in ids}


def main() -> None:
    """Run the traffic; print the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument(
        "--pace", type=float, default=2, help="seconds from one request of a client to its next"
    )
    chosen = parser.parse_args()
    Client.host = chosen.url
    Client.wait_time = between(chosen.pace / 2, chosen.pace * 3 / 2)
    Client.seen = seen = Seen()
    for document, text in _held(chosen.url).items():
        seen.history[document] = [Change(text, 0.0, 0.0)]
    environment = Environment(user_classes=[Client])
    runner = environment.create_local_runner()
    runner.start(chosen.clients, spawn_rate=chosen.clients)
    time.sleep(chosen.seconds)
    runner.stop()
    try:
        seen.check_end(_held(chosen.url), time.monotonic())
    except httpx.HTTPError as error:
        seen.complain(f"in the end the service does not tell what it holds: {error!r}")
    report = {
        "wrong": [
            *seen.wrong,
            *(f"{one.occurrences} x {one.error}" for one in environment.stats.errors.values()),
            *(f"{one['count']} x {one['msg']}: {one['traceback']}" for one in runner.exceptions.values()),
        ],
        "told_to_wait": seen.told_to_wait,
        "milliseconds": seen.milliseconds,
        "cited": seen.cited,
    }
    sys.stdout.write(json.dumps(report))


if __name__ == "__main__":
    main()
