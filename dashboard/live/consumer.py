"""The socket of a page: tells the hub what is shown, sends what the hub has, one message at a time."""

import asyncio
import contextlib
import time
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qs

import msgspec
from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer

from dashboard.access import choosing
from dashboard.live.access import Ticket, gate, ticket_of
from dashboard.live.browser import Browser
from dashboard.live.hub import hub
from dashboard.live.shapes import PROTOCOL
from sandboxes.core import sight

SIGN_IN_FIRST: Final = 4401
NOT_OURS: Final = 4400
LEAST_SECONDS_BETWEEN: Final = 0.1  # answers to what a page says, as fast as it may say it
# News of the fleet: a tick of 100,000 sandboxes comes in 32 parts, and each message has the figures around every page.
NEWS_SECONDS_BETWEEN: Final = 0.5


class LiveConsumer(AsyncWebsocketConsumer):  # type: ignore[misc]
    """Needs a signed-in session for as long as it is open. It joins no group: the hub hands it what it is to send."""

    channel_layer_alias = "none"  # one subscription a process, not one a browser

    browser: Browser | None = None
    sender: asyncio.Task[None] | None = None
    ticket: Ticket | None = None
    closing: asyncio.Task[None] | None = None

    async def connect(self) -> None:
        """Accepts first: only an accepted socket can be told why it is closed."""
        await self.accept()
        if _spoken(self.scope) != PROTOCOL:
            await self.close(NOT_OURS)
            return
        self.ticket = await database_sync_to_async(ticket_of)(self.scope)
        if self.ticket is None:
            await self.close(SIGN_IN_FIRST)
            return
        self.browser = Browser(self.scope["user"].get_username(), await _seen(self.ticket, self.scope))
        gate.enter(self, self.ticket, self._send_out)
        hub.join(self.browser)
        self.sender = asyncio.create_task(self._send_what_is_new(self.browser))

    async def disconnect(self, _code: int) -> None:
        self._leave()

    def _leave(self) -> None:
        gate.leave(self)
        if self.browser:
            hub.leave(self.browser)
        if self.sender:
            self.sender.cancel()

    def _send_out(self) -> None:
        """The session has ended, or the person may no longer look: nothing more is sent, and the page is told why."""
        self._leave()
        self.closing = asyncio.create_task(self.close(SIGN_IN_FIRST))

    async def receive(self, text_data: str | None = None, **_: Any) -> None:
        """A page that says what we do not know is closed: it is older or newer than we are, and loads anew."""
        if self.ticket and not await gate.admits(self.ticket):
            self._send_out()
            return
        try:
            if self.browser and text_data:
                self.browser.heard(text_data)
        except msgspec.MsgspecError:
            await self.close(NOT_OURS)

    async def _send_what_is_new(self, browser: Browser) -> None:
        """While one message is on its way, whatever else happens is gathered into the next: slow ones skip frames."""
        began = -NEWS_SECONDS_BETWEEN
        send = self.scope.get("straight", self.base_send)
        while True:
            await browser.wake.wait()
            await _until_due(browser, began)
            browser.wake.clear()
            browser.asked.clear()
            began = time.monotonic()
            messages = hub.messages_for(browser)
            if messages is None:  # its accounts are being read; then it is woken
                continue
            messages.keep_time(time.time())
            for message in browser.messages(messages):
                await send({"type": "websocket.send", "text": message.decode()})


async def _seen(ticket: Ticket, scope: Mapping[str, Any]) -> frozenset[int] | None:
    """The accounts that a page sees: those that its person may see, and of them those that `?account=` names."""
    named = parse_qs(scope.get("query_string", b"").decode("ascii", "replace")).get("account", [""])[-1]
    if not named:
        return ticket.rights.accounts
    with sight.limited(ticket.rights.accounts):
        try:
            seen: frozenset[int] = await database_sync_to_async(choosing.keys_of)(named)
        except (choosing.NoName, choosing.NoSuchAccount):
            return frozenset()
        return seen


def _spoken(scope: Mapping[str, Any]) -> str:
    """The protocol that the page says it speaks, by `?v=`; ours where it says nothing."""
    asked: bytes = scope.get("query_string", b"")
    return parse_qs(asked.decode("ascii", "replace")).get("v", [PROTOCOL])[-1]


async def _until_due(browser: Browser, sent_at: float) -> None:
    """Waits until the next message may follow the one before; an answer does not wait as long as news."""
    if (early := sent_at + LEAST_SECONDS_BETWEEN - time.monotonic()) > 0:
        await asyncio.sleep(early)
    if not browser.asked.is_set() and (early := sent_at + NEWS_SECONDS_BETWEEN - time.monotonic()) > 0:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(browser.asked.wait(), early)
