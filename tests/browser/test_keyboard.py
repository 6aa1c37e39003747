"""By keyboard alone: what Escape closes, where the focus goes and comes back to, and that a row is heard."""

import re
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from runner.embedded import proc
from sandboxes.models import Sandbox
from tests.browser.live_pages import polled
from tests.support import records

pytestmark = [
    pytest.mark.browser,
    pytest.mark.xdist_group("browser"),
    pytest.mark.full(reason="a page and an empty database for each test: together they take minutes"),
]
POPOVERS = ("/", "/sandboxes/", "/cleanup/", "/cost/", "/settings/tokens/", "/settings/", "/cleanup/policies/{policy}/")
FOCUSED = "(one) => one === document.activeElement"
OUTSIDE = """
(dialog) => {
  const { activeElement: at } = document;
  return at === document.body || dialog.contains(at) ? null : at.outerHTML.slice(0, 120);
}
"""


@pytest.fixture
def fleet(transactional_db: None) -> list[Sandbox]:
    boxes = [records.sandbox(f"irow{number}", owner="ada") for number in range(5)]
    polled(*boxes)
    return boxes


def ready(page: Page, address: str) -> None:
    """The page is there and its scripts hear keys."""
    page.goto(address)
    expect(page.locator("[data-live-word]")).not_to_have_text("Connecting")


def has_focus(place: Locator) -> bool:
    return proc.wait_until(lambda: place.count() == 1 and bool(place.evaluate(FOCUSED)), 10)


@pytest.mark.parametrize("path", POPOVERS)
def test_escape_closes_every_popover_and_gives_the_focus_back(
    visitor: Page, site: str, fleet: list[Sandbox], path: str
) -> None:
    records.member("ada", "admin")
    records.token()
    ready(visitor, site + path.format(policy=records.policy().pk))
    drops = visitor.locator("details.drop:visible")
    assert drops.count() >= 2, "Theme and the user at least"
    for number in range(drops.count()):
        drop = drops.nth(number)
        summary, sheet = drop.locator("> summary"), drop.locator("> .sheet")
        summary.focus()
        visitor.keyboard.press("Enter")
        expect(sheet).to_be_visible()
        visitor.keyboard.press("Tab")
        assert drop.evaluate("(one) => one.contains(document.activeElement)"), "the next stop is inside"
        visitor.keyboard.press("Escape")
        expect(sheet).to_be_hidden()
        assert has_focus(summary), summary.inner_text()


def test_popover_closes_when_the_focus_leaves_it(visitor: Page, site: str, fleet: list[Sandbox]) -> None:
    ready(visitor, f"{site}/sandboxes/")
    visitor.get_by_text("Add filter", exact=True).click()
    expect(visitor.locator("details.add .sheet")).to_be_visible()
    visitor.locator("[data-search]").focus()
    expect(visitor.locator("details.add .sheet")).to_be_hidden()


def keys(page: Page) -> Locator:
    page.keyboard.press("?")
    return page.locator("#keys")


def palette(page: Page) -> Locator:
    page.keyboard.press("Control+k")
    return page.locator("#palette")


def kill(page: Page) -> Locator:
    page.keyboard.press("Enter")
    return page.locator("#ask")


@pytest.mark.parametrize(
    ("path", "opener", "opens", "first"),
    [
        ("/sandboxes/", "[data-palette]", keys, "#keys"),
        ("/sandboxes/", "th a >> nth=1", palette, "#palette input"),
        ("/sandboxes/irow1/", "[data-act=kill]", kill, "#ask input[name=reason]"),
        ("/sandboxes/irow1/", "[data-act=extend]", kill, "#ask input[name=minutes]"),
        ("/sandboxes/irow1/", "[data-act=protect]", kill, "#ask select[name=minutes]"),
        ("/sandboxes/irow1/", "[data-act=pause]", kill, "#ask [data-close]"),
    ],
)
def test_dialog_keeps_the_focus_and_gives_it_back(
    visitor: Page, site: str, fleet: list[Sandbox], path: str, opener: str, opens: Any, first: str
) -> None:
    ready(visitor, site + path)
    begin = visitor.locator(opener)
    begin.focus()
    dialog = opens(visitor)
    expect(dialog).to_be_visible()
    assert has_focus(visitor.locator(first)), "the focus begins where one goes on"
    for way in ("Tab", "Shift+Tab"):
        for _ in range(12):
            visitor.keyboard.press(way)
            assert dialog.evaluate(OUTSIDE) is None
    visitor.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    assert has_focus(begin)


def test_dialog_for_many_asks_for_the_count_and_leaves_the_focus_in_the_table(
    visitor: Page, site: str, fleet: list[Sandbox], mailbox: Any
) -> None:
    ready(visitor, f"{site}/sandboxes/")
    for press in ("j", "x", "j", "x"):
        visitor.keyboard.press(press)
    expect(visitor.locator("[data-bulk-count]")).to_have_text("2 selected")
    visitor.locator("[data-bulk-act=protect]").focus()
    visitor.keyboard.press("Enter")
    expect(visitor.locator("#ask")).to_be_visible()
    visitor.locator("#ask [type=submit]").focus()
    visitor.keyboard.press("Enter")
    expect(visitor.locator("#ask")).to_be_hidden()
    expect(visitor.locator("[data-bulk]")).to_be_hidden()
    assert has_focus(visitor.locator("tr.cur")), "the bulk bar has gone, and the focus not with it"


def test_key_leads_from_a_selected_row_to_what_can_be_done_with_it(
    visitor: Page, site: str, fleet: list[Sandbox]
) -> None:
    ready(visitor, f"{site}/sandboxes/")
    visitor.keyboard.press("j")
    visitor.keyboard.press("b")
    assert has_focus(visitor.locator("tr.cur")), "nothing is selected: there is nowhere to go"
    visitor.keyboard.press("x")
    visitor.keyboard.press("b")
    assert has_focus(visitor.locator("[data-bulk-act=protect]"))


def test_cursor_of_the_table_is_the_focus_and_names_its_row(visitor: Page, site: str, fleet: list[Sandbox]) -> None:
    ready(visitor, f"{site}/sandboxes/?order=id")
    rows, said = visitor.locator("tr[data-key]"), visitor.locator("[data-announcer]")
    expect(visitor.locator("table.boxes")).to_have_attribute("aria-rowcount", "6")
    for number, press in enumerate(("j", "j", "j", "k")):
        visitor.keyboard.press(press)
        at = min(number, 2) if press == "j" else 1
        assert has_focus(rows.nth(at))
        expect(rows.nth(at)).to_have_attribute("aria-rowindex", str(at + 2))
    sandbox_id = str(rows.nth(1).get_attribute("data-id"))
    expect(rows.nth(1)).to_match_aria_snapshot(f"- row /{sandbox_id}/")
    visitor.keyboard.press("x")
    expect(said).to_have_text(f"{sandbox_id} selected, 1 selected")
    visitor.keyboard.press("x")
    expect(said).to_have_text(re.compile(f"^{sandbox_id} not selected"))
    visitor.keyboard.press("Tab")
    assert rows.nth(1).evaluate("(row) => row.contains(document.activeElement)"), "its controls come next"
    visitor.keyboard.press("j")
    assert has_focus(rows.nth(2))
    visitor.keyboard.press("Enter")
    expect(visitor).to_have_url(re.compile(r"/sandboxes/irow\d/$"))


def test_part_that_is_read_anew_keeps_the_keyboards_place(visitor: Page, site: str, fleet: list[Sandbox]) -> None:
    policy = records.policy("old ones")
    ready(visitor, f"{site}/cleanup/")
    link = visitor.locator(f"a[href='/cleanup/policies/{policy.pk}/']")
    link.focus()
    link.evaluate("(one) => (one.dataset.mine = 'before')")
    visitor.evaluate("() => htmx.trigger(document.body, 'live:cleanup')")
    expect(visitor.locator("[data-mine]")).to_have_count(0)
    assert has_focus(link)


def test_slider_says_date_and_time_or_that_it_is_now(visitor: Page, site: str, fleet: list[Sandbox]) -> None:
    ready(visitor, f"{site}/")
    slider = visitor.get_by_role("slider")
    expect(slider).to_have_attribute("aria-valuetext", re.compile(r"^now(, \d+ running)?$"))
    slider.focus()
    visitor.keyboard.press("ArrowLeft")
    words = re.compile(r"^\w{3} \d{1,2} \w{3} \d{4}, \d\d:\d\d:\d\d UTC, 1 min ago, (\d+ running|no polls)$")
    expect(slider).to_have_attribute("aria-valuetext", words)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.usefixtures("fleet")
def test_theme_follows_the_system_until_somebody_chooses(visitor: Page, site: str, scheme: Any) -> None:
    paper = {"light": "rgb(251, 250, 247)", "dark": "rgb(14, 15, 18)"}
    other = {"light": "dark", "dark": "light"}
    visitor.emulate_media(color_scheme=scheme)
    ready(visitor, f"{site}/cost/")
    expect(visitor.locator("html")).to_have_css("background-color", paper[scheme])
    visitor.emulate_media(color_scheme=other[scheme])  # type: ignore[arg-type]
    expect(visitor.locator("html")).to_have_css("background-color", paper[other[scheme]])
    visitor.get_by_label("Theme", exact=True).first.click()
    pressed = visitor.locator("[data-theme-choice][aria-pressed=true]")
    expect(pressed).to_have_attribute("data-theme-choice", "system")
    visitor.locator(f"[data-theme-choice={scheme}]").click()
    visitor.reload()
    expect(visitor.locator("html")).to_have_css("background-color", paper[scheme])
    visitor.get_by_label("Theme", exact=True).first.click()
    visitor.locator("[data-theme-choice=system]").click()
    expect(visitor.locator("html")).to_have_css("background-color", paper[other[scheme]])
