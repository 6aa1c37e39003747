"""The pages under what people's machines do: forced colours, no motion wanted, fifty tabs at once."""

import json
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, WebSocket, expect

from runner.embedded import proc
from tests.journeys.fleet import Fleet
from tests.journeys.modes import DESK, PHONE
from tests.journeys.page_checks import MOVING
from tests.journeys.walker import SOON_MS

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser"), pytest.mark.full(reason="a stack of its own")]
PAGES = ("/", "/sandboxes/", "/events/", "/cleanup/", "/cost/", "/settings/", "/settings/tokens/")
TABS = 50
GROWTH_MIB = 150
# How a chosen one and an unchosen sibling look; where colours are forced these are the system's.
LOOKS = """
(one) => {
  const { backgroundColor, color, outlineStyle, borderBottomStyle } = getComputedStyle(one);
  return [backgroundColor, color, outlineStyle, borderBottomStyle].join(" ");
}
"""
CHOSEN = {
    "/": (".seg [aria-pressed=true]", ".seg [aria-pressed=false]"),
    "/sandboxes/": (".views [aria-current]", ".views a:not([aria-current])"),
    "/cleanup/": (".seg [aria-pressed=true]", ".seg [aria-pressed=false]"),
    "/cost/": (".seg [aria-pressed=true]", ".seg [aria-pressed=false]"),
    "/settings/": ("#settings .views [aria-current]", "#settings .views a:not([aria-current])"),
}


def opened(page: Page, fleet: Fleet, path: str) -> None:
    page.goto(f"{fleet.base}{path}")
    expect(page.locator("[data-live-word]")).to_have_text("Live", timeout=SOON_MS)


@pytest.mark.parametrize("path", CHOSEN)
@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_forced_colours_tell_what_is_chosen(fleet: Fleet, path: str, scheme: str) -> None:
    with fleet.window(DESK, forced_colors="active", color_scheme=scheme) as window:
        page = window.new_page()
        opened(page, fleet, path)
        chosen, other = (page.locator(one).first for one in CHOSEN[path])
        assert chosen.evaluate(LOOKS) != other.evaluate(LOOKS), chosen.evaluate(LOOKS)
        here, elsewhere = page.locator(".menu li [aria-current]"), page.locator(".menu li a:not([aria-current])").first
        assert here.evaluate(LOOKS) != elsewhere.evaluate(LOOKS)


@pytest.mark.parametrize("mode", [DESK, PHONE], ids=lambda mode: mode.name)
def test_nothing_moves_where_motion_is_not_wanted(fleet: Fleet, mode: Any) -> None:
    with fleet.window(mode, reduced_motion="reduce") as window:
        page = window.new_page()
        for path in PAGES:
            opened(page, fleet, path)
            page.keyboard.press("Control+k")
            expect(page.locator("#palette [role=option]").first).to_be_visible()
            assert page.evaluate(MOVING) == [], path


def memory_mib(pid: int) -> float:
    """What a process holds in memory now."""
    status = (Path("/proc") / str(pid) / "status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


def test_fifty_tabs_are_each_told_of_the_fleet_in_bounded_memory(fleet: Fleet) -> None:
    web = fleet.stack.pid_of("web")
    frames: Counter[int] = Counter()

    def listen(number: int, socket: WebSocket) -> None:
        def heard(message: str | bytes) -> None:
            frames[number] += json.loads(message).get("figures") is not None

        socket.on("framereceived", heard)

    with fleet.window(DESK) as window:
        first = window.new_page()
        opened(first, fleet, "/sandboxes/")
        before = memory_mib(web)
        for number in range(TABS):
            page = window.new_page()
            page.on("websocket", partial(listen, number))
            page.goto(f"{fleet.base}{PAGES[number % len(PAGES)]}", wait_until="commit")

        def all_told() -> bool:
            first.evaluate("() => true")  # messages are heard while Playwright is asked something
            return sum(n >= 3 for n in frames.values()) == TABS

        assert proc.wait_until(all_told, 300), f"of {TABS} tabs only these had messages with figures: {frames}"
        grown = memory_mib(web) - before
        assert grown < GROWTH_MIB, f"{grown:.0f} MiB for {TABS} tabs"
