"""A fleet is polled in parts whose number follows its size: which frames together show all of it. Pure."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple


class Place(NamedTuple):
    """A frame of the database without its arrays: part `shard` of `shards`."""

    pk: int
    at: datetime
    shard: int
    shards: int


def newest_of_each(places: Iterable[Place]) -> list[Place]:
    """The newest frame of each part of each layout."""
    found: dict[tuple[int, int], Place] = {}
    for place in places:
        known = found.get((place.shards, place.shard))
        if known is None or known.at < place.at:
            found[place.shards, place.shard] = place
    return list(found.values())


def current(places: Iterable[Place]) -> list[Place]:
    """Of the newest frames, those of one layout: the newest whose parts are all there, or else the newest.

    So while the number of parts changes the fleet is shown whole, as it was a tick ago, until the last new part is in.
    In SQL it is the function `sandboxes_newest_frames`, for many accounts and as of any moment.
    """
    layouts: dict[int, list[Place]] = defaultdict(list)
    for place in newest_of_each(places):
        layouts[place.shards].append(place)
    if not layouts:
        return []
    number = max(layouts, key=lambda shards: _rank(shards, layouts[shards]))
    return sorted(layouts[number], key=lambda place: place.shard)


def _rank(shards: int, parts: list[Place]) -> tuple[bool, datetime, int]:
    return len(parts) >= shards, max(one.at for one in parts), shards
