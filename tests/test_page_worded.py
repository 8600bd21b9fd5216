"""The chat page beside a language model: whose words are shown, and that each opens its source."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

import chromium
from chromium import ask
from fakes import FakeGenerator
from live import serving
from qa.errors import GeneratorUnavailable
from qa.pipeline import QA
from qa.settings import Settings
from qa_api.app import create_app
from test_speak import CHINA, SAID, reply

browser = chromium.browser  # pytest finds fixtures by their names in a module


@pytest.mark.parametrize(
    ("said", "failure", "told"),
    [
        (reply((SAID, [1])), None, "Worded by fake; open a source for its own words."),
        ("", GeneratorUnavailable("The model is away; start it."), "The language model is away or too slow."),
    ],
)
def test_the_page_says_whose_words_it_shows(
    said: str, failure: GeneratorUnavailable | None, told: str, browser: Browser, settings: Settings, qa: QA
) -> None:
    own = QA(qa.index, qa.embedder, FakeGenerator(said, error=failure))
    with serving(create_app(settings, own)) as url:
        page = browser.new_page()
        page.goto(url)
        ask(page, CHINA)
        expect(page.get_by_text(told)).to_be_visible()
        page.get_by_role("button", name="Source [1]").first.click()
        expect(page.locator("#source")).to_contain_text("invested $185 million in twelve economic projects")
        page.close()
