"""One page in Chromium from an empty cache: what it weighs, when it shows and answers, how it stays while live."""

import shutil
import statistics
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from playwright.sync_api import Browser, CDPSession, Page, sync_playwright

SETTLE_MS: Final = 5000
HEAP_AFTER_MS: Final = 20_000  # by then what a page keeps for good has been kept
LONG_MS: Final = 100
ARGUMENTS: Final = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
# Frames are counted by their length in tenths of a millisecond, up to a second.
WATCH: Final = """
window.__told = {tasks: [], shift: 0, frames: new Uint32Array(10_001), last: 0};
const seen = (type, does) => {
  new PerformanceObserver((list) => list.getEntries().forEach(does)).observe({type, buffered: true});
};
seen("longtask", (task) => __told.tasks.push([task.startTime, task.duration]));
seen("layout-shift", (shift) => { if (!shift.hadRecentInput) __told.shift += shift.value; });
const frame = (at) => {
  if (__told.last) __told.frames[Math.min(10_000, Math.round(10 * (at - __told.last)))] += 1;
  __told.last = at;
  requestAnimationFrame(frame);
};
requestAnimationFrame(frame);
"""
LOADED: Final = """() => {
  const [paint] = performance.getEntriesByName("first-contentful-paint");
  const [page] = performance.getEntriesByType("navigation");
  return {fcp: paint.startTime, ready: page.domContentLoadedEventEnd, told: __told};
}"""


@contextmanager
def chromium() -> Iterator[Browser]:
    """The system's Chromium, without a window. Raises FileNotFoundError where there is none."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        raise FileNotFoundError("no chromium on PATH: `make test` fetches one")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


@dataclass
class Weight:
    """Bytes as they came over the wire, compressed; what others wrote (htmx, plotly, fonts) counts apart."""

    ours: int = 0
    others: int = 0
    kinds: dict[str, str] = field(default_factory=dict)

    def follow(self, session: CDPSession) -> None:
        session.send("Network.enable")
        session.on("Network.responseReceived", self._received)
        session.on("Network.loadingFinished", self._finished)

    def _received(self, event: dict[str, Any]) -> None:
        url = event["response"]["url"]
        ours = event["type"] in {"Document", "Stylesheet", "Script"} and "/vendor/" not in url
        self.kinds[event["requestId"]] = "ours" if ours else "others"

    def _finished(self, event: dict[str, Any]) -> None:
        kind = self.kinds.get(event["requestId"], "others")
        setattr(self, kind, getattr(self, kind) + int(event["encodedDataLength"]))


def load(browser: Browser, base: str, cookie: str, path: str) -> tuple[Page, CDPSession, dict[str, Any]]:
    """Opens the page in a context of its own; the figures of its loading, times in ms, sizes in kB."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.add_cookies([{"name": "sessionid", "value": cookie, "url": base}])
    page = context.new_page()
    session, weight = context.new_cdp_session(page), Weight()
    weight.follow(session)
    page.add_init_script(WATCH)
    answer = page.goto(f"{base}{path}")
    if answer is None or answer.status != 200:
        raise RuntimeError(f"{path} answers {answer and answer.status}")
    page.wait_for_timeout(SETTLE_MS)
    told = page.evaluate(LOADED)
    # Interactive: its script has run, it is painted, and no task that began before that still blocks it.
    at = max(told["fcp"], told["ready"])
    at = max([at, *(start + length for start, length in told["told"]["tasks"] if start < at)])
    found = {
        "server_ms": page.evaluate("performance.getEntriesByType('navigation')[0].responseStart"),
        "fcp_ms": told["fcp"],
        "interactive_ms": at,
        "longest_task_ms": max((length for _, length in told["told"]["tasks"]), default=0),
        "shift": told["told"]["shift"],
        "kb": weight.ours / 1000,
        "others_kb": weight.others / 1000,
    }
    return page, session, found


def median_load(browser: Browser, base: str, cookie: str, path: str, times: int) -> dict[str, float]:
    """Of several loads, each from an empty cache."""
    runs = []
    for _ in range(times):
        page, _, found = load(browser, base, cookie, path)
        page.context.close()
        runs.append(found)
    return {name: round(statistics.median(run[name] for run in runs), 3) for name in runs[0]}


def stay(browser: Browser, base: str, cookie: str, path: str, minutes: float) -> dict[str, float]:
    """The page left open while ticks come: long tasks, frames, and how its heap grows (collected both times)."""
    page, session, _ = load(browser, base, cookie, path)
    page.wait_for_timeout(HEAP_AFTER_MS)
    before = heap(session)
    page.evaluate("() => { __told.tasks.length = 0; __told.frames.fill(0); __told.last = 0; }")
    page.wait_for_timeout(minutes * 60_000)
    told = page.evaluate("() => ({tasks: __told.tasks, frames: [...__told.frames]})")
    after = heap(session)
    page.context.close()
    lengths = [length for _, length in told["tasks"]]
    return {
        "tasks_over_100_ms": sum(length > LONG_MS for length in lengths),
        "longest_task_ms": round(max(lengths, default=0)),
        "frame_p99_ms": percentile_ms(told["frames"], 0.99),
        "heap_mb": round(after / 1e6, 1),
        "heap_growth_kb": round((after - before) / 1000),
    }


def percentile_ms(frames: list[int], share: float) -> float:
    """Of `frames`: how many there were of each tenth of a millisecond, since a list of each would itself grow."""
    wanted, counted = share * sum(frames), 0
    for tenths, count in enumerate(frames):
        counted += count
        if counted >= wanted:
            return tenths / 10
    return 0.0


def heap(session: CDPSession) -> int:
    """Bytes in use after everything that can be collected was."""
    for _ in range(2):
        session.send("HeapProfiler.collectGarbage")
    return int(session.send("Runtime.getHeapUsage")["usedSize"])
