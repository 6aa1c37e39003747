"""What is old goes: whole parts of the big tables, and in small batches what lies in no such part."""

from datetime import datetime
from typing import Final

from sandboxes.core import database
from sandboxes.metrics.series import partitions, queries_partitions
from sandboxes.metrics.series.partitions import FRAMES, FRAMES_IN_FULL, HOURS, MINUTES, SERIES

__all__ = ["FRAMES", "FRAMES_IN_FULL", "HOURS", "MINUTES", "SERIES", "thin"]
AT_ONCE: Final = 2000  # rows a statement: short transactions, whatever has piled up

_SMALL: Final = (
    ("sandboxes_fleetminute", "minute < %(minutes)s"),
    ("sandboxes_fleethour", "hour < %(hours)s"),
    ("sandboxes_fleetten", "at < %(minutes)s"),
    ("sandboxes_fleetgroup", "span_seconds = 60 AND at < %(minutes)s"),
    ("sandboxes_fleetgroup", "span_seconds = 600 AND at < %(minutes)s"),
    ("sandboxes_fleetgroup", "span_seconds = 3600 AND at < %(hours)s"),
)


def thin(now: datetime, rounds: int = 20) -> None:
    """Deletes what is past its time, `AT_ONCE` rows a statement and `rounds` statements a table; the rest next time."""
    ages = {"minutes": now - MINUTES, "hours": now - HOURS}
    for table, condition in _SMALL:
        _delete(table, condition, ages, rounds)
    for parted in partitions.TABLES:
        condition = f"{parted.column} < %(gone)s AND NOT {parted.stays}"
        _delete(f"{parted.table}_default", condition, {"gone": now - parted.age}, rounds)


def _delete(table: str, condition: str, given: dict[str, datetime], rounds: int) -> None:
    statement = queries_partitions.delete_some(table, condition, AT_ONCE)
    for _ in range(rounds):
        if database.execute(statement, given) < AT_ONCE:
            return
