"""The role `notify`: sends what waits, every channel for itself; one that hangs delays no other."""

import asyncio
import contextlib
import logging
from typing import Final

from asgiref.sync import ThreadSensitiveContext, sync_to_async
from django.db import close_old_connections, connections
from django.utils import timezone

from sandboxes.notifications import claims, happenings, sending, wake

TICK_SECONDS: Final = 10.0
FINISH_SECONDS: Final = 4.0  # less than a process has to end; what takes longer is sent again after its lease
log = logging.getLogger(__name__)


class Notifier:
    """One for a process; several processes share the work by leases."""

    def __init__(self) -> None:
        self._serving: dict[int, asyncio.Task[None]] = {}
        self._again: set[int] = set()

    async def run(self, stopping: asyncio.Event) -> None:
        """Until `stopping` is set: at each word, and every 10 s. Then it ends what it has begun."""
        woken = asyncio.Event()
        async with ThreadSensitiveContext(), wake.listening(woken):
            while not stopping.is_set():
                woken.clear()
                await self.round()
                await _first_of(woken, stopping)
            await self.finish(FINISH_SECONDS)
            await sync_to_async(connections.close_all)()

    async def round(self) -> None:
        """Begins to serve each channel where something is due; returns at once."""
        try:
            await sync_to_async(close_old_connections)()
            await sync_to_async(happenings.tell_all)()
            due = await sync_to_async(claims.due_channels)(timezone.now())
        except Exception:
            log.exception("what is to be sent could not be read; the next tick tries again")
            return
        for channel in due:
            self._begin(channel)

    async def finish(self, seconds: float | None = None) -> None:
        """Waits for what was begun, for so long at most; the rest is ended, and sent again later."""
        left = set(self._serving.values())
        if left:
            _, left = await asyncio.wait(left, timeout=seconds)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    def _begin(self, channel: int) -> None:
        if channel in self._serving:
            self._again.add(channel)  # what came while its last look was under way
            return
        task = asyncio.create_task(self._serve(channel), name=f"notify channel {channel}")
        self._serving[channel] = task
        task.add_done_callback(lambda _: self._serving.pop(channel, None))

    async def _serve(self, channel: int) -> None:
        while True:
            self._again.discard(channel)
            try:
                await sending.serve(channel)
            except Exception:
                log.exception("channel %d could not be served; the next tick tries again", channel)
                return
            if channel not in self._again:
                return


async def _first_of(*events: asyncio.Event) -> None:
    """Until one of them is set, or the tick has come."""
    waiting = [asyncio.create_task(event.wait()) for event in events]
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(TICK_SECONDS):
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    for one in waiting:
        one.cancel()
