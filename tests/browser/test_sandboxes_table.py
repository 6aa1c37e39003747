"""The table in a real browser on the whole stack: find the hottest, act on twenty, keep a view and follow its link."""

import re

import pytest
from playwright.sync_api import Page, expect

from runner.embedded import proc
from tests.browser.test_live_fleet import FIRST, SOON, sign_in
from tests.runner.conftest import Supervised

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
IN_DOM = "() => document.querySelectorAll('tr[data-key]').length"


def with_a_fleet(page: Page, stack: Supervised) -> str:
    """Signed in, and more sandboxes on record than a page has rows."""
    base = sign_in(page, stack)
    listed = f"{base}/sandboxes/"
    assert proc.wait_until(lambda: "more-row" in page.request.get(listed).text(), 120), "the first list has come"
    page.goto(listed)
    expect(page.locator("[data-live-word]")).to_have_text("Live", timeout=SOON)
    return base


def test_find_the_hottest_and_open_it_by_keyboard_alone(page: Page, shared_stack: Supervised) -> None:
    base = with_a_fleet(page, shared_stack)
    heading = page.get_by_role("link", name=re.compile("^CPU"))
    heading.focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{base}/sandboxes/?order=-cpu_pct")
    expect(page.locator("th[aria-sort=descending]")).to_contain_text("CPU")
    expect(page.locator("[data-live-word]")).to_have_text("Live", timeout=SOON)  # its scripts hear keys by then
    for _ in range(130):
        page.keyboard.press("j")
    expect(page.locator("tr.cur")).to_be_visible(timeout=SOON)
    assert page.evaluate(IN_DOM) <= 400, "rows out of view are let go"
    expect(page).to_have_url(re.compile(r"#at=\d+$"), timeout=SOON)
    place = page.url
    sandbox_id = page.locator("tr.cur").get_attribute("data-id")
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{base}/sandboxes/{sandbox_id}/")
    page.go_back()
    expect(page).to_have_url(place)
    expect(page.locator("tr[data-key]").first).to_be_visible(timeout=SOON)


def test_act_on_twenty_and_see_how_far_it_is(page: Page, shared_stack: Supervised) -> None:
    base = with_a_fleet(page, shared_stack)
    page.goto(f"{base}/sandboxes/?state=running&order=-end_at")
    for number in range(8):  # the question names those at work, so there must be samples
        expect(page.locator("tr[data-key] [data-cell=cpu]").nth(number)).to_have_text(re.compile(r"\d"), timeout=FIRST)
    boxes = page.locator("[data-pick]")
    boxes.first.check()
    boxes.nth(19).click(modifiers=["Shift"])
    expect(page.locator("[data-bulk-count]")).to_have_text("20 selected")
    page.locator("[data-bulk-act=kill]").click()
    question = page.locator("#ask[open]")
    expect(question).to_contain_text("Kill 20 sandboxes?", timeout=SOON)
    expect(question.locator(".busiest")).to_have_count(5)
    button = question.get_by_role("button", name="Kill 20")
    expect(button).to_be_disabled()
    question.get_by_label("Type 20 to confirm").fill("20")
    button.click()
    told = page.locator("[data-progress]")
    expect(told).to_contain_text(re.compile(r"\d+ of 20 killed"), timeout=SOON)
    expect(told.get_by_label("Answered")).to_have_count(0, timeout=SOON)
    expect(told).to_contain_text(re.compile("20 of 20 killed"))


def test_all_that_match_are_counted_before_anything_is_done(page: Page, shared_stack: Supervised) -> None:
    with_a_fleet(page, shared_stack)
    page.locator("[data-all]").check()
    page.locator("[data-bulk-every]").click()
    expect(page.locator("[data-bulk-count]")).to_have_text(re.compile(r"^All [\d,]+ that match$"))
    page.locator("[data-bulk-act=pause]").click()
    question = page.locator("#ask[open]")
    expect(question).to_contain_text(re.compile(r"Pause \d+ sandboxes\?"), timeout=SOON)
    question.get_by_role("button", name="Cancel").click()
    expect(question).to_have_count(0)
    page.keyboard.press("Escape")
    expect(page.locator("[data-bulk]")).to_be_hidden()


def test_build_a_view_save_it_and_follow_its_link(page: Page, shared_stack: Supervised) -> None:
    base = with_a_fleet(page, shared_stack)
    page.get_by_text("Columns", exact=True).click()
    page.get_by_label("Burn, $/h", exact=True).check()
    page.get_by_label("Lease", exact=True).check()
    page.get_by_role("button", name="Apply", exact=True).click()
    expect(page.get_by_role("columnheader", name="Lease")).to_be_attached()
    page.goto(f"{base}/sandboxes/?environment=prod&order=-burn_usd_per_hour")
    page.get_by_text("Save view", exact=True).click()
    page.get_by_label("Name", exact=True).fill("Dear prod")
    page.get_by_label("Shared with everyone").check()
    page.get_by_role("button", name="Save", exact=True).click()
    tab = page.get_by_role("navigation", name="Views").get_by_role("link", name="Dear prod")
    expect(tab).to_have_attribute("aria-current", "true")
    page.get_by_text("View", exact=True).click()
    link = page.get_by_label("Link").input_value()
    page.goto(f"{base}/")
    page.goto(link)
    expect(tab).to_have_attribute("aria-current", "true")
    expect(page.locator(".tok")).to_contain_text("prod")
    expect(page.get_by_role("columnheader", name="Lease")).to_be_attached()
