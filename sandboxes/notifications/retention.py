"""How long is kept what was told and what became of it."""

from datetime import datetime, timedelta
from typing import Final

from sandboxes.core import database
from sandboxes.notifications import queries

KEPT: Final = timedelta(days=30)
BATCH: Final = 2_000


def apply(now: datetime) -> int:
    """Deletes notifications past 30 days with their deliveries, but for what still waits; how many."""
    before = now - KEPT
    database.execute(queries.DELIVERIES_PAST, {"before": before})
    total = 0
    while True:
        deleted = database.execute(queries.PAST, {"before": before, "most": BATCH})
        total += deleted
        if deleted < BATCH:
            return total
