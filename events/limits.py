"""Each sender is answered in time, whatever the database does: stored, or not stored, send it again."""

import asyncio
from collections import deque
from typing import TypeAlias

ANSWER_SECONDS = 0.8
LOOK_SECONDS = 0.1
Promise: TypeAlias = "asyncio.Future[None]"


class Unavailable(Exception):
    """The event is not known to be on disk: the sender has to try again, and a second copy of it is harmless."""


class Promises:
    """What senders wait for, in the order of their arrival; what is open after ANSWER_SECONDS is refused."""

    def __init__(self) -> None:
        self._open: deque[tuple[float, Promise]] = deque()

    def make(self) -> Promise:
        """A promise that will be answered in time, on the running loop."""
        loop = asyncio.get_running_loop()
        promise: Promise = loop.create_future()
        self._open.append((loop.time() + ANSWER_SECONDS, promise))
        return promise

    async def keep(self) -> None:
        """Refuses what is overdue, until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            while self._open and (self._open[0][1].done() or self._open[0][0] <= loop.time()):
                refuse(self._open.popleft()[1], "the database takes too long")


def refuse(promise: Promise, why: str) -> None:
    """Unavailable for whoever waits, if it was not answered yet."""
    if not promise.done():
        promise.set_exception(Unavailable(why))
