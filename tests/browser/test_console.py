"""No page complains in the console: no refused style or script, no error, also after something was done on it."""

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from sandboxes.models import Account, Policy
from tests.browser.live_pages import polled
from tests.support import records

pytestmark = [
    pytest.mark.browser,
    pytest.mark.xdist_group("browser"),
    pytest.mark.full(reason="every page once: more time than CI has for it"),
]
NOW_AND_THEN = (
    "/", "/?at=2026-01-01T00:00:00Z", "/sandboxes/", "/sandboxes/?state=ended", "/sandboxes/?cpu_min=lots",
    "/sandboxes/isome/", "/events/", "/events/deliveries/", "/cleanup/", "/cleanup/policies/new/",
    "/cleanup/policies/{policy}/",
    "/cleanup/policies/{policy}/trust/", "/cleanup/policies/{policy}/enforce/", "/cost/", "/cost/?from=yesterday",
    "/settings/", "/settings/accounts/", "/settings/account/", "/settings/tokens/", "/settings/prices/",
    "/settings/system/", "/alerts/channels/", "/alerts/channels/?add=webhook",
    "/settings/password/", "/api/v1/docs", "/nowhere/",
)  # fmt: skip


@pytest.fixture
def complaints(visitor: Page) -> list[str]:
    """Warnings and errors of every page, as they come."""
    found: list[str] = []

    def heard(message: ConsoleMessage) -> None:
        missing = "Failed to load resource" in message.text  # the page itself is 400 or 404: meant so
        if message.type in {"error", "warning"} and not missing:
            found.append(f"{visitor.url}: {message.text}")

    visitor.on("console", heard)
    visitor.on("pageerror", lambda error: found.append(f"{visitor.url}: {error}"))
    records.member("ada", "admin")
    return found


def fleet() -> Policy:
    box = records.sandbox("isome", owner="ada", metadata={"env": "staging"})
    box.executions.create(key="e", started_at=box.started_at)
    records.event("isome")
    records.price()
    polled(box)
    return records.policy()


def test_no_page_complains(site: str, visitor: Page, complaints: list[str]) -> None:
    policy = fleet()
    for address in NOW_AND_THEN:
        visitor.goto(site + address.format(policy=policy.pk))
        visitor.wait_for_load_state("networkidle")
    assert complaints == []


def test_token_page_does_not_complain_after_one_was_made(site: str, visitor: Page, complaints: list[str]) -> None:
    Account.objects.get_or_create(name="default", defaults={"url": "http://127.0.0.1:1"})
    visitor.goto(f"{site}/settings/tokens/")
    visitor.locator("[name=name]").fill("robot")
    visitor.get_by_role("button", name="Create token").click()
    expect(visitor.locator(".tried.made code")).to_be_visible()
    visitor.get_by_role("button", name="Copy the token").click()
    visitor.wait_for_load_state("networkidle")
    assert complaints == []


def test_docs_fit_a_phone_and_their_links_are_underlined(site: str, chromium: Browser) -> None:
    page = chromium.new_context(viewport={"width": 380, "height": 800}).new_page()
    page.goto(f"{site}/api/v1/docs")
    assert page.evaluate("document.documentElement.scrollWidth") <= 380
    lines = page.locator(".docs a").evaluate_all("(links) => links.map((a) => getComputedStyle(a).textDecorationLine)")
    assert set(lines) == {"underline"}
