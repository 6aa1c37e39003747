"""The socket of a page: tells the hub what is shown, sends what the hub has, one message at a time."""

import asyncio
import time
from typing import Any, Final

import msgspec
from channels.generic.websocket import AsyncWebsocketConsumer

from dashboard.live.browser import Browser
from dashboard.live.hub import hub

SIGN_IN_FIRST: Final = 4401
NOT_OURS: Final = 4400
LEAST_SECONDS_BETWEEN: Final = 0.1


class LiveConsumer(AsyncWebsocketConsumer):  # type: ignore[misc]
    """Needs a signed-in session. It joins no group of its own: the hub hands it what it is to send."""

    channel_layer_alias = "none"  # one subscription a process, not one a browser

    browser: Browser | None = None
    sender: asyncio.Task[None] | None = None

    async def connect(self) -> None:
        """Accepts first: only an accepted socket can be told why it is closed."""
        await self.accept()
        user = self.scope.get("user")
        if user is None or not user.is_authenticated:
            await self.close(SIGN_IN_FIRST)
            return
        self.browser = Browser(user.get_username())
        hub.join(self.browser)
        self.sender = asyncio.create_task(self._send_what_is_new(self.browser))

    async def disconnect(self, _code: int) -> None:
        if self.browser:
            hub.leave(self.browser)
        if self.sender:
            self.sender.cancel()

    async def receive(self, text_data: str | None = None, **_: Any) -> None:
        """A page that says what we do not know is closed: it is older or newer than we are, and loads anew."""
        try:
            if self.browser and text_data:
                self.browser.heard(text_data)
        except msgspec.MsgspecError:
            await self.close(NOT_OURS)

    async def _send_what_is_new(self, browser: Browser) -> None:
        """While one message is on its way, whatever else happens is gathered into the next: slow ones skip frames."""
        began = -LEAST_SECONDS_BETWEEN
        send = self.scope.get("straight", self.base_send)
        while True:
            await browser.wake.wait()
            if (early := began + LEAST_SECONDS_BETWEEN - time.monotonic()) > 0:
                await asyncio.sleep(early)
            browser.wake.clear()
            began = time.monotonic()
            for message in browser.messages(hub.messages):
                await send({"type": "websocket.send", "text": message.decode()})
