"""Channels in a browser: added, wrong at first, tested; accessible in both themes, and nothing wider than a phone."""

import threading
from collections.abc import Callable, Iterator

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, Page, expect

from tests.browser.test_accessibility import is_clean
from tests.support import channels, records
from tests.support.channels import SECRET, send_all, tell
from tests.support.sink import Answer, Sink, serving

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
PAGE = "/alerts/channels/"


@pytest.fixture
def sink() -> Iterator[Sink]:
    with serving() as found:
        yield found


@pytest.fixture
def admin(site: str, chromium: Browser, page: Page) -> Page:
    """The page whose console must be silent, of an admin of all accounts."""
    client = Client()
    client.force_login(records.member("ada", "admin"))
    records.account()
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": site}])
    return page


def beside(work: Callable[[], None]) -> None:
    """Runs it in a thread of its own: Playwright has a loop in this one."""
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


def test_channel_is_added_after_a_mistake_and_tested(site: str, admin: Page, sink: Sink) -> None:
    admin.goto(site + PAGE)
    admin.get_by_role("link", name="Signed webhook").click()
    admin.get_by_label("Name").fill("billing")
    admin.get_by_label("URL").fill(f"{sink.url}/in")
    admin.get_by_label("Signing secret").fill(SECRET)
    admin.get_by_role("button", name="Save").click()
    expect(admin.locator("#n-url")).to_contain_text("private addresses are allowed")
    expect(admin.get_by_label("Name")).to_have_value("billing")
    admin.get_by_label("Signing secret").fill(SECRET)
    admin.get_by_label("Allow private addresses").check()
    admin.get_by_role("button", name="Save").click()
    expect(admin.locator(".notice")).to_contain_text("billing was added")
    admin.get_by_role("button", name="Test billing").click()
    expect(admin.locator(".notice")).to_contain_text("billing: delivered in")
    assert [one.path for one in sink.requests] == ["/in"]


def test_page_is_accessible_in_both_themes_and_fits_a_phone(site: str, admin: Page, sink: Sink) -> None:
    def fill() -> None:
        channels.channel("billing", "webhook", f"{sink.url}/in")
        channels.channel("Slack #oncall", "slack", f"{sink.url}/services/x", enabled=False)
        tell("billing")
        send_all()
        sink.answer(Answer(503, b"upstream connect error"))
        tell("billing", subject="8")
        send_all()

    beside(fill)
    for theme in ("dark", "light"):
        admin.context.add_cookies([{"name": "theme", "value": theme, "url": site}])
        for query in ("", "?add=webhook", "?show=open"):
            admin.goto(f"{site}{PAGE}{query}")
            expect(admin.locator("h1")).to_have_text("Alerts")
            is_clean(admin, f"{query} in {theme}")
    admin.set_viewport_size({"width": 390, "height": 844})
    admin.goto(site + PAGE)
    assert admin.evaluate("document.documentElement.scrollWidth") <= 390
