"""The time that a Celery task may take, so that a backend that hangs holds up no worker."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any, Final

from asgiref.sync import ThreadSensitiveContext, sync_to_async
from django.db import connections

from sandboxes.core.deadline import DeadlineExceeded, within

GRACE_SECONDS: Final = 30.0  # from the task's own deadline to the worker's soft limit, and from that to its end
log = logging.getLogger(__name__)


def limits(seconds: float) -> dict[str, float]:
    """`shared_task`'s limits for work that should end within `seconds`.

    A prefork worker interrupts the task a little later, and replaces its process after that. A worker of threads can do
    neither: there `run`'s own deadline ends the work.
    """
    return {"soft_time_limit": seconds + GRACE_SECONDS, "time_limit": seconds + 2 * GRACE_SECONDS}


def run(work: Callable[[], Coroutine[Any, Any, object]], *, seconds: float) -> None:
    """Runs `work` on an event loop of its own and cancels it after `seconds`; that is logged, not raised.

    What it runs by `sync_to_async` has a thread, and a database connection, that no other task uses: a query that hangs
    holds up its own task, which ends when the query does.
    """
    asyncio.run(_within(work, seconds))


async def _within(work: Callable[[], Coroutine[Any, Any, object]], seconds: float) -> None:
    # Without a context of its own each `sync_to_async` of every task of this process would wait for one thread.
    async with ThreadSensitiveContext():
        try:
            await within(seconds, work())
        except DeadlineExceeded:
            what = getattr(work, "__qualname__", work)
            log.exception("%s was not finished within %.0f s and was cancelled", what, seconds)
        finally:
            await sync_to_async(connections.close_all)()  # the thread ends here; its connection goes back to the pool
