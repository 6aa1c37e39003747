"""A laptop that slept for ten minutes: its page is right at once, catches up once, and asks for nothing in a flood."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from playwright.sync_api import Page, WebSocketRoute, expect

from sandboxes.models import Sandbox
from tests.browser.live_pages import polled
from tests.browser.test_page_clock import aged, seconds_pass

pytestmark = [
    pytest.mark.browser,
    pytest.mark.xdist_group("browser"),
    pytest.mark.full(reason="a page and an empty database for each test: together they take minutes"),
]
ASLEEP = timedelta(minutes=10)
MOST_REQUESTS, MOST_MESSAGES = 8, 6


class Line:
    """The page's socket, which can go deaf without being closed, as a network does that is gone."""

    def __init__(self, page: Page) -> None:
        self.opened = 0
        self.told: list[str] = []
        self.is_deaf = False
        page.route_web_socket(re.compile("/ws/live/"), self._connect)

    def _connect(self, socket: WebSocketRoute) -> None:
        self.opened += 1
        mine, server = self.opened, socket.connect_to_server()
        heard = lambda: not (self.is_deaf and mine == 1)  # noqa: E731
        socket.on_message(lambda message: server.send(message) if heard() else None)
        server.on_message(lambda message: self._pass(socket, str(message)) if heard() else None)

    def _pass(self, socket: WebSocketRoute, message: str) -> None:
        self.told.append(str(json.loads(message).get("kind")))
        socket.send(message)


@pytest.fixture
def then() -> Iterator[time_machine.Traveller]:
    """The server's clock, ten minutes ago and running: so that it can wake up now."""
    with time_machine.travel(datetime.now(UTC) - ASLEEP) as clock:
        yield clock


def falls_asleep(page: Page, clock: time_machine.Traveller, box: Sandbox) -> None:
    """Ten minutes pass for the server and for the machine, whose timers stood still; the fleet is polled again."""
    clock.shift(ASLEEP)
    page.clock.fast_forward(int(ASLEEP.total_seconds() * 1000))
    polled(box)


def opened(page: Page, site: str, box: Sandbox) -> Line:
    polled(box)
    page.clock.install(time=datetime.now(UTC))
    line = Line(page)
    page.goto(f"{site}/sandboxes/iclock/")
    expect(page.locator("[data-live-word]")).to_have_text("Live")
    expect(page.locator(".facts")).to_contain_text("44 min ago")
    expect(page.locator(".facts")).to_contain_text(re.compile(r"in 26 min \d\d s"))
    page.wait_for_load_state("networkidle")
    return line


def is_awake(page: Page, line: Line, asked: list[str]) -> None:
    expect(page.locator("[data-live-word]")).to_have_text("Live")
    expect(page.locator("[data-stale]")).to_be_hidden()
    expect(page.locator(".facts")).to_contain_text("54 min ago")
    expect(page.locator(".facts")).to_contain_text(re.compile(r"in 16 min \d\d s"))
    seconds_pass(page, 3)
    assert line.opened == 2, "it connected again, once"
    assert len(line.told) <= MOST_MESSAGES, line.told
    assert len(asked) <= MOST_REQUESTS, asked


def test_ages_and_ends_are_right_at_once_after_sleep(visitor: Page, site: str, then: time_machine.Traveller) -> None:
    box = aged(44.5, 26.5)
    line = opened(visitor, site, box)
    line.is_deaf = True
    falls_asleep(visitor, then, box)
    # Before a byte has come again: the page's own clock knows how late it is, and that what it shows is old.
    expect(visitor.locator(".facts")).to_contain_text("54 min ago")
    expect(visitor.locator("[data-live-word]")).to_have_text(re.compile("Stale|Reconnecting|Live"))
    asked: list[str] = []
    line.told.clear()
    visitor.on("request", lambda request: asked.append(request.url))
    is_awake(visitor, line, asked)


def test_machine_that_was_offline_while_asleep_catches_up_once(
    visitor: Page, site: str, then: time_machine.Traveller
) -> None:
    box = aged(44.5, 26.5)
    line = opened(visitor, site, box)
    line.is_deaf = True
    visitor.context.set_offline(True)
    expect(visitor.locator("[data-live-word]")).to_have_text("Reconnecting")
    falls_asleep(visitor, then, box)
    asked: list[str] = []
    line.told.clear()
    visitor.on("request", lambda request: asked.append(request.url))
    visitor.context.set_offline(False)
    is_awake(visitor, line, asked)
