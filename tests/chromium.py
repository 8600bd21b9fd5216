"""A real Chromium over the real service, for the tests of the chat page."""

from __future__ import annotations

import asyncio
import re
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager
from importlib.resources import files
from typing import Any

import pytest
import uvicorn
from playwright.sync_api import Browser, Page, ViewportSize, expect, sync_playwright
from starlette.types import ASGIApp, Receive, Scope, Send

from conftest import ROOT
from qa.settings import Settings
from qa_api.app import create_app

# The browser must not ask its maker for anything: no update, no safe browsing, no first-run page.
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
WIDE: ViewportSize = {"width": 1440, "height": 900}
NARROW: ViewportSize = {"width": 390, "height": 800}
PATIENCE_MS = 20_000


class Paced:
    """The app; inside `step_by_step` each event of a stream waits to be let go, so that tests see it come."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._held: threading.Semaphore | None = None

    @contextmanager
    def step_by_step(self) -> Iterator[Callable[[], None]]:
        """Gives what lets the next event go; at the end all go."""
        held = self._held = threading.Semaphore(0)
        try:
            yield held.release
        finally:
            self._held = None
            held.release(1_000)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def paced(message: MutableMapping[str, Any]) -> None:
            held = self._held
            if held and message.get("body") and scope["path"] == "/v1/ask/stream":
                await asyncio.to_thread(held.acquire)
            await send(message)

        await self.app(scope, receive, paced if scope["type"] == "http" else send)


class Site:
    """The running service: its address, its pace and the file of its verdicts."""

    def __init__(self, settings: Settings) -> None:
        self.paced = Paced(create_app(settings))
        self.settings = settings
        self.feedback = settings.feedback
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}/"
        self._server = uvicorn.Server(uvicorn.Config(self.paced, log_level="error"))
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],))

    def start(self) -> None:
        self._thread.start()
        while not self._server.started:
            time.sleep(0.01)

    def kill(self) -> None:
        """End at once, whatever is being answered."""
        self._server.force_exit = True
        self._server.should_exit = True

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join()
        self._socket.close()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    from qa.build import run_ingest

    folder = tmp_path_factory.mktemp("site")
    settings = Settings(corpus=ROOT / "corpus", index=folder / "index", feedback=folder / "feedback.jsonl")
    run_ingest(settings, [settings.corpus])
    site = Site(settings)
    site.start()
    yield site
    site.stop()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        pytest.fail("These tests drive a Chromium and there is none; 'apt-get install chromium' brings it.")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield launched
        launched.close()


class Watched:
    """What a page complained of and whom it asked."""

    def __init__(self, page: Page, site: Site) -> None:
        self.complaints: list[str] = []
        self.strangers: list[str] = []
        page.on("console", lambda one: self.complaints.append(one.text) if one.type != "log" else None)
        page.on("pageerror", lambda one: self.complaints.append(str(one)))
        page.on("request", lambda one: self._asked(one.url, site.url))

    def _asked(self, url: str, own: str) -> None:
        if not url.startswith((own, "data:")):
            self.strangers.append(url)


def opened(browser: Browser, site: Site, **options: Any) -> tuple[Page, Watched]:
    context = browser.new_context(viewport=options.pop("viewport", WIDE), **options)
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    watched = Watched(page, site)
    page.goto(site.url)
    return page, watched


@pytest.fixture
def page(browser: Browser, site: Site) -> Iterator[Page]:
    """A fresh visit, which must end without a console error and without a request to another host."""
    page, watched = opened(browser, site)
    yield page
    page.context.close()
    assert (watched.complaints, watched.strangers) == ([], [])


def ask(page: Page, question: str) -> None:
    """Type a question and wait for its answer."""
    before = page.locator(".turn").count()
    page.get_by_label("Your question").fill(question)
    page.keyboard.press("Enter")
    expect(page.locator(".turn")).to_have_count(before + 1)
    expect(page.locator(".turn").last.locator(".foot")).to_be_visible(timeout=PATIENCE_MS)


def upload(page: Page, name: str, content: str) -> None:
    page.set_input_files("#files", {"name": name, "mimeType": "text/plain", "buffer": content.encode()})
    expect(page.locator(".upload").last).to_contain_text(re.compile("Added|Replaced"), timeout=PATIENCE_MS)


def delete(page: Page, title: str) -> None:
    page.get_by_role("button", name=f"Delete “{title}”").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_role("button", name=f"Delete “{title}”")).to_have_count(0)


def serious_faults(page: Page) -> list[str]:
    """What axe-core finds of impact serious or critical in the page as it stands."""
    page.evaluate(files("axe_playwright_python").joinpath("axe.min.js").read_text())
    found = page.evaluate("axe.run()")["violations"]
    return [
        f"{one['id']}: {node['target']}"
        for one in found
        if one["impact"] in {"serious", "critical"}
        for node in one["nodes"]
    ]
