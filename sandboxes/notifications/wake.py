"""Has messages sent at once, by a word over Redis to whoever plays the role `notify`; without it within 10 s."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from typing import Final

from django.db import transaction
from redis.exceptions import RedisError

from sandboxes.core import redis_client

CHANNEL: Final = "sandwarden:notify"
PAUSE_SECONDS: Final = 5.0
log = logging.getLogger(__name__)


def after_commit() -> None:
    """Once what is to be sent is on disk; with Redis away the next tick finds it."""
    transaction.on_commit(_tell)


def _tell() -> None:
    try:
        with redis_client.blocking() as client:
            client.publish(CHANNEL, b"1")
    except (RedisError, OSError) as error:
        log.warning("notifications wait for the next tick: Redis is away: %s", error)


async def listen(woken: asyncio.Event) -> None:
    """Sets `woken` at each word, and once it listens: what came before is looked for then. Until it is cancelled."""
    while True:
        try:
            await _hear(woken)
        except (RedisError, OSError) as error:
            log.warning("not woken for notifications while Redis is away: %s", error)
            await asyncio.sleep(PAUSE_SECONDS)


async def _hear(woken: asyncio.Event) -> None:
    async with redis_client.short() as client, client.pubsub() as heard:
        await heard.subscribe(CHANNEL)
        while True:
            message = await heard.get_message(timeout=PAUSE_SECONDS)
            if message is not None:
                woken.set()


@contextlib.asynccontextmanager
async def listening(woken: asyncio.Event) -> AsyncIterator[None]:
    """`listen` beside the body."""
    task = asyncio.create_task(listen(woken), name="notifications: wake")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
