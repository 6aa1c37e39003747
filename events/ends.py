"""Planned ends beside an event: the one that was in force just before it, and the first reported after a start."""

from collections.abc import Sequence
from datetime import datetime

from events import queries
from sandboxes.core import database

Moments = Sequence[tuple[int, datetime]]


def ends_before(moments: Moments) -> list[datetime | None]:
    """For each (sandbox's primary key, time) the planned end of its run as known just before then; None: unknown."""
    return _ends(queries.ENDS_BEFORE, moments)


def ends_after(moments: Moments) -> list[datetime | None]:
    """For each (sandbox's primary key, start of a run) the first planned end reported within two minutes of it."""
    return _ends(queries.ENDS_AFTER, moments)


def _ends(statement: str, moments: Moments) -> list[datetime | None]:
    if not moments:
        return []
    keys, times = zip(*moments, strict=True)
    return [end_at for (end_at,) in database.rows(statement, [list(keys), list(times)])]
