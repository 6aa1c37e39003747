"""What the one who pays comes for: what it costs, by whom, and a file of it."""

import csv
import io
import json
import re
from decimal import Decimal

from playwright.sync_api import expect

from runner.embedded import proc
from tests.journeys.jobs import WHO, job
from tests.journeys.walker import SOON_MS, Walker

PAYS = WHO[1]
MOST_OF_A_DAY = 6_000  # sandboxes, of 5 births a minute


def cost_by(walker: Walker, span: str, group: str) -> None:
    """The Cost page, this long, by this."""
    page = walker.page
    walker.menu("Cost", "/cost/")
    table = page.locator(".who-table")
    expect(table).to_be_visible(timeout=SOON_MS)
    if span != "7 days":
        walker.click(page.get_by_role("button", name=span, exact=True))
        expect(page.get_by_role("button", name=span, exact=True)).to_have_attribute("aria-pressed", "true")
    if group != "Owner":
        walker.click(page.get_by_role("button", name=group, exact=True))
    expect(page.get_by_role("button", name=group, exact=True)).to_have_attribute("aria-pressed", "true")
    expect(table).to_be_visible(timeout=SOON_MS)


def dollars(text: str) -> Decimal:
    return Decimal(text.replace("$", "").replace(",", ""))


@job(PAYS, "See what each owner cost in the last 30 days")
def month_by_owner(walker: Walker) -> None:
    cost_by(walker, "30 days", "Owner")
    costs = [dollars(one) for one in walker.page.locator(".who-table td:nth-child(5)").all_inner_texts()]
    assert len(costs) > 5
    assert costs == sorted(costs, reverse=True)


@job(PAYS, "Export the cost by owner and open the CSV", core=True)
def export_cost(walker: Walker) -> None:
    # Until the day before the first start has been read, what it cost grows from second to second.
    assert proc.wait_until(lambda: walker.fleet.get("/sandboxes", state="ended", limit=1)["total"] > MOST_OF_A_DAY, 300)
    walker.start()
    cost_by(walker, "30 days", "Owner")
    file = walker.download(walker.page.get_by_role("link", name="Export CSV"))
    rows = list(csv.DictReader(io.StringIO(file.read_text(), newline="")))
    assert len(rows) > 5
    shown = walker.page.locator(".who-table tbody tr").first
    assert rows[0]["group"] == shown.get_attribute("data-of")
    cost = Decimal(rows[0]["cost_usd"])
    assert abs(cost - dollars(shown.locator("td").nth(3).inner_text())) <= Decimal("0.01") + cost / 50


@job(PAYS, "See which template wastes most on orphans")
def waste_by_template(walker: Walker) -> None:
    cost_by(walker, "7 days", "Template")
    expect(walker.page.locator(".who-table tbody tr").first).to_be_visible()
    expect(walker.page.locator(".figs").get_by_text("Orphans, last 7 days")).to_be_visible()


@job(PAYS, "See who could do with a smaller size")
def smaller_sizes(walker: Walker) -> None:
    cost_by(walker, "24 h", "Template")
    section = walker.page.locator("section", has=walker.page.locator("#h-sizes"))
    expect(section).to_contain_text(re.compile("could be|fits|No metrics"), timeout=SOON_MS)


@job(PAYS, "Take the sandboxes of one environment home as CSV and JSON")
def export_sandboxes(walker: Walker) -> None:
    page = walker.page
    walker.menu("Sandboxes", "/sandboxes/")
    walker.click(page.get_by_text("Add filter", exact=True))
    walker.type(page.get_by_role("textbox", name="Environment"), "staging")
    walker.click(page.get_by_role("button", name="Filter", exact=True))
    expect(page.locator(".tok")).to_contain_text("staging")
    walker.live()
    walker.click(page.get_by_text("Export", exact=True))
    rows = csv.DictReader(io.StringIO(walker.download(page.get_by_role("link", name="CSV")).read_text(), newline=""))
    found = {row["id"]: row["environment"] for row in rows}
    assert found
    assert set(found.values()) == {"staging"}
    if not page.get_by_role("link", name="JSON").is_visible():
        walker.click(page.get_by_text("Export", exact=True))
    items = json.loads(walker.download(page.get_by_role("link", name="JSON")).read_text())["items"]
    assert {one["environment"] for one in items} == {"staging"}


@job(PAYS, "Save a view of what is dear, and come back to it")
def save_a_view(walker: Walker) -> None:
    page, name = walker.page, f"Dear in {walker.mode.name}"
    walker.menu("Sandboxes", "/sandboxes/")
    walker.click(page.get_by_role("columnheader").get_by_role("link", name=re.compile("^Cost")))
    expect(page.locator("th[aria-sort=descending]")).to_contain_text("Cost")
    walker.live()
    walker.click(page.get_by_text("Save view", exact=True))
    walker.type(page.get_by_label("Name", exact=True), name)
    walker.click(page.get_by_role("button", name="Save", exact=True))
    tab = page.get_by_role("navigation", name="Views").get_by_role("link", name=name)
    expect(tab).to_have_attribute("aria-current", "true")
    walker.menu("Fleet", "/")
    walker.menu("Sandboxes", "/sandboxes/")
    walker.click(tab)
    expect(page.locator("th[aria-sort=descending]")).to_contain_text("Cost")
    walker.live()
