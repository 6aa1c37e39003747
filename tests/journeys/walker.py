"""Somebody at a page: every click, tap and key is counted, and whatever the browser complains of is kept."""

import re
import time
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import BrowserContext, ConsoleMessage, Download, Locator, Page, Response, expect

from tests.journeys import page_checks
from tests.journeys.fleet import Fleet
from tests.journeys.modes import Mode

SOON_MS = 30_000
MOST_TABS = 150
LETTERS = {"Fleet": "f", "Sandboxes": "s", "Events": "e", "Cleanup": "c", "Cost": "m", "Settings": ","}
FOCUSED = "(one) => one === document.activeElement"
COMES_BEFORE = """
(one) => document.activeElement !== document.body
  && Boolean(one.compareDocumentPosition(document.activeElement) & Node.DOCUMENT_POSITION_FOLLOWING)
"""


class Walker:
    """Walks one journey on the fleet's pages, from Fleet on, in one mode; `seconds` run from the first step."""

    def __init__(self, context: BrowserContext, fleet: Fleet, mode: Mode) -> None:
        self.page: Page = context.new_page()
        self.fleet = fleet
        self.mode = mode
        self.clicks = self.keys = 0
        self.began = self.seconds = 0.0
        self.complaints: list[str] = []
        self.page.set_default_timeout(SOON_MS)
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.complaints.append(error.stack or str(error)))
        self.page.on("response", self._answered)

    def _heard(self, message: ConsoleMessage) -> None:
        self.complaints.append(f"console: {message.text}")

    def _answered(self, response: Response) -> None:
        if response.status >= 400:
            self.complaints.append(f"{response.status} {response.url}")

    def walk(self, way: "Callable[[Walker], None]") -> None:
        """From a live Fleet page to the end of the way."""
        self.page.goto(self.fleet.base)
        self.live()
        self.start()
        way(self)
        self.seconds = time.perf_counter() - self.began

    def start(self) -> None:
        """From here on it is counted; a way that prepares something says when it begins."""
        self.clicks = self.keys = 0
        self.began = time.perf_counter()

    def live(self) -> None:
        """The page is there, its scripts hear keys, and it is told of the fleet."""
        expect(self.page.locator("[data-live-word]")).to_have_text("Live", timeout=SOON_MS)

    def at(self, path: str) -> None:
        """The page with this path is there and lives; whatever is asked of it, in its address, stands behind that."""
        expect(self.page).to_have_url(re.compile(re.escape(self.fleet.base + path) + r"($|[?#])"), timeout=SOON_MS)
        self.live()

    def click(self, target: Locator) -> None:
        """A click, a tap, or by keys alone: as many Tabs as lead there, and Enter or Space."""
        if self.mode.by_keys:
            self.reach(target)
            self.press("Space" if target.evaluate("(one) => one.matches('[type=checkbox]')") else "Enter")
            return
        self.clicks += 1
        if self.mode.touch:
            target.tap()
        else:
            target.click()

    def reach(self, target: Locator) -> None:
        """Tab by Tab, in the direction in which it lies, until it has the focus; and that is to be seen."""
        target.wait_for()
        way = "Shift+Tab" if target.evaluate(COMES_BEFORE) else "Tab"
        for _ in range(MOST_TABS):
            if target.evaluate(FOCUSED):
                break
            self.press(way)
        else:
            raise AssertionError(f"{MOST_TABS} times {way} do not lead to {target}")
        assert target.evaluate(page_checks.SHOWS_FOCUS), f"the focus on {target} is not seen"

    def press(self, *keys: str) -> None:
        """Each is one key, whatever is held with it."""
        for key in keys:
            self.keys += 1
            self.page.keyboard.press(key)

    def type(self, target: Locator, text: str) -> None:
        """Goes to the field unless it has the focus, and types over what stands there."""
        if not target.evaluate(FOCUSED):
            self.click(target) if not self.mode.by_keys else self.reach(target)
        target.select_text()
        self.keys += len(text)
        self.page.keyboard.type(text)

    def choose(self, target: Locator, label: str) -> None:
        """Another option of a select: one click to open it and one on the option, or letters by keys."""
        if self.mode.by_keys:
            self.reach(target)
            self.keys += len(label)
        else:
            self.clicks += 2
        target.select_option(label)

    def palette(self, text: str, first: str) -> None:
        """Ctrl K, the words, and Enter once their first line is there."""
        self.press("Control+k")
        field = self.page.locator("#palette input")
        expect(field).to_be_focused()
        self.keys += len(text)
        self.page.keyboard.type(text)
        expect(self.page.locator("#palette [role=option]").first).to_contain_text(first)
        self.press("Enter")

    def menu(self, name: str, path: str) -> None:
        """A page of the menu; by keys alone its own two."""
        if self.mode.by_keys:
            self.press("g", LETTERS[name])
        else:
            self.click(self.page.get_by_role("navigation", name="Pages").get_by_role("link", name=name))
        self.at(path)

    def download(self, target: Locator) -> Path:
        """What the link puts on disk; the browser took it without an error."""
        with self.page.expect_download() as waiting:
            self.click(target)
        file: Download = waiting.value
        assert file.failure() is None
        return file.path()

    def check(self, *, with_axe: bool) -> None:
        """The page where it ends is whole, and nothing was complained of on the way."""
        page_checks.no_overflow(self.page)
        page_checks.nothing_cut_off(self.page)
        if with_axe:
            page_checks.accessible(self.page)
        assert self.complaints == [], self.complaints
