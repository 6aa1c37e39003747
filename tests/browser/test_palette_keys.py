"""The palette by keyboard: an ID opens its sandbox, Enter waits for the answer of what is typed, words become deeds."""

import re

import pytest
from playwright.sync_api import Page, Route, expect

from runner.embedded import proc
from tests.browser.live_pages import polled
from tests.support import records

pytestmark = [
    pytest.mark.browser,
    pytest.mark.xdist_group("browser"),
    pytest.mark.full(reason="a page and an empty database for each test: together they take minutes"),
]


def opened(page: Page, address: str) -> None:
    page.goto(address)
    expect(page.locator("[data-live-word]")).not_to_have_text("Connecting")
    page.keyboard.press("Control+k")
    expect(page.locator("#palette [role=option]").first).to_be_visible()


def hold(page: Page, typed: str) -> list[Route]:
    """The palette's answers for this, held up until they are let go."""
    held: list[Route] = []

    def keep(route: Route) -> None:
        held.append(route)

    page.route(re.compile(rf"/palette/\?q={typed}$"), keep)
    return held


def test_pasted_id_and_enter_opens_the_sandbox(visitor: Page, site: str) -> None:
    polled(records.sandbox("ipasted7x9"))
    opened(visitor, f"{site}/cost/")
    visitor.locator("#palette input").fill("ipasted7x9")
    visitor.keyboard.press("Enter")
    expect(visitor).to_have_url(f"{site}/sandboxes/ipasted7x9/")
    expect(visitor.locator("#ask")).to_be_hidden()


def test_enter_before_the_answer_waits_for_the_answer_of_what_is_typed(visitor: Page, site: str) -> None:
    polled(records.sandbox("iown", owner="goran"))
    opened(visitor, f"{site}/events/")
    field = visitor.locator("#palette input")
    field.fill("goran")
    expect(visitor.locator("#palette [role=option]").first).to_contain_text("List sandboxes owned by goran")
    held = hold(visitor, "cost")
    field.fill("cost")
    visitor.keyboard.press("Enter")
    expect(visitor).to_have_url(f"{site}/events/")
    assert proc.wait_until(lambda: bool(visitor.evaluate("() => true") and held), 10), "it was asked"
    expect(visitor.locator("#palette")).to_be_visible()
    held[0].continue_()
    expect(visitor).to_have_url(f"{site}/cost/")


def test_typing_on_after_enter_takes_it_back(visitor: Page, site: str) -> None:
    polled(records.sandbox("iown"))
    opened(visitor, f"{site}/events/")
    hold(visitor, "cost")
    visitor.locator("#palette input").fill("cost")
    visitor.keyboard.press("Enter")
    visitor.keyboard.type("x")
    expect(visitor.locator("#palette .none")).to_be_visible()
    expect(visitor).to_have_url(f"{site}/events/")


def test_words_become_deeds(visitor: Page, site: str) -> None:
    records.member("ada", "admin")
    polled(records.sandbox("iown", owner="goran"))
    opened(visitor, f"{site}/cost/")
    field = visitor.locator("#palette input")
    field.fill("theme light")
    visitor.keyboard.press("Enter")
    expect(visitor.locator("html")).to_have_attribute("data-theme", "light")

    visitor.keyboard.press("Control+k")
    field.fill("freeze")
    visitor.keyboard.press("Enter")
    expect(visitor).to_have_url(f"{site}/cleanup/#freeze")
    expect(visitor.get_by_label("Reason")).to_be_focused()

    opened(visitor, f"{site}/cost/")
    field.fill("goran")
    expect(visitor.locator("#palette [role=option]").nth(1)).to_contain_text("Cost of goran")
    visitor.keyboard.press("ArrowDown")
    visitor.keyboard.press("Enter")
    expect(visitor.locator("tr.sought")).to_contain_text("goran")

    opened(visitor, f"{site}/cost/")
    field.fill("sign out")
    visitor.keyboard.press("Enter")
    expect(visitor).to_have_url(re.compile("/login/"))


def test_time_leads_to_the_fleet_of_then(visitor: Page, site: str) -> None:
    polled(records.sandbox("iown"))
    opened(visitor, f"{site}/cost/")
    visitor.locator("#palette input").fill("02:13")
    expect(visitor.locator("#palette [role=option]").first).to_contain_text("Fleet at 02:13:00 UTC")
    visitor.keyboard.press("Enter")
    expect(visitor).to_have_url(re.compile(rf"^{re.escape(site)}/\?at=\d{{4}}-\d\d-\d\dT02:13:00Z"))
    expect(visitor.locator("[data-past-at]")).to_contain_text("02:13:00")
