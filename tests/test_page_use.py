"""The chat page: what it keeps, shares and copies, what it does when things go wrong, and who can use it."""

from __future__ import annotations

import json
import re
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

import chromium
from chromium import NARROW, PATIENCE_MS, WIDE, Site, ask, delete, opened, serious_faults, upload
from conftest import ROOT

# pytest finds fixtures by their names in a module.
browser, page, site = chromium.browser, chromium.page, chromium.site

PAGE_FILES = sorted((ROOT / "api/qa_api/page").iterdir())
CHINA = "How much did China invest in Belarus?"
TREATY = "When was the union treaty signed?"
UNKNOWN = "Who won the world cup in 2014?"


@pytest.mark.parametrize("path", PAGE_FILES, ids=lambda path: path.name)
def test_the_page_parses_nothing_as_markup_and_names_no_other_host(path: Any) -> None:
    text = path.read_text()
    assert len(text.splitlines()) <= 300
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", text)
    assert not re.search(r"\son\w+=|<style|style=|<script>", text)
    hosts = set(re.findall(r"https?://[\w.]+", text)) - {"http://www.w3.org"}  # the name space of SVG
    assert not hosts


def test_example_questions_come_from_the_documents_and_are_answered(page: Page) -> None:
    examples = page.get_by_label("Example questions").get_by_role("button")
    expect(examples).to_have_count(4, timeout=PATIENCE_MS)
    examples.first.click()
    expect(page.locator(".turn .answered .mark").first).to_be_visible()


def test_conversations_are_kept_in_the_browser(page: Page) -> None:
    ask(page, CHINA)
    page.reload()
    expect(page.locator(".turn .claim")).to_contain_text("$185 million")
    page.get_by_role("button", name="New conversation").click()
    expect(page.locator(".turn")).to_have_count(0)
    ask(page, UNKNOWN)
    kept = page.get_by_label("Conversations", exact=True).get_by_role("button", name=CHINA, exact=True)
    kept.click()
    expect(page.locator(".question")).to_have_text(CHINA)
    page.get_by_role("button", name=f"Delete the conversation “{CHINA}”").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(kept).to_have_count(0)
    expect(page.locator(".turn")).to_have_count(0)


def test_a_link_opens_one_citation(page: Page, site: Site) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    ask(page, CHINA)
    page.get_by_role("button", name="Source [1]").click()
    page.get_by_role("button", name="Copy a link to this quote").click()
    expect(page.locator("#status")).to_have_text("Copied.")
    link = page.evaluate("navigator.clipboard.readText()")
    assert link.startswith(f"{site.url}#doc=002_dca27c1875aea8af&start=2138&end=2333&rev=")
    page.goto("about:blank")
    page.goto(link)
    expect(page.locator("#source mark")).to_have_text(re.compile("^Last year, China .* investments[.]$"))
    expect(page.locator("#source mark")).to_be_in_viewport()


def test_an_answer_is_copied_with_its_citations(page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    ask(page, CHINA)
    page.get_by_role("button", name="Copy the answer with its sources").click()
    expect(page.locator("#status")).to_have_text("Copied.")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith(CHINA)
    assert "[1] “Last year, China invested" in copied
    assert "Lukashenko Isn’t Interested in Belarus-Russia Union, December 2019" in copied


def test_a_verdict_reaches_the_service_and_stays(page: Page, site: Site) -> None:
    ask(page, CHINA)
    good = page.get_by_role("button", name="Good answer")
    good.click()
    expect(good).to_have_attribute("aria-pressed", "true")
    page.reload()
    expect(good).to_have_attribute("aria-pressed", "true")
    assert CHINA in json.loads(site.feedback.read_text().splitlines()[-1])["question"]


def test_a_quote_of_a_replaced_document_is_never_marked_by_guess(page: Page) -> None:
    upload(page, "plums.txt", "Plums of Yarrow\n\nThe plums of Yarrow ripen in late September.\n")
    ask(page, "When do the plums of Yarrow ripen?")
    mark = page.get_by_role("button", name="Source [1]")
    upload(
        page, "plums.txt", "Plums of Yarrow\n\nNew edition 🍑. The plums of Yarrow ripen in late September.\n"
    )
    mark.click()
    expect(page.locator("#source .warning")).to_contain_text("the quote has moved")
    expect(page.locator("#source mark")).to_have_text("The plums of Yarrow ripen in late September.")
    page.keyboard.press("Escape")
    upload(
        page, "plums.txt", "Plums of Yarrow\n\nThe trees of Yarrow were felled, and no plum is left there.\n"
    )
    mark.click()
    expect(page.locator("#source .warning")).to_contain_text("no longer at this place")
    expect(page.locator("#source mark")).to_have_count(0)
    page.keyboard.press("Escape")
    delete(page, "Plums of Yarrow")


def test_a_quote_of_a_deleted_document_says_that_it_is_gone(browser: Browser, site: Site) -> None:
    page, _ = opened(browser, site)  # the browser itself logs the 404
    upload(page, "pears.txt", "Pears of Yarrow\n\nThe pears of Yarrow ripen in early October.\n")
    ask(page, "When do the pears of Yarrow ripen?")
    delete(page, "Pears of Yarrow")
    page.get_by_role("button", name="Source [1]").click()
    expect(page.locator("#source")).to_contain_text("no longer among the documents")
    page.context.close()


def test_when_the_service_is_away_the_page_says_so_and_tries_again(browser: Browser, site: Site) -> None:
    page, _ = opened(browser, site)
    page.route("**/v1/**", lambda route: route.abort())
    page.get_by_label("Your question").fill(CHINA)
    page.keyboard.press("Enter")
    expect(page.locator(".reply.error")).to_contain_text("The service cannot be reached")
    page.reload()
    notice = page.locator("#notice")
    expect(notice).to_contain_text("Check that it is running (qa serve)")
    page.unroute("**/v1/**")
    notice.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("button", name="Lukashenko Isn’t Interested")).to_be_visible()
    expect(notice).to_be_hidden()
    page.locator(".reply").get_by_role("button", name="Try again").click()
    expect(page.locator(".claim")).to_contain_text("$185 million")
    page.context.close()


def test_a_problem_of_the_service_is_shown_in_its_words(browser: Browser, site: Site) -> None:
    page, _ = opened(browser, site)
    problem = {"type": "urn:x", "title": "Too many requests", "status": 429, "detail": "Wait a little."}
    page.route(
        "**/v1/ask/stream",
        lambda route: route.fulfill(status=429, json=problem, headers={"Retry-After": "7"}),
    )
    page.get_by_label("Your question").fill(CHINA)
    page.keyboard.press("Enter")
    expect(page.locator(".reply.error")).to_contain_text(
        "Too many requests.Wait a little. Try again in 7 seconds."
    )
    page.unroute("**/v1/ask/stream")
    broken = 'event: evidence\r\ndata: {"standalone_question": "q", "evidence": []}\r\n\r\n'
    page.route("**/v1/ask/stream", lambda route: route.fulfill(body=broken, content_type="text/event-stream"))
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(".reply.error")).to_contain_text("The connection ended before the answer did")
    page.context.close()


def test_a_service_with_keys_asks_for_one_once(browser: Browser, site: Site) -> None:
    page, _ = opened(browser, site)

    def guard(route: Any) -> None:
        if route.request.headers.get("authorization") == "Bearer secret":
            route.continue_()
        else:
            route.fulfill(status=401, json={"title": "A key is needed", "status": 401, "detail": "Send one."})

    page.route("**/v1/**", guard)
    page.reload()
    page.get_by_label("Key", exact=True).fill("secret")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Lukashenko Isn’t Interested")).to_be_visible()
    ask(page, CHINA)
    page.context.close()


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_serious_fault(
    browser: Browser, site: Site, scheme: Literal["light", "dark"], size: ViewportSize
) -> None:
    page, _ = opened(browser, site, viewport=size, color_scheme=scheme)
    expect(page.get_by_label("Example questions").get_by_role("button").first).to_be_visible()
    assert serious_faults(page) == [], "empty"
    ask(page, CHINA)
    ask(page, "And in how many projects?")
    ask(page, TREATY)
    ask(page, "How long has Lukashenko been in power?")
    ask(page, UNKNOWN)
    assert serious_faults(page) == [], "answers"
    page.set_input_files("#files", {"name": "film.mp4", "mimeType": "video/mp4", "buffer": b"\0"})
    if size == NARROW:
        page.get_by_role("button", name="Conversations and documents").click()
    expect(page.locator(".upload.failed")).to_be_visible()
    assert serious_faults(page) == [], "rail"
    page.get_by_role("button", name=re.compile("Delete the conversation")).click()
    assert serious_faults(page) == [], "dialog"
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Source [1]").first.click()
    expect(page.locator("#source mark")).to_be_visible()
    assert serious_faults(page) == [], "source"
    page.context.close()


def test_a_narrow_screen_has_the_source_as_a_sheet_and_nothing_overflows(
    browser: Browser, site: Site
) -> None:
    page, watched = opened(browser, site, viewport=NARROW)
    ask(page, TREATY)
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]
    page.get_by_role("button", name="Source [1]").click()
    expect(page.locator("#source mark")).to_be_in_viewport()
    box = page.locator("#source").bounding_box()
    assert box is not None
    assert box["width"] == NARROW["width"]
    assert page.locator("main").evaluate("main => main.inert")
    page.mouse.click(195, 20)
    expect(page.locator("#source")).to_be_hidden()
    assert not page.locator("main").evaluate("main => main.inert")
    page.get_by_role("button", name="Conversations and documents").click()
    page.locator("#documents").get_by_role("button").first.click()
    expect(page.locator("#source .source-text")).to_be_visible()
    expect(page.locator("#rail")).to_be_hidden()
    page.keyboard.press("Escape")
    expect(page.get_by_label("Your question")).to_be_focused()
    page.context.close()
    assert (watched.complaints, watched.strangers) == ([], [])
