"""From when on our record tells of a fleet: means and forecasts rest on no more than that."""

from collections.abc import Sequence
from datetime import datetime

from sandboxes.core import database
from sandboxes.fleet import queries


def first_end_and_sight(account_ids: Sequence[int]) -> tuple[datetime | None, datetime | None]:
    """The first end of a run on record, and when we first saw a sandbox."""
    first_end, first_seen = database.row(queries.KNOWN_SINCE, {"accounts": list(account_ids)})
    return first_end, first_seen


def known_since(account_ids: Sequence[int]) -> datetime | None:
    """The earlier of both (E2B's own events reach further back than we do); None when there is no record yet."""
    return min((known for known in first_end_and_sight(account_ids) if known is not None), default=None)
