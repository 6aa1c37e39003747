"""The honeycomb in a real browser: grouped and lit as one chooses, by keyboard alone; and the list of the past."""

import re

import pytest
from playwright.sync_api import Page, expect

from runner.embedded import proc
from tests.browser.test_live_fleet import FIRST, SOON, sign_in
from tests.browser.test_past import on_record
from tests.runner.conftest import Supervised

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def in_view(page: Page, stack: Supervised) -> str:
    base = sign_in(page, stack)
    expect(page.locator("[data-live-word]")).to_have_text("Live", timeout=SOON)
    expect(page.locator("[data-comb] canvas")).to_be_visible(timeout=FIRST)
    return base


def test_group_it_light_an_owner_and_find_it_so_again(page: Page, shared_stack: Supervised) -> None:
    base = in_view(page, shared_stack)
    page.locator("[data-by]").select_option("environment")
    expect(page).to_have_url(f"{base}/?by=environment")
    page.get_by_role("button", name="Owner", exact=True).first.click()
    owners = page.locator("[data-owners] button")
    expect(owners.first).to_have_attribute("aria-pressed", "true")
    expect(page.locator("[data-scale]")).to_be_hidden()
    expect(owners.first).to_contain_text(re.compile(r"[1-9]\d$"), timeout=SOON)  # until then they change places
    second = owners.nth(1).locator("span").nth(1).inner_text()
    page.get_by_role("button", name=re.compile(f"^{re.escape(second)}")).click()
    chosen = page.locator("[data-owners] [aria-pressed=true]")
    expect(chosen).to_contain_text(second)
    expect(page).to_have_url(re.compile(rf"by=environment&colour=owner&owner={re.escape(second)}$"))

    page.goto(f"{base}/events/")
    page.goto(f"{base}/")
    expect(page.locator("[data-by]")).to_have_value("environment")
    expect(chosen).to_contain_text(second, timeout=SOON)
    page.goto(f"{base}/?by=state&colour=mem")  # a link says how whoever sent it saw it
    expect(page.locator("[data-by]")).to_have_value("state")
    expect(page.locator("[data-measure=mem]")).to_have_attribute("aria-pressed", "true")


def test_by_keyboard_alone_from_the_honeycomb_to_a_sandbox_and_back(page: Page, shared_stack: Supervised) -> None:
    base = in_view(page, shared_stack)
    page.locator("[data-comb]").focus()
    page.keyboard.press("ArrowRight")
    says = page.locator("[data-comb-says]")
    expect(says).to_have_text(re.compile(r"^i\w+, (running|paused|orphan), .+, CPU "))
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    expect(page.locator(".tip .id")).to_be_visible()
    sandbox_id = says.inner_text().split(",")[0]
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{base}/sandboxes/{sandbox_id}/")
    listens = page.locator("[data-live-word]")  # an address changes before the scripts of its page hear a key
    expect(listens).to_have_text("Live", timeout=SOON)
    page.keyboard.press("g")
    page.keyboard.press("f")
    expect(page).to_have_url(f"{base}/")
    expect(listens).to_have_text("Live", timeout=SOON)
    page.keyboard.press("?")
    expect(page.locator("#keys[open]")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#keys[open]")).to_have_count(0)


def test_the_past_says_which_sandboxes_there_were(page: Page, shared_stack: Supervised) -> None:
    base = in_view(page, shared_stack)
    assert proc.wait_until(lambda: on_record(page, base, 10), 120), "there is a past"
    page.get_by_role("slider").focus()
    page.keyboard.press("Shift+ArrowLeft")
    rows = page.locator("[data-then] tbody tr:not(.spacer)")
    expect(rows.first).to_be_visible(timeout=SOON)
    count = page.locator("[data-then-count]")
    expect(count).to_have_text(re.compile(r"^[\d,]+$"))
    page.locator("[data-then-order=id]").click()
    expect(page.locator("[data-then] [aria-sort=ascending]")).to_have_text("Sandbox")
    shown = rows.locator("a.id").all_inner_texts()
    assert shown == sorted(shown)
    page.keyboard.press("Escape")
    expect(page.locator("[data-then]")).to_be_hidden()
