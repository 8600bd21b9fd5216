"""The chat page: what a visitor asks, sees and opens."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

import chromium
from chromium import PATIENCE_MS, Site, ask, delete, upload
from conftest import ROOT

# pytest finds fixtures by their names in a module.
browser, page, site = chromium.browser, chromium.page, chromium.site

CHINA = "How much did China invest in Belarus?"
TREATY = "When was the union treaty signed?"
UNKNOWN = "Who won the world cup in 2014?"


def test_an_answer_streams_evidence_then_claims_then_the_whole(page: Page, site: Site) -> None:
    with site.paced.step_by_step() as step:
        page.get_by_label("Your question").fill(TREATY)
        page.get_by_role("button", name="Ask", exact=True).click()
        expect(page.locator(".progress")).to_have_text("Searching the documents…")
        step()
        expect(page.locator(".progress")).to_have_text(re.compile(r"Reading 10 passages from \d documents?…"))
        expect(page.locator(".claim")).to_have_count(0)
        step()
        expect(page.locator(".streaming .claim")).to_have_count(1)
        expect(page.locator(".foot")).to_have_count(0)
    expect(page.locator(".foot")).to_be_visible()
    expect(page.locator(".streaming")).to_have_count(0)


def test_a_question_can_be_stopped_and_asked_again(page: Page, site: Site) -> None:
    with site.paced.step_by_step() as step:
        page.get_by_label("Your question").fill(TREATY)
        page.keyboard.press("Enter")
        step()
        expect(page.locator(".progress")).to_contain_text("Reading")
        page.get_by_role("button", name="Stop").click()
        expect(page.locator(".reply.error")).to_contain_text("You stopped this question.")
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(".conflict .foot")).to_be_visible()


def test_a_citation_opens_its_document_at_the_exact_quote(page: Page) -> None:
    ask(page, CHINA)
    page.get_by_role("button", name="Source [1]").click()
    source = page.get_by_role("complementary")
    expect(source.get_by_role("heading")).to_have_text("Lukashenko Isn’t Interested in Belarus-Russia Union")
    expect(source).to_contain_text("Published December 2019")
    expect(source).to_contain_text("“Last year”: 2018")
    quote = source.locator("mark")
    expect(quote).to_have_text(
        "Last year, China invested $185 million in twelve economic projects in Belarus, including the"
        " construction of a China-Belarus Industrial Park that could eventually attract billions in"
        " investments."
    )
    expect(quote).to_be_in_viewport(ratio=1)
    expect(quote.locator(".short")).to_have_text("$185 million")
    stored = (ROOT / "corpus/002_dca27c1875aea8af.txt").read_text()
    assert (source.locator(".source-text").text_content() or "").strip() == stored.strip()


def test_the_keyboard_opens_closes_and_returns(page: Page) -> None:
    question = page.get_by_label("Your question")
    question.press_sequentially("one")
    page.keyboard.press("Shift+Enter")
    assert question.input_value() == "one\n"
    ask(page, CHINA)
    mark = page.get_by_role("button", name="Source [1]")
    mark.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#source mark")).to_be_visible()
    expect(page.locator("#source-title")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#source")).to_be_hidden()
    expect(mark).to_be_focused()


def tab_to(page: Page, name: str) -> None:
    """Press Tab until what has this name has the focus."""
    focused = "document.activeElement === document.body ? null : document.activeElement"
    label = f"(one => one && (one.ariaLabel ?? one.textContent).trim())({focused})"
    for _ in range(40):
        page.keyboard.press("Tab")
        if (page.evaluate(label) or "").startswith(name):
            return
    raise AssertionError(f"Tab does not come to {name}")


def test_all_is_done_without_a_mouse(page: Page) -> None:
    expect(page.get_by_label("Example questions").get_by_role("button")).to_have_count(4, timeout=PATIENCE_MS)
    tab_to(page, "Skip to the question")
    page.keyboard.press("Enter")
    question = page.get_by_label("Your question")
    expect(question).to_be_focused()
    page.keyboard.type(TREATY)
    page.keyboard.press("Enter")
    expect(page.locator(".foot")).to_be_visible()
    tab_to(page, "Source [2]")
    page.keyboard.press("Enter")
    expect(page.locator("#source mark")).to_contain_text("In 1997")
    tab_to(page, "Previous source")
    page.keyboard.press("Enter")
    expect(page.locator("#source mark")).to_contain_text("treaty in 1996")
    page.keyboard.press("Escape")
    tab_to(page, "Bad answer")
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name="Bad answer")).to_have_attribute("aria-pressed", "true")
    tab_to(page, "Delete the conversation")
    page.keyboard.press("Enter")
    tab_to(page, "Delete")
    page.keyboard.press("Enter")
    expect(page.locator(".turn")).to_have_count(0)


def test_a_conflict_has_a_column_a_side(page: Page) -> None:
    ask(page, TREATY)
    expect(page.locator(".conflict .lead")).to_have_text("The sources disagree.")
    sides = page.locator(".side")
    expect(sides.locator(".value")).to_have_text(["1996", "1997"])
    expect(sides.first.locator("blockquote")).to_contain_text("the signing of a treaty in 1996")
    expect(sides.last).to_contain_text("Lukashenko Isn’t Interested in Belarus-Russia Union · December 2019")
    left, right = (sides.nth(i).bounding_box() for i in (0, 1))
    assert left
    assert right
    assert left["y"] == right["y"]


def test_values_of_different_times_each_have_their_date(page: Page) -> None:
    ask(page, "How long has Lukashenko been in power?")
    expect(page.locator(".as-of")).to_have_text(["As of December 2019", "As of April 2023"])
    expect(page.locator(".value")).to_have_text(["more than 25 years", "almost 30 years"])


def test_a_refusal_shows_what_came_nearest_as_no_answer(page: Page) -> None:
    ask(page, UNKNOWN)
    expect(page.locator(".not_found .lead")).to_have_text("The documents do not say.")
    nearest = page.get_by_label("Nearest passages, not an answer")
    expect(nearest).to_contain_text("They do not answer the question.")
    expect(nearest.get_by_role("button")).to_have_count(3)
    expect(page.locator(".mark")).to_have_count(0)
    nearest.get_by_role("button").first.click()
    expect(page.locator("#source mark")).to_be_in_viewport()


def test_confidence_is_in_words_with_the_number_behind(page: Page) -> None:
    ask(page, CHINA)
    words = page.locator(".confidence")
    expect(words).to_have_text(
        re.compile("High confidence. The documents answer .* probability of 9[0-9] %.")
    )


def test_a_follow_up_is_shown_as_it_was_understood(page: Page) -> None:
    ask(page, CHINA)
    ask(page, "And in how many projects?")
    expect(page.locator(".understood")).to_contain_text("China")
    expect(page.locator(".turn").last.locator(".claim")).to_contain_text("twelve economic projects")


def test_an_uploaded_document_answers_until_it_is_deleted(page: Page) -> None:
    question = "Where does the lighthouse keeper of Vardholm keep his bees?"
    upload(
        page, "bees.txt", "Vardholm\n\nThe lighthouse keeper of Vardholm keeps his bees in the old chapel.\n"
    )
    ask(page, question)
    expect(page.locator(".claim")).to_contain_text("keeps his bees in the old chapel")
    page.get_by_role("button", name="Delete “Vardholm”").click()
    page.get_by_role("button", name="Cancel").click()
    delete(page, "Vardholm")
    ask(page, question)
    expect(page.locator(".turn").last.locator(".not_found")).to_contain_text("The documents do not say.")


def test_a_file_that_cannot_be_read_says_so_beside_its_name(page: Page) -> None:
    page.set_input_files("#files", {"name": "film.mp4", "mimeType": "video/mp4", "buffer": b"\0"})
    line = page.locator(".upload.failed")
    expect(line).to_contain_text("film.mp4")
    expect(line.get_by_role("alert")).to_contain_text("can't be read")
    line.get_by_role("button", name="Dismiss").click()
    expect(line).to_have_count(0)


def test_brackets_in_a_quote_are_no_sources(page: Page) -> None:
    upload(page, "lamp.txt", "Quorn\n\nThe lamp of Quorn was lit in 1871 [1], as the log [2] has it [7].\n")
    ask(page, "When was the lamp of Quorn lit?")
    claim = page.locator(".claim")
    expect(claim).to_contain_text("was lit in 1871 [1], as the log [2] has it [7].")
    expect(claim.locator(".mark")).to_have_text(["[1]"])
    expect(claim.locator("a")).to_have_count(0)
    delete(page, "Quorn")


def test_dropped_files_are_uploaded(page: Page) -> None:
    page.evaluate(
        """() => {
            const dataTransfer = new DataTransfer();
            dataTransfer.items.add(new File(["Dropped\\n\\nA dropped file on kestrels.\\n"], "dropped.txt"));
            const options = { dataTransfer, bubbles: true, cancelable: true };
            for (const kind of ["dragover", "drop"])
                document.body.dispatchEvent(new DragEvent(kind, options));
        }"""
    )
    expect(page.get_by_role("button", name="Delete “Dropped”")).to_have_count(1, timeout=PATIENCE_MS)
    delete(page, "Dropped")


def test_offsets_hold_in_a_text_with_emoji(page: Page) -> None:
    sentence = "The 🐙 octopus Paul foretold eight matches in 2010."
    upload(
        page,
        "paul.txt",
        f"😀😀😀 Paul 🎉\n\n🐟🐟 Fish 👨‍👩‍👧 were his food. {sentence} He died in 🏴 Oberhausen.\n",
    )
    ask(page, "How many matches did the octopus Paul foretell?")
    page.get_by_role("button", name="Source [1]").click()
    expect(page.locator("#source mark")).to_have_text(sentence)
    delete(page, "😀😀😀 Paul 🎉")


def test_markup_in_a_document_and_its_title_stays_text(page: Page) -> None:
    attack = "<img src=x onerror=window.pwned=1><b onmouseover=window.pwned=1>"
    upload(page, "attack.txt", f"{attack} Zumbrota\n\nThe mayor of Zumbrota is called {attack} Hedwig.\n")
    ask(page, "How is the mayor of Zumbrota called?")
    expect(page.locator(".claim")).to_contain_text(attack)
    page.get_by_role("button", name="Source [1]").click()
    expect(page.locator("#source mark")).to_contain_text(attack)
    expect(page.locator("#source-title")).to_contain_text(attack)
    assert page.locator("img, b, body script").count() == 0
    assert page.evaluate("window.pwned") is None
    delete(page, f"{attack} Zumbrota")
