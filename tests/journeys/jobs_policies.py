"""What the platform engineer comes for: a policy, what it would do, whether it can be trusted, and its switch."""

import re

from playwright.sync_api import expect

from tests.journeys.jobs import WHO, job
from tests.journeys.walker import SOON_MS, Walker

PLATFORM = WHO[2]
NAME = "old dev boxes"


def new_policy(walker: Walker) -> None:
    """A dry run that matches what is older than two hours in dev."""
    page = walker.page
    walker.fleet.without_policy(NAME)
    walker.menu("Cleanup", "/cleanup/")
    walker.click(page.get_by_role("link", name="New policy"))
    walker.at("/cleanup/policies/new/")
    walker.type(page.get_by_label("Name", exact=True), NAME)
    walker.type(page.get_by_label("Metadata", exact=True), "env=dev")
    walker.type(page.get_by_role("textbox", name="Older than"), "2 h")
    expect(page.locator("#preview .verdict")).to_contain_text(re.compile(r"\d+ of \d+"), timeout=SOON_MS)
    expect(page.locator("#preview")).to_have_attribute("aria-busy", "false")
    walker.click(page.get_by_role("button", name="Save as a dry run"))
    expect(page.get_by_role("heading", name=NAME)).to_be_visible(timeout=SOON_MS)
    walker.live()


def its_page(walker: Walker) -> int:
    """That policy's page, made over REST unless it is there."""
    made = next((one for one in walker.fleet.get("/policies")["items"] if one["name"] == NAME), None)
    if made is None:
        given = {
            "name": NAME, "enabled": True, "match": {"metadata": {"env": "dev"}},
            "orphan_when": {"older_than_seconds": 7200},
        }  # fmt: skip
        made = walker.fleet.rest.post("/policies", json=given).raise_for_status().json()
    walker.menu("Cleanup", "/cleanup/")
    walker.click(walker.page.get_by_role("table", name="Policies").get_by_role("link", name=NAME))
    walker.at(f"/cleanup/policies/{made['id']}/")
    return int(made["id"])


@job(PLATFORM, "Write a policy, see what it would do, save it as a dry run", core=True)
def write_a_policy(walker: Walker) -> None:
    new_policy(walker)
    assert walker.fleet.policy(NAME)["mode"] == "dry_run"


@job(PLATFORM, "Read its trust report: who was used again")
def read_its_report(walker: Walker) -> None:
    page, number = walker.page, its_page(walker)
    walker.click(page.get_by_role("link", name="Trust report"))
    walker.at(f"/cleanup/policies/{number}/trust/")
    expect(page.locator(".verdict").first).to_contain_text("eady to be enforced")
    used = page.get_by_role("link", name=re.compile("^Used again"))
    if used.count():
        walker.click(used)
        expect(page).to_have_url(re.compile("show=used"))
        walker.live()


@job(PLATFORM, "Enforce it against the report's advice")
def enforce_it(walker: Walker) -> None:
    page, number = walker.page, its_page(walker)
    walker.click(page.get_by_role("link", name="Enforce…"))
    walker.at(f"/cleanup/policies/{number}/enforce/")
    asked = page.locator("#f-used")
    report = walker.fleet.get(f"/policies/{number}/trust")
    assert asked.count(), "a day of record is not enough to be ready"
    walker.type(asked, str(report["used_again"]))
    walker.click(page.get_by_role("button", name="Enforce", exact=True))
    walker.at(f"/cleanup/policies/{number}/")
    assert walker.fleet.policy(NAME)["mode"] == "enforce"


@job(PLATFORM, "Turn a policy off")
def turn_it_off(walker: Walker) -> None:
    its_page(walker)
    walker.click(walker.page.get_by_role("button", name="Turn off"))
    expect(walker.page.locator(".notice")).to_be_visible(timeout=SOON_MS)
    assert not walker.fleet.policy(NAME)["enabled"]


@job(PLATFORM, "Try another limit and compare before saving")
def try_another_limit(walker: Walker) -> None:
    page = walker.page
    its_page(walker)
    verdict = page.locator("#preview .verdict")
    expect(verdict).to_be_visible(timeout=SOON_MS)
    walker.type(page.get_by_role("textbox", name="Older than"), "6 h")
    expect(verdict).to_contain_text(re.compile(r"version \d+"), timeout=SOON_MS)
    walker.click(page.get_by_role("button", name="Save", exact=True))
    expect(page.locator(".notice")).to_be_visible(timeout=SOON_MS)
    assert walker.fleet.policy(NAME)["orphan_when"]["older_than_seconds"] == 21_600


@job(PLATFORM, "Delete a policy")
def delete_it(walker: Walker) -> None:
    page = walker.page
    its_page(walker)
    walker.click(page.get_by_text("Delete…", exact=True))
    walker.click(page.get_by_role("button", name="Delete policy"))
    walker.at("/cleanup/")
    assert all(one["name"] != NAME for one in walker.fleet.get("/policies")["items"])


@job(PLATFORM, "Be told in words what is wrong in the form")
def wrong_form(walker: Walker) -> None:
    page = walker.page
    walker.menu("Cleanup", "/cleanup/")
    walker.click(page.get_by_role("link", name="New policy"))
    walker.at("/cleanup/policies/new/")
    walker.type(page.get_by_role("textbox", name="Older than"), "a while")
    walker.click(page.get_by_role("button", name="Save as a dry run"))
    wrong = page.locator("p.wrong")
    expect(wrong.first).to_be_visible(timeout=SOON_MS)
    expect(page.locator("[aria-invalid=true]").first).to_be_focused()
    walker.live()
    # That the form is answered with 422 is meant; the browser tells its console of any such answer.
    walker.complaints = [one for one in walker.complaints if "422" not in one]
