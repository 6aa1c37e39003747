"""Somebody looks at a sandbox: where its past is not known yet it goes first in the queue, and a worker is woken."""

import logging
import time
from datetime import UTC, datetime, timedelta
from typing import Final

import redis
from django.db.models import Q

from sandboxes.core import queue, redis_client
from sandboxes.models import Sandbox

TASK: Final = "sandboxes.tasks.backfill_looked_at"
REACH: Final = timedelta(days=7)  # so long E2B keeps samples
KEPT_SECONDS: Final = 600  # a look that nobody could serve by then is forgotten; the ordinary rounds go on
MOST: Final = 20  # looks served in one round
log = logging.getLogger(__name__)


def look_at(sandbox_pk: int) -> bool:
    """Has the past of this sandbox fetched next, when it is not known yet; whether it is on its way.

    Cheap enough for every page: one look-up by key where all is known. With Redis away it is left to the rounds.
    """
    lives = Q(ended_at=None) | Q(ended_at__gt=datetime.now(UTC) - REACH)
    wanting = Sandbox.objects.filter(lives, pk=sandbox_pk, backfilled_from=None)
    account_id = wanting.values_list("account_id", flat=True).first()
    if account_id is None:
        return False
    try:
        with redis_client.blocking() as connection:
            is_new = connection.zadd(_key(account_id), {str(sandbox_pk): time.time()}, nx=True)
            connection.expire(_key(account_id), KEPT_SECONDS)
    except (redis.RedisError, OSError) as error:
        log.warning("the past of sandbox %s is left to the next round, Redis is away: %s", sandbox_pk, error)
        return False
    return queue.try_enqueue(TASK, account_id) if is_new else True


async def looked_at(account_id: int) -> list[int]:
    """The sandboxes that were looked at and not served yet, the latest look first."""
    async with redis_client.short() as connection:
        keys = await connection.zrevrange(_key(account_id), 0, MOST - 1)
    return [int(key) for key in keys if isinstance(key, bytes)]


async def served(account_id: int, keys: list[int]) -> None:
    """Takes these out of the queue: their past is there, or cannot be had now."""
    if keys:
        async with redis_client.short() as connection:
            await connection.zrem(_key(account_id), *map(str, keys))


def _key(account_id: int) -> str:
    return f"sandwarden:looked-at:{account_id}"
