"""What the engineer on call comes for: what is hot, why, and an end to it."""

import re

from playwright.sync_api import Locator, expect

from runner.embedded import proc
from tests.journeys.jobs import WHO, job
from tests.journeys.walker import SOON_MS, Walker

ON_CALL = WHO[0]
ROW = "tr[data-key]"


def open_first(walker: Walker) -> None:
    """The first row of the table, by its ID; by keys the cursor goes to it."""
    row = walker.page.locator(ROW).first
    path = str(row.get_attribute("data-href"))
    if walker.mode.by_keys:
        walker.press("j", "Enter")
    else:
        walker.click(row.locator("a.id"))
    walker.at(path)


def column(walker: Walker, name: str) -> Locator:
    return walker.page.get_by_role("columnheader").get_by_role("link", name=re.compile(f"^{name}"))


@job(ON_CALL, "Find the hottest sandbox and open it", core=True, on_call=True)
def find_the_hot_one(walker: Walker) -> None:
    walker.menu("Sandboxes", "/sandboxes/")
    walker.click(column(walker, "CPU"))
    expect(walker.page.locator("th[aria-sort=descending]")).to_contain_text("CPU")
    walker.live()
    open_first(walker)
    expect(walker.page.locator("[data-readout=cpu]")).to_have_text(re.compile(r"\d%$"), timeout=SOON_MS)
    expect(walker.page.locator("[data-lane] svg")).to_be_attached()


@job(ON_CALL, "Say why a sandbox is about to be paused", core=True, on_call=True)
def say_why(walker: Walker) -> None:
    walker.click(walker.page.locator("#needs a", has_text=re.compile(r"^Review \d+")))
    walker.at("/sandboxes/")
    expect(walker.page.locator(".tok")).to_contain_text("orphan")
    open_first(walker)
    why = walker.page.locator(".why-sec")
    expect(why.get_by_role("heading").first).to_have_text("Why it is an orphan")
    expect(why.locator(".rules").first).to_contain_text("met")
    expect(why.locator(".rules b").first).to_have_text(re.compile(r"\d"))
    if walker.mode.touch:
        expect(why.get_by_role("heading").first).to_be_in_viewport()


@job(ON_CALL, "Kill 12 idle sandboxes", core=True, on_call=True)
def kill_idle_ones(walker: Walker) -> None:
    count = 12 if walker.mode.name == "1440" else 3
    page = walker.page
    walker.menu("Sandboxes", "/sandboxes/")
    for order in ("descending", "ascending"):
        walker.click(column(walker, "CPU"))
        expect(page.locator(f"th[aria-sort={order}]")).to_contain_text("CPU")
        walker.live()
    picks = page.locator("[data-pick]")
    if walker.mode.by_keys:
        for _ in range(count):
            walker.press("j", "x")
        walker.press("b")
    elif walker.mode.touch:
        for number in range(count):
            walker.click(picks.nth(number))
    else:
        walker.click(picks.first)
        walker.clicks += 1
        picks.nth(count - 1).click(modifiers=["Shift"])
    expect(page.locator("[data-bulk-count]")).to_have_text(f"{count} selected")
    walker.click(page.locator("[data-bulk-act=kill]"))
    walker.type(page.get_by_label(f"Type {count} to confirm"), str(count))
    walker.click(page.locator("#ask").get_by_role("button", name=f"Kill {count}"))
    expect(page.locator("[data-progress]")).to_contain_text(f"{count} of {count} killed", timeout=SOON_MS)


@job(ON_CALL, "Stop a pending action", core=True, on_call=True)
def stop_a_mark(walker: Walker) -> None:
    page = walker.page
    before = len(walker.fleet.marked())
    walker.start()
    walker.menu("Cleanup", "/cleanup/")
    stop = page.locator(".in-grace").get_by_role("button", name=re.compile("^Stop")).first
    walker.click(stop)
    expect(page.locator(".toasts")).to_contain_text(re.compile("[Ss]topped|cancelled"), timeout=SOON_MS)
    assert len(walker.fleet.marked(0)) < before


@job(ON_CALL, "Freeze all policies", core=True, on_call=True)
def freeze(walker: Walker) -> None:
    walker.menu("Cleanup", "/cleanup/")
    walker.click(walker.page.locator("#freeze > summary"))
    walker.click(walker.page.get_by_role("button", name="Freeze policies"))
    band = walker.page.locator("[data-frozen]")
    expect(band).to_contain_text("Policies are frozen; pending actions are paused.")
    expect(band).to_be_visible()


@job(ON_CALL, "Lift the freeze")
def unfreeze(walker: Walker) -> None:
    walker.fleet.frozen(True)
    walker.page.reload()
    walker.live()
    walker.start()
    walker.click(walker.page.get_by_role("link", name="Unfreeze in Cleanup"))
    walker.at("/cleanup/")
    walker.click(walker.page.get_by_role("button", name="Unfreeze", exact=True))
    expect(walker.page.locator("[data-frozen]")).to_be_hidden()


@job(ON_CALL, "Find who died of out of memory yesterday, and the proof", on_call=True)
def died_out_of_memory(walker: Walker) -> None:
    page = walker.page
    found = f"{walker.fleet.base}/sandboxes/?state=ended&cause=out_of_memory"
    assert proc.wait_until(lambda: "<tr data-key" in page.request.get(found).text(), 120), "one is known to have"
    walker.start()
    walker.menu("Sandboxes", "/sandboxes/")
    walker.click(page.get_by_role("navigation", name="Views").get_by_role("link", name="Ended"))
    expect(page.locator("table.of-ended")).to_be_visible()
    walker.live()
    if walker.mode.width > 1380:
        walker.click(page.locator(".facets").get_by_role("link", name=re.compile("out of memory")))
    else:
        walker.click(page.get_by_text("Add filter", exact=True))
        walker.choose(page.get_by_role("combobox", name="Probable cause"), "out of memory")
        walker.click(page.get_by_role("button", name="Filter", exact=True))
    expect(page.locator(".tok")).to_contain_text("out of memory")
    walker.live()
    open_first(walker)
    verdict = page.locator(".inferred")
    expect(verdict).to_contain_text("Probably out of memory")
    expect(verdict).to_contain_text(re.compile(r"\d"))


@job(ON_CALL, "Open the fleet as it was at 02:13", core=True, on_call=True)
def open_the_past(walker: Walker) -> None:
    page = walker.page
    if walker.mode.by_keys:
        walker.palette("02:13", "Fleet at 02:13:00 UTC")
    else:
        walker.click(page.get_by_role("slider"))
        field = page.get_by_label("Go to a time, UTC")
        expect(field).to_be_visible()
        walker.type(field, "02:13")
        walker.click(page.get_by_role("button", name="Go", exact=True))
    band = page.locator("[data-past]")
    expect(band).to_contain_text("02:13:00", timeout=SOON_MS)
    expect(band).to_have_attribute("data-shown", re.compile(r"^\d+$"), timeout=SOON_MS)
    expect(page.locator("[data-live-word]")).to_have_text("Past")


@job(ON_CALL, "Give one sandbox another hour", on_call=True)
def extend_one(walker: Walker) -> None:
    page = walker.page
    one = walker.fleet.sandboxes(state="running", order="-end_at", limit=5)[-1]["id"]  # it lives on meanwhile
    walker.start()
    if walker.mode.by_keys:
        walker.palette(one, one)
    else:
        search = page.locator("[data-search]")
        walker.type(search, one)
        walker.press("Enter")
        walker.at("/sandboxes/")
        expect(page.locator(ROW)).to_have_count(1)
        walker.click(page.locator(f"{ROW} a.id"))
    walker.at(f"/sandboxes/{one}/")
    walker.click(page.locator("[data-act=extend]"))
    walker.click(page.locator("#ask").get_by_role("button", name="Extend"))
    expect(page.locator("#ask[open]")).to_have_count(0)
    expect(page.locator("#steps")).to_contain_text(re.compile("extend"), timeout=SOON_MS)


@job(ON_CALL, "Protect a sandbox from policies for a day")
def protect_one(walker: Walker) -> None:
    page = walker.page
    one = walker.fleet.sandboxes(state="running", protected="false", order="-started_at", limit=1)[0]["id"]
    walker.start()
    walker.palette(one, one)
    walker.at(f"/sandboxes/{one}/")
    walker.click(page.locator("[data-act=protect]"))
    walker.type(page.locator("#ask").get_by_label("Reason"), "customer demo")
    walker.click(page.locator("#ask").get_by_role("button", name="Protect"))
    expect(page.locator("#side")).to_contain_text("customer demo", timeout=SOON_MS)


@job(ON_CALL, "Pause a sandbox, and resume it")
def pause_and_resume(walker: Walker) -> None:
    page = walker.page
    one = walker.fleet.sandboxes(state="running", order="-end_at", limit=1)[0]["id"]
    walker.start()
    walker.palette(one, one)
    walker.at(f"/sandboxes/{one}/")
    for act, state in (("pause", "paused"), ("resume", "running")):
        walker.click(page.locator(f"[data-act={act}]"))
        walker.click(page.locator("#ask").get_by_role("button", name=act.capitalize()))
        expect(page.locator("#head .state")).to_contain_text(state, timeout=SOON_MS)


@job(ON_CALL, "Read only the errors of a log")
def read_errors(walker: Walker) -> None:
    page = walker.page
    walker.menu("Sandboxes", "/sandboxes/")
    walker.click(column(walker, "CPU"))
    expect(page.locator("th[aria-sort=descending]")).to_contain_text("CPU")
    walker.live()
    open_first(walker)
    expect(page.locator("[data-logs-lines] li").first).to_be_attached(timeout=SOON_MS)
    walker.click(page.get_by_role("button", name="Error", exact=True))
    expect(page.locator("[data-logs-lines] .l-info")).to_have_count(0, timeout=SOON_MS)


@job(ON_CALL, "See what died in the last hour, and hold the stream")
def killed_lately(walker: Walker) -> None:
    page = walker.page
    walker.menu("Events", "/events/")
    expect(page.locator(".lanes .name", has_text="killed")).to_be_visible()
    walker.click(page.locator(".lanes .name", has_text="killed"))
    expect(page.locator(".lanes .name[aria-current=true]")).to_have_text("killed")
    walker.live()
    walker.click(page.get_by_role("button", name="Hold", exact=True))
    expect(page.get_by_role("button", name="Hold", exact=True)).to_have_attribute("aria-pressed", "true")


@job(ON_CALL, "See all that one owner runs in the honeycomb")
def light_an_owner(walker: Walker) -> None:
    page = walker.page
    walker.click(page.get_by_role("button", name="Owner", exact=True).first)
    owners = page.locator("[data-owners] button")
    expect(owners.first).to_have_attribute("aria-pressed", "true")
    walker.click(owners.nth(1))
    expect(owners.nth(1)).to_have_attribute("aria-pressed", "true")


@job(ON_CALL, "Find out who killed a sandbox by hand")
def who_killed(walker: Walker) -> None:
    page = walker.page
    one = walker.fleet.sandboxes(state="running", order="cpu_pct", limit=1)[0]["id"]
    walker.fleet.rest.post(f"/sandboxes/{one}/kill", json={"reason": "runaway loop"}).raise_for_status()
    walker.start()
    walker.palette(one, one)
    walker.at(f"/sandboxes/{one}/")
    expect(page.locator("#steps")).to_contain_text("runaway loop", timeout=SOON_MS)
    expect(page.locator("#steps")).to_contain_text("automation")
