"""Tells the web processes what was stored: at once when it is quiet, gathered while much arrives."""

import asyncio
import logging

from events.writing import Stored
from sandboxes.core import live
from sandboxes.core.background import Background

log = logging.getLogger(__name__)
GAP_SECONDS = 0.05  # browsers draw no faster, and each message costs every web process some work


class Announcer:
    """Gathers changes and publishes them one message an account, GAP_SECONDS apart; never in the way of a commit."""

    def __init__(self) -> None:
        self._gathered = Stored()
        self._wake = asyncio.Event()
        self._background = Background()
        self._stopping = False

    def start(self) -> None:
        """Begins to publish, on the running loop."""
        self._stopping = False
        self._background.start("announcer", self._publish_until_stopped)

    async def stop(self) -> None:
        """Publishes what was gathered and ends."""
        self._stopping = True  # no cancelling: redis-py may swallow it, and what is under way is short
        self._wake.set()
        await self._background.finish()

    def add(self, stored: Stored) -> None:
        """Will be published soon."""
        if stored.events:
            self._gathered += stored
            self._wake.set()

    async def _publish_until_stopped(self) -> None:
        async with live.Publisher() as publisher:
            while not self._stopping:
                await self._wake.wait()
                self._wake.clear()
                await self._publish(publisher)
                await asyncio.sleep(GAP_SECONDS)
            await self._publish(publisher)

    async def _publish(self, publisher: live.Publisher) -> None:
        gathered, self._gathered = self._gathered, Stored()
        await announce(publisher, gathered)


async def announce(publisher: live.Publisher, stored: Stored) -> None:
    """One message an account. A failure is told in the log; the next message, or the next snapshot, makes up for it."""
    for account, body in stored.changes().items():
        try:
            await publisher.publish("change", account, body)
        except Exception:  # it is stored; the other accounts' pages are told
            log.exception("account %d: what was stored could not be published", account)
