"""What is set up once: tokens, prices, the cap, and where one reads how the server is."""

import re
from datetime import UTC, datetime, timedelta

import httpx
from playwright.sync_api import expect

from tests.journeys.jobs import WHO, job
from tests.journeys.walker import SOON_MS, Walker

SETS_UP = WHO[3]


def section(walker: Walker, name: str, path: str) -> None:
    """A section of Settings."""
    walker.menu("Settings", "/settings/")
    walker.click(walker.page.get_by_role("navigation", name="Sections").get_by_role("link", name=name, exact=True))
    walker.at(path)


@job(SETS_UP, "Create an API token and use it", core=True)
def create_a_token(walker: Walker) -> None:
    page, name = walker.page, f"deploy {walker.mode.name}"
    section(walker, "API tokens", "/settings/tokens/")
    walker.type(page.get_by_label("Name", exact=True), name)
    walker.click(page.get_by_role("button", name="Create token"))
    token = page.locator(".made code").inner_text()
    answer = httpx.get(
        f"{walker.fleet.base}/api/v1/fleet", headers={"Authorization": f"Bearer {token}"}, trust_env=False
    )
    assert answer.status_code == 200


@job(SETS_UP, "Revoke an API token")
def revoke_a_token(walker: Walker) -> None:
    page = walker.page
    section(walker, "API tokens", "/settings/tokens/")
    walker.type(page.get_by_label("Name", exact=True), "to be revoked")
    walker.click(page.get_by_role("button", name="Create token"))
    token = page.locator(".made code").inner_text()
    row = page.get_by_role("row", name=re.compile("to be revoked"))
    walker.click(row.get_by_text("Revoke…", exact=True))
    walker.click(row.get_by_role("button", name="Revoke token"))
    expect(row).to_contain_text("revoked", timeout=SOON_MS)
    answer = httpx.get(
        f"{walker.fleet.base}/api/v1/fleet", headers={"Authorization": f"Bearer {token}"}, trust_env=False
    )
    assert answer.status_code == 401


@job(SETS_UP, "Enter next month's price")
def add_a_price(walker: Walker) -> None:
    page = walker.page
    section(walker, "Prices", "/settings/prices/")
    since = (datetime.now(UTC) + timedelta(days=30)).replace(second=0, microsecond=0)
    page.get_by_label("From, UTC").fill(f"{since:%Y-%m-%dT%H:%M}")
    walker.keys += 12
    walker.choose(page.get_by_label("Prices are"), "an hour")
    walker.type(page.get_by_label("USD per vCPU"), "0.054")
    walker.type(page.get_by_label("USD per GiB"), "0.018")
    walker.click(page.get_by_role("button", name="Add price"))
    expect(page.get_by_role("table", name="Price book")).to_contain_text("$0.054", timeout=SOON_MS)


@job(SETS_UP, "Tell it the concurrency limit")
def set_the_cap(walker: Walker) -> None:
    page = walker.page
    section(walker, "Account", "/settings/account/")
    walker.type(page.get_by_label("Concurrency limit"), "1000")
    walker.click(page.get_by_role("button", name="Save changes"))
    expect(page.locator(".notice")).to_be_visible(timeout=SOON_MS)
    walker.menu("Fleet", "/")
    expect(page.locator(".figs")).to_contain_text("of 1,000 allowed")


@job(SETS_UP, "Read how the server is")
def read_the_system(walker: Walker) -> None:
    section(walker, "System", "/settings/system/")
    expect(walker.page.get_by_role("heading", name="This server")).to_be_visible()
    expect(walker.page.get_by_role("heading", name="Background tasks")).to_be_visible()
