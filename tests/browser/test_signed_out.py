"""A page whose session has ended elsewhere goes to the sign-in page, without anybody touching it."""

import re

import pytest
from django.contrib.sessions.models import Session
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def test_page_goes_to_sign_in_when_its_session_ends(visitor: Page, site: str) -> None:
    visitor.goto(f"{site}/sandboxes/?state=paused")
    expect(visitor.locator("[data-live-word]")).to_have_text("Live", timeout=10_000)
    Session.objects.all().delete()
    expect(visitor).to_have_url(re.compile(r"/login/\?next=%2Fsandboxes%2F%3Fstate%3Dpaused$"), timeout=8_000)
