"""A browser that is cut off says so, sends nothing in silence, and is not taken for a backend that does not answer."""

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.live_pages import polled
from tests.support import records

pytestmark = [
    pytest.mark.browser,
    pytest.mark.xdist_group("browser"),
    pytest.mark.full(reason="a page and an empty database for each test: together they take minutes"),
]
NOT_SENT = "Only this browser is cut off: nothing was sent."


def on(page: Page, site: str, path: str) -> None:
    polled(records.sandbox("icut", owner="ada"))
    page.goto(f"{site}{path}")
    expect(page.locator("[data-live-word]")).to_have_text("Live")
    page.wait_for_load_state("networkidle")


def test_band_says_that_only_this_browser_is_cut_off(visitor: Page, site: str) -> None:
    on(visitor, site, "/sandboxes/icut/")
    band = visitor.locator("[data-stale]")
    visitor.context.set_offline(True)
    expect(band).to_contain_text("Only this browser is cut off; data as of")
    expect(band).not_to_contain_text("No poll since", use_inner_text=True)
    expect(visitor.locator("[data-announcer]")).to_contain_text("Only this browser is cut off")
    polled(records.sandbox("other"))
    visitor.context.set_offline(False)
    expect(band).to_be_hidden()
    expect(visitor.locator("[data-announcer]")).to_have_text("Data is current again.")


@pytest.mark.parametrize(
    ("path", "button"),
    [
        ("/sandboxes/icut/", "[data-act=kill]"),
        ("/sandboxes/icut/", ".menu a[href='/cost/']"),
        ("/sandboxes/", "th a >> nth=0"),
        ("/sandboxes/", "[data-bulk-act=kill]"),
        ("/cost/", "form[data-sign-out] button"),
    ],
)
def test_what_needs_the_server_says_that_nothing_was_sent(visitor: Page, site: str, path: str, button: str) -> None:
    on(visitor, site, path)
    if "bulk" in button:
        visitor.locator("[data-pick]").check()
    if "sign-out" in button:
        visitor.locator(".who").click()
    sent: list[str] = []
    visitor.context.set_offline(True)
    expect(visitor.locator("[data-live-word]")).to_have_text("Reconnecting")
    visitor.on("request", lambda request: sent.append(request.url))
    visitor.locator(button).click()
    expect(visitor.locator(".toasts")).to_contain_text(NOT_SENT)
    expect(visitor.locator("#ask")).to_be_hidden()
    assert visitor.url == f"{site}{path}"
    assert sent == []


def test_server_that_does_not_answer_is_told_from_a_browser_that_is_cut_off(visitor: Page, site: str) -> None:
    on(visitor, site, "/sandboxes/icut/")
    gone = lambda route: Route.abort(route, "connectionrefused")  # noqa: E731
    visitor.route("**/act/ask/", gone)
    visitor.locator("[data-act=kill]").click()
    expect(visitor.locator(".toasts")).to_contain_text("Sandwarden did not answer; nothing was changed.")
    visitor.unroute("**/act/ask/")
    visitor.locator("[data-act=kill]").click()
    visitor.route("**/act/", gone)
    visitor.locator("#ask [type=submit]").click()
    expect(visitor.locator(".toasts")).to_contain_text("it is not known whether this was received")
    expect(visitor.locator("#ask")).to_be_visible()
