"""How long the record is kept, and the deletes that hold it to that, in small batches."""

from datetime import datetime, timedelta

from django.db import connection

EVENTS_KEPT = timedelta(days=90)
REFUSED_KEPT = timedelta(days=7)
REFUSED_AT_MOST = 10_000
BATCH = 5_000


def too_old(timestamp: datetime, now: datetime) -> bool:
    """Whether an event lies before what we keep: it could be held no more, so a replay of it must not be taken in."""
    return timestamp < now - EVENTS_KEPT


def apply(now: datetime) -> dict[str, int]:
    """Deletes what is past its age; rows deleted by name. Parked deliveries live as long as events."""
    return {
        "events": _delete("events_lifecycleevent", "timestamp < %s", now - EVENTS_KEPT),
        "parked": _delete("events_delivery", "state <> 'refused' AND received_at < %s", now - EVENTS_KEPT),
        "refused": _delete("events_delivery", "state = 'refused' AND received_at < %s", now - REFUSED_KEPT)
        + _delete(
            "events_delivery",
            "id IN (SELECT id FROM events_delivery WHERE state = 'refused' ORDER BY received_at DESC OFFSET %s)",
            REFUSED_AT_MOST,
        ),
    }


def _delete(table: str, condition: str, value: datetime | int) -> int:
    """Deletes in batches, so that no transaction is long; `table` and `condition` are our own text."""
    total = 0
    statement = f"DELETE FROM {table} WHERE id = ANY(ARRAY(SELECT id FROM {table} WHERE {condition} LIMIT {BATCH}))"
    while True:
        with connection.cursor() as cursor:
            cursor.execute(statement, [value])
            deleted: int = cursor.rowcount
            total += deleted
            if deleted < BATCH:
                return total
