"""Who was there at a moment, in which state and at what price: the SQL that every look into the past shares."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final

from sandboxes.fleet.figures.frames import FrameColumns, latest_columns

# A day back there is a frame each tick, a week back one a minute: an older one does not answer for this moment.
NEAR: Final = timedelta(seconds=90)


def columns_near(accounts: Collection[int], t: datetime) -> list[FrameColumns]:
    """The frames that answer for `t`: the newest of each account and shard at or before it, none too old."""
    return [frame for frame in latest_columns(accounts, t) if t - frame.at <= NEAR]
