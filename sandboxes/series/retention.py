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
# A frame that is not in series yet is nobody's to delete.
_FRAMES: Final = """
DELETE FROM sandboxes_metricframe WHERE id IN (
    SELECT f.id FROM sandboxes_metricframe f
    WHERE f.compacted AND f.at < %(full)s
      AND (f.at < %(gone)s OR EXISTS (
          SELECT FROM sandboxes_metricframe e
          WHERE e.account_id = f.account_id AND e.shard = f.shard
            AND e.at >= date_trunc('minute', f.at) AND e.at < f.at
      ))
      AND EXISTS (
          SELECT FROM sandboxes_metricframe n
          WHERE n.account_id = f.account_id AND n.shard = f.shard AND n.at > f.at
      )
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
