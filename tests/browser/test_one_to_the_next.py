"""From a list to a sandbox, to the next one and back; and what is shown of it stands in the address."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.live_pages import polled
from tests.support import records

pytestmark = [
    pytest.mark.browser,
    pytest.mark.xdist_group("browser"),
    pytest.mark.full(reason="a page and an empty database for each test: together they take a minute"),
]


def fleet(*names: str) -> None:
    boxes = [records.sandbox(name, owner="ada") for name in names]
    for box in boxes:
        box.executions.create(key="e", started_at=box.started_at)
    records.sandbox("iother", owner="bob")
    polled(*boxes)


def test_sandbox_says_its_place_in_the_list_and_keys_lead_on(site: str, visitor: Page) -> None:
    fleet("ia", "ib", "ic")
    visitor.goto(f"{site}/sandboxes/?owner=ada&order=id")
    visitor.get_by_role("link", name="ib", exact=True).click()
    place = visitor.locator("[data-neighbours]")
    expect(place).to_contain_text("2nd of 3")
    visitor.keyboard.press("j")
    expect(visitor).to_have_url(f"{site}/sandboxes/ic/")
    expect(place).to_contain_text("3rd of 3")
    visitor.keyboard.press("j")
    expect(visitor).to_have_url(f"{site}/sandboxes/ic/")
    visitor.get_by_label("Previous sandbox").click()
    expect(visitor).to_have_url(f"{site}/sandboxes/ib/")
    place.get_by_role("link", name="2nd of 3").click()
    expect(visitor).to_have_url(re.compile(r"/sandboxes/\?owner=ada&order=id"))


def test_sandbox_that_was_opened_from_no_list_names_no_place(site: str, visitor: Page) -> None:
    fleet("ia")
    visitor.goto(f"{site}/sandboxes/ia/")
    expect(visitor.locator("[data-lane]")).to_be_attached()
    expect(visitor.locator("[data-neighbours]")).to_be_hidden()


def test_log_filter_and_range_stand_in_the_address(site: str, visitor: Page) -> None:
    fleet("ia")
    visitor.goto(f"{site}/sandboxes/ia/?log=warn&find=disk&logs=open")
    expect(visitor.locator("[data-level=warn]")).to_have_attribute("aria-pressed", "true")
    expect(visitor.locator("[data-logs] [name=search]")).to_have_value("disk")
    expect(visitor.locator("[data-logs-open]")).to_have_attribute("aria-expanded", "true")
    visitor.locator("[data-range='1h']").click()
    expect(visitor).to_have_url(re.compile(r"\?log=warn&find=disk&logs=open&range=1h$"))
    visitor.locator("[data-level='']").click()
    visitor.locator("[data-logs-open]").click()
    expect(visitor).to_have_url(re.compile(r"\?find=disk&range=1h$"))


def test_undo_in_a_toast_takes_protection_back(site: str, visitor: Page) -> None:
    fleet("ia")
    visitor.goto(f"{site}/sandboxes/ia/")
    visitor.get_by_role("button", name="Protect…").click()
    visitor.locator("#ask[open] [name=reason]").fill("debugging")
    visitor.locator("#ask[open] button[type=submit]").click()
    toast = visitor.locator(".toasts > *")
    expect(toast).to_contain_text("protected from every policy")
    expect(toast.get_by_role("link", name="Audit trail")).to_be_visible()
    toast.get_by_role("button", name="Undo").click()
    expect(visitor.locator(".toasts")).to_contain_text("no longer protected")


def test_facet_of_many_values_is_searched(site: str, visitor: Page) -> None:
    for number in range(12):
        records.sandbox(f"i{number}", owner=f"owner-{number:02d}")
    visitor.set_viewport_size({"width": 1440, "height": 900})
    visitor.goto(f"{site}/sandboxes/")
    facet = visitor.locator("[data-facet]").filter(has=visitor.locator("[data-facet-find]"))
    expect(facet.locator("a:visible")).to_have_count(8)
    facet.locator("[data-facet-find]").fill("ner-11")
    expect(facet.locator("a:visible")).to_have_text(re.compile("owner-11"))
    facet.locator("[data-facet-find]").fill("nobody")
    expect(facet.locator("[data-facet-none]")).to_be_visible()
