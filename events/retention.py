"""How long the record is kept, and the deletes that hold it to that, in small batches."""

from datetime import datetime, timedelta

from events import queries
from sandboxes.core import database

EVENTS_KEPT = timedelta(days=90)
REFUSED_KEPT = timedelta(days=7)
REFUSED_AT_MOST = 10_000


def too_old(timestamp: datetime, now: datetime) -> bool:
    """Whether an event lies before what we keep: it could be held no more, so a replay of it must not be taken in."""
    return timestamp < now - EVENTS_KEPT


def apply(now: datetime) -> dict[str, int]:
    """Deletes what is past its age; rows deleted by name. Parked deliveries live as long as events."""
    return {
        "events": _delete(queries.EVENTS_PAST_RETENTION, now - EVENTS_KEPT),
        "parked": _delete(queries.PARKED_PAST_RETENTION, now - EVENTS_KEPT),
        "refused": _delete(queries.REFUSED_PAST_RETENTION, now - REFUSED_KEPT)
        + _delete(queries.REFUSED_BEYOND, REFUSED_AT_MOST),
    }


def _delete(statement: str, value: datetime | int) -> int:
    """Deletes in batches, so that no transaction is long."""
    total = 0
    while True:
        deleted = database.execute(statement, [value])
        total += deleted
        if deleted < queries.BATCH:
            return total
