"""Back through the last day and to live again; a log that is followed; a chart zoomed; why something is an orphan."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from runner.embedded import proc
from tests.browser.test_accessibility import AXE, RUN
from tests.browser.test_live_fleet import FIRST, NEWEST, SOON, sign_in
from tests.runner.conftest import Supervised

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
RANGE = "() => document.querySelector('[data-panels] .js-plotly-plot').layout.xaxis.range"


def watched(page: Page, stack: Supervised) -> str:
    """Signed in, with a fleet in the honeycomb and its charts drawn."""
    base = sign_in(page, stack)
    expect(page.locator("[data-live-word]")).to_have_text("Live", timeout=SOON)
    expect(page.locator("[data-comb] canvas")).to_be_visible(timeout=FIRST)
    assert proc.wait_until(lambda: page.evaluate(NEWEST) > 0, 60), "the chart is drawn"
    return base


def a_sandbox(page: Page, base: str, asked: str) -> str:
    """Opens the first one of the table that this address shows, as soon as there is one."""
    address = f"{base}/sandboxes/?{asked}"
    assert proc.wait_until(lambda: "<tr data-key" in page.request.get(address).text(), 120), asked
    page.goto(address)
    page.locator("tr[data-key] a.id").first.click()
    expect(page.locator("[data-lane] svg")).to_be_attached(timeout=SOON)
    return page.url


def on_record(page: Page, base: str, seconds: int) -> bool:
    """Whether a fleet and its figures of then are known; a stack that has just begun to run has no past yet."""
    at = (datetime.now(UTC) - timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")
    answer = page.request.get(f"{base}/fleet/past/?at={at}")
    return answer.ok and bool(answer.json()["roster"]["key"]) and answer.json()["exact_t"] is not None


def test_travel_back_and_come_back_to_live(page: Page, shared_stack: Supervised) -> None:
    base = watched(page, shared_stack)
    strip, band, word = page.get_by_role("slider"), page.locator("[data-past]"), page.locator("[data-live-word]")
    expect(strip).to_have_attribute("aria-valuetext", re.compile(r"^now, \d+ running$"), timeout=SOON)

    assert proc.wait_until(lambda: on_record(page, base, 10), 120), "there is a past"
    strip.focus()
    page.keyboard.press("Shift+ArrowLeft")
    expect(band).to_contain_text("Showing the fleet at this moment", timeout=SOON)
    expect(band).to_have_attribute("data-shown", re.compile(r"^\d+$"), timeout=SOON)
    expect(strip).to_have_attribute(
        "aria-valuetext", re.compile(r"^\w{3} \d+ \w{3} \d{4}, \d\d:\d\d:\d\d UTC, .+ ago, ")
    )
    expect(word).to_have_text("Past")
    expect(page.get_by_role("heading", name="Around this time")).to_be_visible()
    expect(page.get_by_role("heading", name="Needs attention")).to_be_hidden()
    expect(page).to_have_url(re.compile(r"\?at=\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"))
    shared = page.url

    play, shown = page.locator("[data-play]"), band.get_attribute("data-shown")
    page.locator("[data-speed='1']").click()
    strip.focus()
    page.keyboard.press(" ")
    expect(play).to_have_attribute("aria-pressed", "true")
    expect(band).not_to_have_attribute("data-shown", str(shown), timeout=SOON)
    page.keyboard.press(" ")
    expect(play).to_have_attribute("aria-pressed", "false")

    before = page.evaluate(NEWEST)
    page.keyboard.press("l")
    expect(band).to_be_hidden()
    expect(word).to_have_text("Live")
    expect(page).to_have_url(f"{base}/")
    assert proc.wait_until(lambda: page.evaluate(NEWEST) > before, 60), "the charts move on"

    page.goto(shared)
    expect(band).to_be_visible()
    expect(band).to_have_attribute("data-shown", re.compile(r"^\d+$"), timeout=SOON)
    page.keyboard.press("Escape")
    expect(band).to_be_hidden()


def test_drag_through_the_day_and_find_the_past_without_fault(page: Page, shared_stack: Supervised) -> None:
    base = watched(page, shared_stack)
    strip, band = page.get_by_role("slider"), page.locator("[data-past]")
    strip.scroll_into_view_if_needed()
    box = strip.bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] - 6, box["y"] + 30)
    page.mouse.down()
    for share in (0.9, 0.7, 0.5):
        page.mouse.move(box["x"] + box["width"] * share, box["y"] + 30, steps=4)
    page.mouse.up()
    noon = datetime.now(UTC) - timedelta(hours=12)
    assert proc.wait_until(lambda: abs(float(band.get_attribute("data-shown") or 0) - noon.timestamp()) < 300, 30)
    expect(page.locator("[data-of]")).to_have_text(re.compile(r"\d+ templates?, \d+ sandbox"))
    expect(page).to_have_url(re.compile("at="))
    for theme in ("light", "dark"):
        page.context.add_cookies([{"name": "theme", "value": theme, "url": base}])
        page.reload()
        expect(band).to_have_attribute("data-shown", re.compile(r"^\d+$"), timeout=SOON)
        page.evaluate(AXE.read_text())
        assert page.evaluate(RUN) == [], theme
    page.get_by_role("button", name="Back to live").click()
    expect(band).to_be_hidden()
    page.go_back()
    expect(band).to_be_visible()


def test_follow_a_log_filter_it_and_search_in_it(page: Page, shared_stack: Supervised) -> None:
    base = watched(page, shared_stack)
    a_sandbox(page, base, "state=running&order=started_at")
    lines, note = page.locator("[data-logs-lines] li:not(.gap)"), page.locator("[data-logs-note]")
    page.locator("[data-logs]").scroll_into_view_if_needed()
    expect(lines.first).to_be_visible(timeout=SOON)
    expect(page.locator("[data-logs-sub]")).to_have_text(re.compile(r"^last line \d\d:\d\d:\d\d, live$"))
    last = lines.last.inner_text()
    assert proc.wait_until(lambda: lines.last.inner_text() != last, 90), "a new line arrives by itself"
    assert page.locator("[data-logs-box]").evaluate("(b) => b.scrollHeight - b.scrollTop - b.clientHeight < 24")

    page.get_by_role("button", name="Warn", exact=True).click()
    expect(page.locator("[data-logs-lines] .l-info")).to_have_count(0, timeout=SOON)
    page.get_by_role("button", name="All", exact=True).click()
    search = page.get_by_label("Find in messages")
    search.fill("no such words <b>")
    expect(note).to_have_text("No lines match.", timeout=SOON)
    search.fill("")
    expect(lines.first).to_be_visible(timeout=SOON)
    page.locator("[data-logs-open]").click()
    expect(page.locator("[data-logs-open]")).to_have_attribute("aria-expanded", "true")


def test_zoom_a_chart_and_read_why_it_is_an_orphan(page: Page, shared_stack: Supervised) -> None:
    base = watched(page, shared_stack)
    a_sandbox(page, base, "orphan=true")
    why = page.locator(".why-sec")
    expect(why).to_contain_text("Why it is an orphan")
    expect(why.locator(".rules tr").first).to_contain_text("met")
    expect(why.locator(".rules b").first).to_have_text(re.compile(r"\d"))
    expect(page.locator("#side")).to_contain_text("Facts")

    assert proc.wait_until(lambda: bool(page.evaluate(f"() => !!({RANGE})?.()")), 30)
    whole = page.evaluate(RANGE)
    drawing = page.locator("[data-panels] .nsewdrag").first.bounding_box()
    assert drawing
    x, y, width = drawing["x"], drawing["y"] + drawing["height"] / 2, drawing["width"]
    page.mouse.move(x + width * 0.3, y)
    page.mouse.down()
    page.mouse.move(x + width * 0.6, y, steps=6)
    page.mouse.up()
    assert proc.wait_until(lambda: page.evaluate(RANGE) != whole, 10), "only the part is shown"
    zoomed = page.evaluate(RANGE)
    page.mouse.dblclick(x + width * 0.5, y)
    assert proc.wait_until(lambda: page.evaluate(RANGE) != zoomed, 10), "and all of it again"
