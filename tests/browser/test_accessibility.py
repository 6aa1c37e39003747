"""axe-core finds nothing to complain about on any page and in any dialog, in either theme."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from runner.embedded import proc
from tests.browser.test_live_fleet import SOON, enter, sign_in
from tests.runner.conftest import Supervised

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
AXE = Path(__file__).resolve().parents[2] / "node_modules/axe-core/axe.min.js"
SETTINGS = tuple(f"/settings/{one}" for one in ("", "accounts/", "account/", "tokens/", "prices/", "system/"))
POLICY = tuple(f"/cleanup/policies/{one}" for one in ("new/", "1/", "1/enforce/", "1/trust/"))
LISTS = ("/sandboxes/", "/sandboxes/?state=ended", "/events/", "/events/deliveries/")
PAGES = ("/", *LISTS, "/cleanup/", *POLICY, "/cost/", *SETTINGS)
RUN = "() => axe.run().then(({ violations }) => violations.map((one) => [one.id, one.nodes[0].target.join(' ')]))"
WITH_POPOVERS = ("/sandboxes/", "/sandboxes/?state=ended", "/events/", "/cleanup/", "/cleanup/policies/1/", "/cost/")
ACTS = ("protect", "extend", "pause", "kill")


def opened(page: Page, address: str) -> None:
    page.goto(address)
    expect(page.locator("[data-live-word]")).to_have_text("Live", timeout=SOON)


def is_clean(page: Page, what: str) -> None:
    page.evaluate(AXE.read_text())
    assert page.evaluate(RUN) == [], what


def in_both_themes(page: Page, base: str, look: Callable[[str], None]) -> None:
    for theme in ("dark", "light"):
        page.context.add_cookies([{"name": "theme", "value": theme, "url": base}])
        look(theme)


def with_a_sandbox(page: Page, stack: Supervised) -> tuple[str, str]:
    """Signed in, once there is one on record; the address of the server, and its path."""
    base = sign_in(page, stack)
    assert proc.wait_until(lambda: "<tr data-key" in page.request.get(f"{base}/sandboxes/").text(), 120)
    opened(page, f"{base}/sandboxes/?state=running")
    return base, str(page.locator("tr[data-key] a.id").first.get_attribute("href"))


def test_sign_in_is_accessible_in_both_themes(page: Page, shared_stack: Supervised) -> None:
    base = sign_in(page, shared_stack)
    page.goto("about:blank")  # an open page without its session would go to the sign-in page by itself, across our way
    page.context.clear_cookies()

    def look(theme: str) -> None:
        page.goto(f"{base}/login/")
        is_clean(page, f"signing in in {theme}")

    in_both_themes(page, base, look)
    enter(page)


def test_every_page_is_accessible_in_both_themes(page: Page, shared_stack: Supervised) -> None:
    base, one = with_a_sandbox(page, shared_stack)

    def look(theme: str) -> None:
        for path in (*PAGES, one):
            opened(page, f"{base}{path}")
            is_clean(page, f"{path} in {theme}")

    in_both_themes(page, base, look)


@pytest.mark.full(reason="axe on every dialog in two themes takes half a minute")
def test_every_dialog_is_accessible_in_both_themes(page: Page, shared_stack: Supervised) -> None:
    base, one = with_a_sandbox(page, shared_stack)

    def look(theme: str) -> None:
        opened(page, f"{base}{one}")
        for dialog, keys in (("palette", "Control+k"), ("keys", "?")):
            page.keyboard.press(keys)
            expect(page.locator(f"#{dialog}")).to_be_visible()
            is_clean(page, f"{dialog} in {theme}")
            page.keyboard.press("Escape")
        for act in ACTS:
            page.locator(f"[data-act={act}]").click()
            expect(page.locator("#ask")).to_be_visible()
            is_clean(page, f"the question before {act} in {theme}")
            page.keyboard.press("Escape")
        opened(page, f"{base}/sandboxes/?state=running")
        for number in range(3):
            page.locator("[data-pick]").nth(number).check()
        page.locator("[data-bulk-act=kill]").click()
        expect(page.locator("#ask")).to_be_visible()
        is_clean(page, f"the question before killing three in {theme}")

    in_both_themes(page, base, look)


@pytest.mark.full(reason="axe on thirty popovers in two themes takes more than a minute")
@pytest.mark.parametrize("path", WITH_POPOVERS)
def test_every_popover_is_accessible_in_both_themes(page: Page, shared_stack: Supervised, path: str) -> None:
    base, _one = with_a_sandbox(page, shared_stack)

    def look(theme: str) -> None:
        opened(page, f"{base}{path}")
        drops = page.locator("details.drop:visible")
        for number in range(drops.count()):
            drops.nth(number).locator("> summary").click()
            expect(drops.nth(number).locator("> .sheet")).to_be_visible()
            is_clean(page, f"popover {number} of {path} in {theme}")
            page.keyboard.press("Escape")

    in_both_themes(page, base, look)
