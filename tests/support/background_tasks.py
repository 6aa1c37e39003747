"""Waiting for what background tasks do, and a function that fails once."""

import asyncio

from sandboxes.core import background

SECONDS = 10  # only a failing test waits for so long


class Once:
    """Stands in for a function: the first call raises what nobody expects, later ones do what `then` does."""

    def __init__(self, then=None):
        self.calls, self.then, self.again = 0, then, asyncio.Event()

    def __call__(self, *given, **more):
        self.calls += 1
        if self.calls == 1:
            raise ZeroDivisionError("e2b_" + "f" * 40)
        self.again.set()
        return self.then(*given, **more) if self.then else None


def of(name):
    return next(state for state in background.states() if state.name == name)


async def happened(event):
    async with asyncio.timeout(SECONDS):
        await event.wait()


async def until(is_so):
    async with asyncio.timeout(SECONDS):
        while not is_so():  # noqa: ASYNC110 - what is waited for tells no event
            await asyncio.sleep(0.01)
