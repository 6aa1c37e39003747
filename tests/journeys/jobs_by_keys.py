"""Jobs done by the palette and single keys alone: no pointer moves."""

import re

from playwright.sync_api import expect

from tests.journeys.jobs import WHO, job
from tests.journeys.walker import SOON_MS, Walker

BY_KEYS = WHO[4]


@job(BY_KEYS, "Open the sandbox whose ID was pasted", keys_only=True)
def paste_an_id(walker: Walker) -> None:
    one = walker.fleet.sandboxes(state="running", limit=5)[-1]["id"]
    walker.press("Control+k")
    expect(walker.page.locator("#palette input")).to_be_focused()
    walker.keys += 1
    walker.page.keyboard.insert_text(one)
    walker.press("Enter")
    walker.at(f"/sandboxes/{one}/")


@job(BY_KEYS, "Freeze all policies from the palette", keys_only=True)
def freeze_by_palette(walker: Walker) -> None:
    walker.palette("freeze", "Freeze")
    walker.at("/cleanup/")
    expect(walker.page.get_by_label("Reason")).to_be_focused()
    walker.keys += len("incident 12")
    walker.page.keyboard.type("incident 12")
    walker.press("Enter")
    expect(walker.page.locator("[data-frozen]")).to_contain_text("incident 12", timeout=SOON_MS)


@job(BY_KEYS, "Protect three sandboxes of the table", keys_only=True)
def protect_three(walker: Walker) -> None:
    page = walker.page
    walker.menu("Sandboxes", "/sandboxes/")
    for _ in range(3):
        walker.press("j", "x")
    expect(page.locator("[data-bulk-count]")).to_have_text("3 selected")
    walker.press("b")
    expect(page.locator("[data-bulk-act=protect]")).to_be_focused()
    walker.press("Enter")
    expect(page.locator("#ask[open]")).to_contain_text("Protect")
    expect(page.locator("#ask select")).to_be_focused()
    walker.press("Tab", "Enter")
    expect(page.locator("#ask[open]")).to_have_count(0)
    expect(page.locator("[data-bulk]")).to_be_hidden()


@job(BY_KEYS, "Go from the honeycomb to a sandbox", keys_only=True)
def honeycomb_by_arrows(walker: Walker) -> None:
    page = walker.page
    expect(page.locator("[data-comb] canvas")).to_be_visible()
    walker.reach(page.locator("[data-comb]"))
    walker.press("ArrowRight", "ArrowDown")
    says = page.locator("[data-comb-says]")
    expect(says).to_have_text(re.compile(r"^i\w+, "))
    one = says.inner_text().split(",")[0]
    walker.press("Enter")
    walker.at(f"/sandboxes/{one}/")


@job(BY_KEYS, "See what one owner costs", keys_only=True)
def cost_of_an_owner(walker: Walker) -> None:
    page = walker.page
    owner = walker.fleet.sandboxes(state="running", limit=50)
    name = next(one["owner"] for one in owner if one["owner"])
    walker.press("Control+k")
    expect(page.locator("#palette input")).to_be_focused()
    walker.keys += len(name)
    page.keyboard.type(name)
    line = page.locator("#palette [role=option]", has_text=f"Cost of {name}")
    expect(line).to_be_visible()
    while line.get_attribute("aria-selected") != "true":
        walker.press("ArrowDown")
    walker.press("Enter")
    walker.at("/cost/")
    expect(page.locator("tr.sought")).to_contain_text(name, timeout=SOON_MS)


@job(BY_KEYS, "Switch to the light theme", keys_only=True)
def light_theme(walker: Walker) -> None:
    walker.palette("theme light", "ight")
    expect(walker.page.locator("html")).to_have_attribute("data-theme", "light")
