"""Minutes, tens and hours by template and owner: the biggest groups by name, all others together: a bounded number."""

from datetime import datetime
from typing import Any, Final

from sandboxes.core import database
from sandboxes.metrics.series import queries_groups as queries

BIGGEST: Final = 10  # of each kind, account and minute or hour


def roll_up(account_id: int, start: datetime, end: datetime) -> None:
    """The minutes of [start, end) from their frames, in place of what was there; in the caller's transaction."""
    for kind, name in queries.KINDS.items():
        _replace(queries.minutes_by(name), kind, 60, account_id, start, end)


def roll_up_steps(account_id: int, start: datetime, end: datetime) -> None:
    """The ten minutes and hours of [start, end), whole hours, from their minutes, in place of what was there; in the
    caller's transaction."""
    for kind in queries.KINDS:
        for span_seconds in (600, 3600):
            _replace(queries.STEPS, kind, span_seconds, account_id, start, end)


def _replace(sql: str, kind: str, span_seconds: int, account_id: int, start: datetime, end: datetime) -> None:
    given: dict[str, Any] = {
        "account": account_id, "kind": kind, "span": span_seconds, "start": start, "end": end, "biggest": BIGGEST,
    }  # fmt: skip
    database.execute(queries.DELETE_GROUPS, given)
    database.execute(sql, given)
