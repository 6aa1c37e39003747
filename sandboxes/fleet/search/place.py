"""Where in the list a page ended: the order it belongs to, the last value, and the moment of the first page."""

from datetime import datetime, timedelta

import msgspec

from sandboxes.fleet.search import cursors
from sandboxes.fleet.search.query import QueryError


class Place(msgspec.Struct, frozen=True, array_like=True):
    """The last row of a page: the next one begins after it.

    `as_of` is the moment of the first page: what moves by itself (cost, CPU, memory) is read as it stood then, so
    that no row is met twice or left out while one pages.
    """

    order: str
    as_of: datetime
    value: float | str | None
    key: int


def place_of(cursor: str, order: str, now: datetime) -> Place:
    """The place a cursor names. Raises QueryError when it is none of ours or of another order."""
    place = cursors.decode(cursor, Place)
    if place.order != order:
        raise QueryError(f"this cursor belongs to the order {place.order!r}, not {order!r}")
    try:
        sound = place.as_of <= now + timedelta(minutes=5) and _fits(place) and -(2**31) < place.key < 2**31
    except (TypeError, ValueError):
        raise cursors.refused() from None
    if not sound:
        raise cursors.refused()
    return place


def _fits(place: Place) -> bool:
    """Whether the value is of the kind its order compares with."""
    by = place.order.removeprefix("-")
    if place.value is None:
        return by in {"end_at", "ended_at", "cpu_pct", "mem_pct"}
    if by in {"started_at", "created_at", "end_at", "ended_at"}:
        return isinstance(place.value, str) and datetime.fromisoformat(place.value).tzinfo is not None
    if by == "id":
        return isinstance(place.value, str) and "\0" not in place.value
    return isinstance(place.value, float | int)
