"""Work with a deadline: which of two time-outs expired, and who was cancelled, are told apart."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

T = TypeVar("T")


class DeadlineExceeded(TimeoutError):
    """The work was not finished within its deadline, and has been cancelled."""


class CancelledWithin(Exception):
    """What the work waited for was cancelled, and nobody has cancelled the work."""


async def within(seconds: float, working: Awaitable[T]) -> T:
    """What `working` returns. Raises DeadlineExceeded after `seconds`; its own TimeoutError is raised as it is.

    Raises CancelledWithin for a cancellation from inside: as CancelledError it would end whoever waits, side by side
    with others, for this work.
    """
    try:
        async with asyncio.timeout(seconds) as limit:
            return await not_cancelled_within(working)
    except TimeoutError as error:
        if limit.expired():
            raise DeadlineExceeded(f"not finished within {seconds:.0f} s") from error
        raise


async def not_cancelled_within(working: Awaitable[T]) -> T:
    """What `working` returns; CancelledWithin instead of a CancelledError that is not this task's own."""
    try:
        return await working
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        raise CancelledWithin("what it waited for was cancelled") from error
