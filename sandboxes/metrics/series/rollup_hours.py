"""Samples of closed hours become minutes and hours with least, mean and greatest value, before they go themselves."""

from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction

from sandboxes.core import database
from sandboxes.metrics.series import queries_series as queries

CLOSED = timedelta(hours=1, minutes=10)  # an hour's last frames are in series by then; what comes later is rolled again
HOURS_AT_ONCE: Final = 500  # sandbox-hours a transaction: some 360,000 samples


def roll_up(now: datetime, rounds: int = 40) -> None:
    """Rolls up what is closed and not rolled up as it stands: at most `rounds` transactions, the rest next time."""
    for _ in range(rounds):
        if not roll_up_some(now - CLOSED):
            return


def roll_up_some(closed: datetime) -> int:
    """The oldest hours that begin by `closed`, in one transaction; how many rows it were."""
    with transaction.atomic():
        rows = database.rows(queries.DUE, {"closed": closed, "limit": HOURS_AT_ONCE})
        if rows:
            hours = [hour for _, hour in rows]
            given: dict[str, Any] = {"ids": [pk for pk, _ in rows], "first": min(hours), "last": max(hours)}
            for statement in (queries.TO_MINUTES, queries.TO_HOURS, queries.MARK_ROLLED):
                database.execute(statement, given)
    return len(rows)
