"""The stream of events in a real browser: it follows, holds when told to or scrolled, and counts what waits."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.support import records

pytestmark = [
    pytest.mark.browser,
    pytest.mark.xdist_group("browser"),
    pytest.mark.full(reason="a page and an empty database for each test: together they take minutes"),
]
EVERY_MS = 3_100  # static/js/events.js, EVERY


@pytest.fixture
def stream(transactional_db: None) -> datetime:
    """150 events, a second apart; when the newest happened."""
    newest = datetime.now(UTC) - timedelta(minutes=5)
    for number in range(150):
        records.event(f"iold{number:03}", timestamp=newest - timedelta(seconds=number))
    return newest


@pytest.fixture
def opened(stream: datetime, visitor: Page, site: str) -> Page:
    """The page with its chart; its clock stands, the tests move it on."""
    visitor.set_viewport_size({"width": 1440, "height": 900})
    visitor.clock.install()
    visitor.goto(f"{site}/events/")
    visitor.clock.run_for(500)
    expect(visitor.locator(".lanes li")).to_have_count(5)
    return visitor


def first(page: Page) -> Locator:
    return page.locator("[data-events] a.id").first


def hold(page: Page) -> Locator:
    return page.get_by_role("button", name="Hold", exact=True)


def waiting(page: Page) -> Locator:
    return page.locator("[data-waiting]")


def arrives(page: Page, name: str, at: datetime) -> None:
    """An event is stored, and the page asks for new ones."""
    records.event(name, timestamp=at)
    with page.expect_response("**/events/new/**"):
        page.clock.run_for(EVERY_MS)


def test_new_events_come_in_on_top_and_late_ones_where_they_belong(opened: Page, stream: datetime) -> None:
    arrives(opened, "inew", stream + timedelta(seconds=5))
    expect(first(opened)).to_have_text("inew")
    arrives(opened, "ilate", stream - timedelta(seconds=0.5))
    expect(opened.locator("[data-events] a.id").nth(2)).to_have_text("ilate")
    expect(opened.locator("[data-events] tr[data-key]")).to_have_count(102)
    expect(hold(opened)).to_have_attribute("aria-pressed", "false")


def test_hold_keeps_the_list_still_and_counts_what_waits(opened: Page, stream: datetime) -> None:
    hold(opened).click()
    expect(hold(opened)).to_have_attribute("aria-pressed", "true")
    arrives(opened, "inew1", stream + timedelta(seconds=5))
    expect(waiting(opened)).to_have_text("1 new event")
    arrives(opened, "inew2", stream + timedelta(seconds=6))
    expect(waiting(opened)).to_have_text("2 new events")
    expect(first(opened)).to_have_text("iold000")
    hold(opened).click()
    expect(first(opened)).to_have_text("inew2")
    expect(waiting(opened)).to_be_hidden()
    expect(hold(opened)).to_have_attribute("aria-pressed", "false")


def test_scrolling_down_holds_and_coming_back_follows(opened: Page, stream: datetime) -> None:
    opened.evaluate("scrollTo(0, 1500)")
    expect(hold(opened)).to_have_attribute("aria-pressed", "true")
    arrives(opened, "inew1", stream + timedelta(seconds=5))
    expect(waiting(opened)).to_have_text("1 new event")
    expect(first(opened)).to_have_text("iold000")
    waiting(opened).click()
    expect(first(opened)).to_have_text("inew1")
    assert opened.evaluate("scrollY") == 0
    expect(hold(opened)).to_have_attribute("aria-pressed", "false")


def test_row_under_the_pointer_stays_where_it_is(opened: Page, stream: datetime) -> None:
    first(opened).hover()
    arrives(opened, "inew1", stream + timedelta(seconds=5))
    expect(waiting(opened)).to_have_text("1 new event")
    expect(opened.locator("[data-following-word]")).to_have_text("on hold")
    expect(first(opened)).to_have_text("iold000")
    opened.mouse.move(5, 5)
    arrives(opened, "inew2", stream + timedelta(seconds=6))
    expect(first(opened)).to_have_text("inew2")
    expect(opened.locator("[data-following-word]")).to_have_text("following")


def test_hold_is_a_key_too(opened: Page) -> None:
    opened.keyboard.press("h")
    expect(hold(opened)).to_have_attribute("aria-pressed", "true")
    opened.keyboard.press("h")
    expect(hold(opened)).to_have_attribute("aria-pressed", "false")


def test_more_new_events_than_a_page_has_take_the_place_of_the_old(opened: Page, stream: datetime) -> None:
    for number in range(120):
        records.event(f"inew{number:03}", timestamp=stream + timedelta(seconds=1 + number))
    arrives(opened, "inewest", stream + timedelta(seconds=200))
    expect(first(opened)).to_have_text("inewest")
    expect(opened.locator("[data-events] tr[data-key]")).to_have_count(100)
    opened.locator("[data-more]").scroll_into_view_if_needed()
    expect(opened.locator("[data-events] tr[data-key]")).to_have_count(200)


def test_type_is_chosen_in_the_chart_and_taken_out_as_a_token(opened: Page) -> None:
    opened.locator(".lanes .name", has_text="created").click()
    opened.clock.run_for(500)
    expect(opened).to_have_url(re.compile(r"\?type=created$"))
    expect(opened.locator(".lanes .name[aria-current=true]")).to_have_text("created")
    opened.get_by_label("Remove the filter type is created").click()
    expect(opened).to_have_url(re.compile(r"/events/\??$"))


def test_filter_is_added_by_its_form(opened: Page) -> None:
    opened.get_by_text("Add filter").click()
    opened.get_by_label("Text").fill("iold04")
    opened.get_by_role("button", name="Filter", exact=True).click()
    expect(opened.locator("[data-events] tr[data-key]")).to_have_count(10)
    expect(opened.locator(".tok")).to_have_text([re.compile("text.*contains.*iold04")])
