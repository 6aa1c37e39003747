"""The API's heartbeat in the database: the reaper acts, and leases run out, only while it beats."""

import asyncio
import logging
from datetime import datetime, timedelta
from typing import Final

from asgiref.sync import sync_to_async
from django.db import DatabaseError, close_old_connections, connection
from django.utils import timezone
from psycopg_pool import PoolTimeout

NAME: Final = "api"
EVERY_SECONDS: Final = 5.0
SILENCE: Final = timedelta(seconds=12)  # two beats missed: whoever renews leases could not, for that long
log = logging.getLogger(__name__)

# `up_since` stays while the beat goes on and begins anew after a silence: from it, leases know how long we were away.
_BEAT = """
    INSERT INTO sandboxes_heartbeat AS h (name, at, up_since) VALUES (%(name)s, %(now)s, %(now)s)
    ON CONFLICT (name) DO UPDATE SET
        up_since = CASE WHEN h.at < %(silent_since)s THEN %(now)s ELSE h.up_since END,
        at = greatest(h.at, %(now)s)"""


def beat(now: datetime | None = None) -> None:
    """One beat. Several web processes beat the same heart."""
    now = now or timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(_BEAT, {"name": NAME, "now": now, "silent_since": now - SILENCE})


async def beat_forever() -> None:
    """Beats every 5 s until it is cancelled; a beat that fails is told in the log, and the next one is tried."""
    while True:
        try:
            await sync_to_async(_beat_in_thread)()
        except (DatabaseError, PoolTimeout) as error:
            log.warning("no heartbeat written, the database is away: %s", error)
        await asyncio.sleep(EVERY_SECONDS)


def _beat_in_thread() -> None:
    close_old_connections()
    try:
        beat()
    finally:
        close_old_connections()
