"""The time that a Celery task may take: none holds its worker for longer, whatever a backend or the database does."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any, Final

GRACE_SECONDS: Final = 30.0  # from the task's own deadline to the worker's soft limit, and from that to its end
log = logging.getLogger(__name__)


def limits(seconds: float) -> dict[str, float]:
    """`shared_task`'s limits for work that should end within `seconds`.

    A prefork worker interrupts the task a little later, and replaces its process after that. A worker of threads can do
    neither: there `run`'s own deadline ends the work.
    """
    return {"soft_time_limit": seconds + GRACE_SECONDS, "time_limit": seconds + 2 * GRACE_SECONDS}


def run(work: Callable[[], Coroutine[Any, Any, object]], *, seconds: float) -> None:
    """Runs `work` on an event loop of its own and cancels it after `seconds`; that is logged, not raised."""
    asyncio.run(_within(work, seconds))


async def _within(work: Callable[[], Coroutine[Any, Any, object]], seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds) as limit:
            await work()
    except TimeoutError:
        if not limit.expired():
            raise
        what = getattr(work, "__qualname__", work)
        log.exception("%s was not finished within %.0f s and was cancelled", what, seconds)
