"""What is old grows thin, then goes: frames one a minute after a day, gone after a week; series after a week."""

from datetime import datetime, timedelta
from typing import Final

from django.db import connection

FRAMES_IN_FULL = timedelta(days=1)
FRAMES = timedelta(days=7)
SERIES = timedelta(days=7)
MINUTES = timedelta(days=400)  # no hours are kept yet: minutes are what a year's chart reads
AT_ONCE: Final = 2000  # rows a statement: short transactions, whatever has piled up

# Of each shard's minute the first frame stays, and its newest frame whatever its age: the next poll compares with it.
# A frame that is not in series yet is nobody's to delete. One pass over windows: a look-up per frame is quadratic.
_FRAMES: Final = """
DELETE FROM sandboxes_metricframe WHERE id IN (
    SELECT id FROM (
        SELECT id, at, compacted,
               row_number() OVER (PARTITION BY account_id, shard, date_trunc('minute', at) ORDER BY at) AS place,
               lead(at) OVER (PARTITION BY account_id, shard ORDER BY at) AS next
        FROM sandboxes_metricframe
    ) f
    WHERE compacted AND next IS NOT NULL AND at < %(full)s AND (place > 1 OR at < %(gone)s)
    LIMIT %(limit)s
)"""
_SERIES: Final = """
DELETE FROM sandboxes_metricseries WHERE id IN (
    SELECT id FROM sandboxes_metricseries WHERE hour < %(gone)s LIMIT %(limit)s
)"""
_MINUTES: Final = """
DELETE FROM sandboxes_fleetminute WHERE id IN (
    SELECT id FROM sandboxes_fleetminute WHERE minute < %(gone)s LIMIT %(limit)s
)"""


def thin(now: datetime, rounds: int = 20) -> None:
    """Deletes what is past its time, `AT_ONCE` rows a statement and `rounds` statements a table; the rest next time."""
    with connection.cursor() as cursor:
        for sql, gone in ((_FRAMES, now - FRAMES), (_SERIES, now - SERIES), (_MINUTES, now - MINUTES)):
            for _ in range(rounds):
                cursor.execute(sql, {"gone": gone, "full": now - FRAMES_IN_FULL, "limit": AT_ONCE})
                if cursor.rowcount < AT_ONCE:
                    break
