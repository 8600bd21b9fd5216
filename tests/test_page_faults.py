"""The chat page when something is in its way: keys, a service that dies, full storage, files gone."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, FilePayload, Page, Route, expect

import chromium
from chromium import PATIENCE_MS, Site, ask, delete, opened, serious_faults

# pytest finds fixtures by their names in a module.
browser, site = chromium.browser, chromium.site

CHINA = "How much did China invest in Belarus?"
LISTED = "Lukashenko Isn’t Interested"


@pytest.fixture
def page(browser: Browser, site: Site) -> Iterator[Page]:
    """A fresh visit. The browser writes each refused request to the console, so that is not looked at."""
    page, watched = opened(browser, site)
    yield page
    page.context.close()
    assert watched.strangers == []


def files(*names: str) -> list[FilePayload]:
    return [{"name": name, "mimeType": "text/plain", "buffer": f"About {name}.\n".encode()} for name in names]


def guard(page: Page, *keys: str, path: str = "**/v1/**") -> None:
    """Have the service want one of these keys."""

    def check(route: Route) -> None:
        if route.request.headers.get("authorization", "") in {f"Bearer {key}" for key in keys}:
            route.continue_()
        else:
            problem = {
                "type": "urn:qa:problem:key-invalid",
                "title": "A key is needed",
                "detail": "Send one.",
            }
            route.fulfill(status=401, json={**problem, "status": 401})

    page.route(path, check)


def give(page: Page, key: str) -> None:
    page.get_by_label("Key", exact=True).fill(key)
    page.get_by_role("button", name="Use it").click()


def on_upload(page: Page, *answers: Callable[[Route], None]) -> None:
    """Have `answers` deal with the next uploads; lists and later uploads reach the service."""
    waiting = [*answers]

    def answer(route: Route) -> None:
        if route.request.method == "POST" and waiting:
            waiting.pop(0)(route)
        else:
            route.continue_()

    page.route("**/v1/documents", answer)


def answering(status: int, body: str) -> Callable[[Route], None]:
    return lambda route: route.fulfill(status=status, body=body, headers={"Retry-After": "2"})


def test_an_upload_that_goes_wrong_says_so_and_the_next_goes_on(page: Page) -> None:
    """Each failure holds up neither the queue nor the page."""
    failures: list[tuple[Callable[[Route], None], str]] = [
        (answering(200, "<html>Sign in</html>"), "a sign-in page or a proxy"),
        (answering(200, '{"results": []}'), "a sign-in page or a proxy"),
        (answering(502, "<html>Bad gateway</html>"), "look at the service's log"),
        (answering(503, '{"detail": "Another writes."}'), "Another writes. Try again in 2 seconds."),
        (answering(429, '{"detail": "More than 3."}'), "More than 3. Try again in 2 seconds."),
        (lambda route: route.abort("connectionreset"), "Check that it is running"),
    ]
    names = [f"file{number}.txt" for number in range(len(failures))]
    on_upload(page, *(answer for answer, _ in failures))
    page.set_input_files("#files", files(*names, "last.txt"))
    expect(page.get_by_role("button", name="Delete “last”")).to_be_visible(timeout=PATIENCE_MS)
    lines = page.locator(".upload.failed")
    expect(lines).to_have_count(len(failures))
    for number, (name, (_, said)) in enumerate(zip(names, failures, strict=True)):
        expect(lines.nth(number)).to_contain_text(name)
        expect(lines.nth(number).get_by_role("alert")).to_contain_text(said)
    delete(page, "last")


def test_a_file_that_is_gone_is_told_from_a_service_that_is(page: Page, tmp_path: Path) -> None:
    for name in ("first.txt", "second.txt"):
        (tmp_path / name).write_text("Some text.")

    def meanwhile(route: Route) -> None:
        (tmp_path / "second.txt").unlink()
        route.continue_()

    on_upload(page, meanwhile)
    page.set_input_files("#files", [tmp_path / "first.txt", tmp_path / "second.txt"])
    expect(page.locator(".upload.failed").get_by_role("alert")).to_contain_text("cannot read second.txt")
    delete(page, "first")


def test_an_upload_asks_for_the_key_and_then_goes_on(page: Page) -> None:
    expect(page.get_by_role("button", name=LISTED)).to_be_visible()
    guard(page, "secret", path="**/v1/documents")
    page.set_input_files("#files", files("bees.txt"))
    give(page, "secret")
    expect(page.get_by_role("button", name="Delete “bees”")).to_be_visible(timeout=PATIENCE_MS)
    page.unroute("**/v1/documents")
    delete(page, "bees")


def test_a_wrong_key_is_said_to_be_one_and_a_key_can_be_changed(page: Page) -> None:
    guard(page, "secret", "other")
    page.reload()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    expect(dialog.get_by_role("alert")).to_have_count(0)
    give(page, "wrong")
    expect(dialog.get_by_role("alert")).to_have_text("That key was not accepted.")
    assert serious_faults(page) == []
    dialog.get_by_role("button", name="Cancel").click()
    notice = page.locator("#notice")
    expect(notice).to_contain_text("A key is needed. Try again and give a key of this service.")
    notice.get_by_role("button", name="Try again").click()
    give(page, "secret")
    expect(page.get_by_role("button", name=LISTED)).to_be_visible()
    page.get_by_role("button", name="Change the key").click()
    with page.expect_request(re.compile("/v1/documents$")) as asked:
        give(page, "other")
    assert asked.value.headers["authorization"] == "Bearer other"


def test_a_page_in_the_place_of_the_service_is_recognised(page: Page) -> None:
    page.route("**/v1/**", lambda route: route.fulfill(body="<html>Sign in</html>", content_type="text/html"))
    page.reload()
    expect(page.locator("#notice")).to_contain_text("What answered is not this service")
    page.get_by_label("Your question").fill(CHINA)
    page.keyboard.press("Enter")
    expect(page.locator(".reply.error")).to_contain_text("What answered is not this service")


def test_a_service_that_dies_in_the_middle_of_an_answer(browser: Browser, site: Site) -> None:
    mortal = Site(site.settings)
    mortal.start()
    page, _ = opened(browser, mortal)
    expect(page.get_by_role("button", name=LISTED)).to_be_visible()
    with mortal.paced.step_by_step() as step:
        page.get_by_label("Your question").fill(CHINA)
        page.keyboard.press("Enter")
        step()
        expect(page.locator(".progress")).to_contain_text("Reading")
        mortal.kill()
        expect(page.locator(".reply.error")).to_contain_text("The connection ended before the answer did")
    expect(page.get_by_role("button", name="Ask", exact=True)).to_be_enabled()
    mortal.stop()
    page.context.close()


def test_the_description_of_the_routes_asks_for_the_key_and_uses_it(page: Page, site: Site) -> None:
    guard(page, "qa-right", path="**/openapi.json")
    guard(page, "qa-right")
    page.goto(site.url + "docs")
    give(page, "qa-right")
    page.locator(".opblock-get", has=page.locator("[data-path='/v1/documents']")).get_by_role(
        "button"
    ).first.click()
    page.get_by_role("button", name="Try it out").click()
    page.get_by_role("button", name="Execute").click()
    expect(page.locator(".live-responses-table")).to_contain_text("Lukashenko Isn’t Interested")


BLOCKED = """for (const name of ["localStorage", "sessionStorage"])
    Object.defineProperty(window, name, { get() { throw new DOMException("denied", "SecurityError"); } });"""
FULL = """Storage.prototype.setItem = () => { throw new DOMException("full", "QuotaExceededError"); };"""


@pytest.mark.parametrize("storage", [BLOCKED, FULL], ids=["blocked", "full"])
def test_without_storage_a_conversation_lasts_until_the_page_is_closed(page: Page, storage: str) -> None:
    page.add_init_script(storage)
    page.reload()
    ask(page, CHINA)
    expect(page.locator("#notice")).to_contain_text("This browser keeps no more conversations")
    page.get_by_role("button", name="Dismiss").click()
    ask(page, "And in how many projects?")
    expect(page.locator(".understood")).to_contain_text("China")
    expect(page.locator("#notice")).to_be_hidden()
    page.get_by_role("button", name="New conversation").click()
    ask(page, "Who won the world cup in 2014?")
    page.get_by_label("Conversations", exact=True).get_by_role("button", name=CHINA, exact=True).click()
    expect(page.locator(".turn")).to_have_count(2)


def test_a_list_of_documents_that_comes_late_hides_no_other_problem(page: Page) -> None:
    late: list[Route] = []
    page.add_init_script(FULL)
    page.route("**/v1/documents", lambda route: late.append(route))
    page.reload()
    ask(page, CHINA)
    expect(page.locator("#notice")).to_contain_text("This browser keeps no more conversations")
    late[0].continue_()
    expect(page.get_by_role("region", name="Documents (3)")).to_be_visible()
    expect(page.locator("#notice")).to_be_visible()


def test_when_the_room_is_full_the_oldest_conversations_give_way(page: Page) -> None:
    ask(page, CHINA)
    page.evaluate(
        """() => {
            const old = { updated: 1, turns: [{ question: "An old one" }] };
            for (let i = 0; ; i += 1)
                try {
                    const kept = { ...old, id: `old${i}`, room: "x".repeat(400_000) };
                    localStorage.setItem(`qa:conversation:old${i}`, JSON.stringify(kept));
                } catch { break; }
            for (let room = 100_000; room > 10; room /= 2)
                try { localStorage.setItem(`junk${room}`, "x".repeat(room)); } catch { /* as it should be */ }
        }"""
    )
    page.reload()
    before = page.get_by_role("button", name="Delete the conversation “An old one”").count()
    ask(page, "And in how many projects?")
    expect(page.locator("#notice")).to_be_hidden()
    page.reload()
    expect(page.locator(".turn")).to_have_count(2)
    after = page.get_by_role("button", name="Delete the conversation “An old one”").count()
    assert 0 < after < before
