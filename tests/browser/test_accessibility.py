"""axe-core finds nothing to complain about on any page, in either theme."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from runner.embedded import proc
from tests.browser.test_live_fleet import SOON, enter, sign_in
from tests.runner.conftest import Supervised

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
AXE = Path(__file__).resolve().parents[2] / "node_modules/axe-core/axe.min.js"
SETTINGS = tuple(f"/settings/{one}" for one in ("", "account/", "tokens/", "prices/", "system/"))
POLICY = ("/cleanup/policies/new/", "/cleanup/policies/1/", "/cleanup/policies/1/enforce/")
PAGES = ("/", "/sandboxes/", "/events/", "/events/deliveries/", "/cleanup/", *POLICY, "/cost/", *SETTINGS)
RUN = "() => axe.run().then(({ violations }) => violations.map((one) => [one.id, one.nodes[0].target.join(' ')]))"


def test_every_page_is_accessible_in_both_themes(page: Page, shared_stack: Supervised) -> None:
    base = sign_in(page, shared_stack)
    page.goto("about:blank")  # an open page without its session would go to the sign-in page by itself, across our way
    page.context.clear_cookies()
    for theme in ("dark", "light"):
        page.context.add_cookies([{"name": "theme", "value": theme, "url": base}])
        page.goto(f"{base}/login/")
        page.evaluate(AXE.read_text())
        assert page.evaluate(RUN) == [], f"signing in in {theme}"
    enter(page)
    page.goto(f"{base}/sandboxes/")
    assert proc.wait_until(lambda: "<tr data-key" in page.request.get(f"{base}/sandboxes/").text(), 120)
    page.reload()
    one = page.locator("tr[data-key] a.id").first.get_attribute("href")
    for theme in ("dark", "light"):
        page.context.add_cookies([{"name": "theme", "value": theme, "url": base}])
        for path in (*PAGES, one):
            page.goto(f"{base}{path}")
            expect(page.locator("[data-live-word]")).to_have_text("Live", timeout=SOON)
            page.evaluate(AXE.read_text())
            assert page.evaluate(RUN) == [], f"{path} in {theme}"
