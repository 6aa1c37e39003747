"""One clock for each page, the server's: a wrong clock, a freeze and late data make no age, end or countdown untrue."""

import re
import time
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from dashboard.live.hub import hub
from runner.embedded import proc
from sandboxes.models import Freeze, Sandbox
from tests.browser.live_pages import hear, polled
from tests.support import records

pytestmark = [
    pytest.mark.browser,
    pytest.mark.xdist_group("browser"),
    pytest.mark.full(reason="a page and an empty database for each test: together they take minutes"),
]
# A machine whose clock is wrong by so many ms, from before the page's first script on.
WRONG_CLOCK = """
const Right = Date, by = BY;
globalThis.Date = class extends Right {
  constructor(...given) { if (given.length) super(...given); else super(Right.now() + by); }
  static now() { return Right.now() + by; }
};
"""
SAID = """
() => {
  globalThis.said = [];
  const regions = "[role=status], [role=alert], [aria-live=polite], [aria-live=assertive]";
  new MutationObserver((changes) => {
    for (const { target } of changes) {
      const region = (target instanceof Element ? target : target.parentElement)?.closest(regions);
      if (region?.textContent.trim()) said.push(region.textContent.trim());
    }
  }).observe(document.body, { subtree: true, childList: true, characterData: true, attributeFilter: ["hidden"] });
}
"""


def seconds_pass(page: Page, count: int = 2) -> None:
    """Waits until the page's own clock has moved on so often."""
    for _ in range(count):
        shown = page.locator("[data-clock]").inner_text()
        expect(page.locator("[data-clock]")).not_to_have_text(shown)


def aged(minutes: float, ends_in: float) -> Sandbox:
    now = timezone.now()
    return records.sandbox(
        "iclock", started_at=now - timedelta(minutes=minutes), end_at=now + timedelta(minutes=ends_in), owner="ada"
    )


def in_grace(seconds: float) -> Sandbox:
    box, now = aged(44, 26), timezone.now()
    records.verdict(box, records.policy())
    records.action(
        box, state="grace", actor_kind="policy", actor_name="old ones", requested_at=now - timedelta(seconds=5),
        act_at=now + timedelta(seconds=seconds),
    )  # fmt: skip
    return box


@pytest.mark.parametrize("hours", [1, -1])
def test_wrong_browser_clock_changes_no_age_and_no_end(visitor: Page, site: str, hours: int) -> None:
    box = aged(44.5, 26.5)
    polled(box)
    visitor.add_init_script(WRONG_CLOCK.replace("BY", str(hours * 3_600_000)))
    visitor.goto(f"{site}/sandboxes/iclock/")
    expect(visitor.locator("[data-live-word]")).to_have_text("Live")
    seconds_pass(visitor)
    facts = visitor.locator(".facts")
    expect(facts).to_contain_text("44 min ago")
    expect(facts).to_contain_text(re.compile(r"in 26 min \d\d s"))
    hour, minute, second = map(int, visitor.locator("[data-clock]").inner_text().removesuffix(" UTC").split(":"))
    now = datetime.now(UTC)
    shown = now.replace(hour=hour, minute=minute, second=second)
    assert abs((now - shown).total_seconds()) < 10

    polled(box)
    visitor.goto(f"{site}/sandboxes/")
    row = visitor.locator("tr[data-key]")
    expect(row.locator("[data-cell=cpu]")).to_have_text("12.5%")
    expect(row.locator("[data-cell=end]")).to_have_text("in 26 min")
    expect(row.locator(".c-age")).to_have_text("44 min")


def test_what_says_an_end_on_one_page_says_the_same(visitor: Page, site: str) -> None:
    records.policy("overdue", orphan_when={"past_end_seconds": 60})
    polled(aged(44, 19.9))
    visitor.goto(f"{site}/sandboxes/iclock/")
    visitor.locator("details summary", has_text="overdue").click()
    both = ".facts time[data-form=exact-end], .others summary time[data-form=left], .rules time[data-form=left]"
    assert visitor.locator(both).count() >= 3
    read = f"() => [...document.querySelectorAll('{both}')].map((one) => one.textContent.replace(/^in /, ''))"
    for _ in range(3):
        said = visitor.evaluate(read)
        assert len(set(said)) == 1, said
        assert re.fullmatch(r"19 min \d\d s", said[0])
        seconds_pass(visitor, 1)


def test_countdown_stands_still_while_frozen_and_says_so(visitor: Page, site: str) -> None:
    box = in_grace(95)
    polled(box)
    pages = {"/cleanup/": ".in-grace .due b:has(time)", "/sandboxes/iclock/": ".grace b", "/": "#needs b:has(time)"}
    visitor.goto(f"{site}/cleanup/")
    expect(visitor.locator(pages["/cleanup/"])).to_have_text(re.compile(r"^in 1 min \d\d s$"))
    frozen = Freeze.objects.create(at=timezone.now(), by="bob")
    act_at = box.actions.get().act_at
    assert act_at
    minutes, seconds = divmod(round((act_at - frozen.at).total_seconds()), 60)
    words = f"paused with {minutes} min {seconds:02} s to go"

    hub.messages.fleet.frozen_at = frozen.at.timestamp()
    hub.messages.refresh(time.time())
    hear(visitor)
    expect(visitor.locator(pages["/cleanup/"])).to_have_text(words)
    expect(visitor.locator("[data-frozen]")).to_contain_text("Policies are frozen; pending actions are paused.")
    for path, place in pages.items():
        polled(box)
        visitor.goto(f"{site}{path}")
        expect(visitor.locator(place)).to_have_text(words)
        seconds_pass(visitor)
        assert visitor.locator(place).inner_text().replace("\xa0", " ") == words, path


def test_countdown_of_a_policy_ends_at_its_end(visitor: Page, site: str) -> None:
    polled(in_grace(2))
    visitor.goto(f"{site}/sandboxes/iclock/")
    expect(visitor.locator(".grace b")).to_have_text("now")
    seconds_pass(visitor, 3)
    expect(visitor.locator(".grace b")).to_have_text("now")


def test_countdown_stops_while_the_data_is_late(visitor: Page, site: str) -> None:
    at = polled(in_grace(300), seconds_ago=60)
    visitor.goto(f"{site}/sandboxes/iclock/")
    expect(visitor.locator("[data-live-word]")).to_have_text(f"Stale since {at:%H:%M:%S}")
    words = visitor.locator(".grace b").inner_text()
    assert re.fullmatch(rf"in \d min \d\d s, as of {at:%H:%M:%S}", words)
    end = visitor.locator(".facts time[data-form=exact-end]").inner_text()
    seconds_pass(visitor, 3)
    expect(visitor.locator(".grace b")).to_have_text(words)
    expect(visitor.locator(".facts time[data-form=exact-end]")).to_have_text(end)


def test_newly_loaded_page_over_old_data_says_that_it_is_stale(visitor: Page, site: str) -> None:
    at = polled(aged(44, 26), seconds_ago=40)
    for path in ("/", "/sandboxes/", "/sandboxes/iclock/", "/cost/"):
        visitor.goto(f"{site}{path}")
        expect(visitor.locator("[data-live]")).to_have_attribute("data-state", "stale")
        expect(visitor.locator("[data-live-word]")).to_have_text(f"Stale since {at:%H:%M:%S}")
        expect(visitor.locator("[data-polled]")).to_have_text(re.compile(r"Polled (4|5)\d s ago"))
        hour, minute, second = map(int, visitor.locator("[data-clock]").inner_text().removesuffix(" UTC").split(":"))
        ahead = (hour * 3600 + minute * 60 + second) - time.time() % 86_400
        assert abs(ahead) < 5, path


def test_stale_band_is_announced_once_as_it_comes_and_once_as_it_goes(visitor: Page, site: str) -> None:
    box = aged(44, 26)
    polled(box, seconds_ago=9)
    visitor.goto(f"{site}/cost/")
    expect(visitor.locator("[data-live-word]")).to_have_text("Live")
    visitor.evaluate(SAID)
    band, ago = visitor.locator("[data-stale]"), visitor.locator("[data-stale-ago]")
    expect(band).to_be_visible(timeout=20_000)
    for _ in range(3):
        shown = ago.inner_text()
        expect(ago).not_to_have_text(shown)
    (told,) = visitor.evaluate("() => said")
    assert re.fullmatch(r"No poll since \d\d:\d\d:\d\d", told)
    polled(box)
    hear(visitor)
    expect(band).to_be_hidden()
    assert visitor.evaluate("() => said")[1:] == ["Data is current again."]


def test_last_seen_does_not_age_while_samples_and_lists_come(visitor: Page, site: str) -> None:
    box = aged(44, 26)
    polled(box, seconds_ago=10)
    visitor.goto(f"{site}/sandboxes/iclock/")
    seen = visitor.locator("[data-seen] time")
    expect(seen).to_have_text(re.compile(r"^1\d s ago$"))
    polled(box)
    hear(visitor)
    expect(seen).to_have_text(re.compile(r"^(now|[1-5] s ago)$"))
    visitor.goto(f"{site}/settings/account/")
    synced = visitor.locator("time[data-follow]")
    first = synced.get_attribute("datetime")
    polled(box)
    hear(visitor)
    assert proc.wait_until(lambda: synced.get_attribute("datetime") != first, 20)
