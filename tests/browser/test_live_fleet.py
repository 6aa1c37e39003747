"""The main job in a real browser on the whole stack: sign in, watch a chart move, kill a sandbox, see it go."""

import re

import pytest
from playwright.sync_api import Page, expect

from runner.embedded import proc
from tests.runner.conftest import Supervised

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
PASSWORD = "a-password-for-the-test"
SOON = 30_000
FIRST = 120_000  # the first list of a stack that has just begun to run, on a busy machine

NEWEST = "() => Number(document.querySelector('[data-plot=cpu] .js-plotly-plot')?.data?.[0].x.at(-1) ?? 0)"


def sign_in(page: Page, stack: Supervised) -> str:
    """Signed in to this stack, which is started first unless it runs."""
    if not stack.runs:
        stack.start(E2B_API_URL="", LOG_LEVEL="WARNING", SANDWARDEN_ADMIN_PASSWORD=PASSWORD)
    stack.hears("The fleet is simulated", 120)
    base = f"http://127.0.0.1:{stack.port}"
    page.goto(base)
    enter(page)
    return base


def enter(page: Page) -> None:
    """From the sign-in page, that is open, to Fleet."""
    page.get_by_label("Name").fill("admin")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Fleet")).to_be_visible()


def test_sign_in_watch_a_chart_move_and_kill_a_sandbox(page: Page, shared_stack: Supervised) -> None:
    base = sign_in(page, shared_stack)
    expect(page.locator("[data-simulated]")).to_be_visible()
    expect(page.locator("[data-live-word]")).to_have_text("Live", timeout=SOON)
    expect(page.locator("[data-comb] canvas")).to_be_visible(timeout=FIRST)

    # The page's policy forbids wait_for_function, which evaluates text in the page: we look again and again instead.
    assert proc.wait_until(lambda: page.evaluate(NEWEST) > 0, 60), "the chart is drawn"
    before = page.evaluate(NEWEST)
    assert proc.wait_until(lambda: page.evaluate(NEWEST) > before, 60), "the chart moves"

    page.keyboard.press("g")
    page.keyboard.press("s")
    expect(page).to_have_url(f"{base}/sandboxes/")
    page.goto(f"{base}/sandboxes/?state=running&order=-end_at")
    row = page.locator("tr[data-key]").first
    cpu = row.locator("[data-cell=cpu]")
    expect(cpu).to_have_text(re.compile(r"\d+\.\d%"), timeout=SOON)
    sandbox_id = row.locator("a.id").inner_text()

    row.locator("[data-pick]").check()
    expect(page.locator("[data-bulk-count]")).to_have_text("1 selected")
    page.locator("[data-bulk-act=kill]").click()
    question = page.locator("#ask[open]")
    expect(question).to_contain_text(f"Kill {sandbox_id}?")
    question.get_by_label("Reason").fill("the browser test")
    question.get_by_role("button", name="Kill", exact=True).click()
    expect(question).to_have_count(0)
    expect(row).to_have_class(re.compile("is-gone"), timeout=SOON)
    expect(row.locator("[data-cell=state]")).to_have_text("ended")

    row.locator("a.id").click()
    expect(page.locator("#head .state")).to_have_text("ended", timeout=SOON)
    expect(page.locator("#steps")).to_contain_text("kill requested by admin, the browser test", timeout=SOON)
    expect(page.locator("[data-lane] use").first).to_be_attached(timeout=SOON)
    for path in ("/events/", "/cleanup/"):
        page.goto(f"{base}{path}")
        expect(page.get_by_text(sandbox_id).first).to_be_visible(timeout=SOON)


def test_the_connection_is_lost_and_found_again(page: Page, whole_stack: Supervised) -> None:
    sign_in(page, whole_stack)
    word = page.locator("[data-live-word]")
    expect(word).to_have_text("Live", timeout=SOON)
    # All that the page fetches late has come: what Chromium says of a fetch without a line is no fault of the page.
    assert proc.wait_until(lambda: page.evaluate(NEWEST) > 0, 60), "the chart is drawn"
    page.wait_for_load_state("networkidle")
    page.context.set_offline(True)
    expect(word).to_have_text("Reconnecting", timeout=SOON)
    page.context.set_offline(False)
    expect(word).to_have_text("Live", timeout=SOON)
