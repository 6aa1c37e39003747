"""The newest frame of each account and shard, as of any moment."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sandboxes.core import binary, database
from sandboxes.fleet.figures import queries
from sandboxes.metrics.series import arrays
from sandboxes.metrics.series.arrays import Numbers
from sandboxes.metrics.series.layouts import Place
from sandboxes.models import MetricFrame

HELD: Final = 64  # frames whose columns this process keeps: two ticks of 100,000 sandboxes, about 10 MB


class FrameColumns(NamedTuple):
    """A frame's columns, as `MetricFrame` describes them: one entry a sandbox."""

    at: datetime
    clock_unix: int
    keys: Numbers
    ages: Numbers
    cpu: Numbers
    mem: Numbers
    mem_total: Numbers
    disk_share: Numbers
    disk_total: Numbers


# A frame is written once: what was read of it stays true.
_held: dict[int, FrameColumns] = {}


def latest_frames(account_ids: Collection[int], now: datetime | None = None) -> list[MetricFrame]:
    """One frame for each shard of each account, the newest at or before `now`; none for an account never polled.

    No sandbox is in two of an account's. A frame may be old when polling fails: its `at` says how old.
    """
    wanted = _places(account_ids, now)
    # By their times too: so that only the partitions in which they lie are looked into.
    found = MetricFrame.objects.filter(at__in=[one.at for one in wanted], pk__in=[one.pk for one in wanted])
    return sorted(found, key=lambda frame: (frame.account_id, frame.shard))


def latest_columns(account_ids: Collection[int], now: datetime | None = None) -> list[FrameColumns]:
    """The columns of the same frames, without what a reader of figures does not need."""
    wanted = _places(account_ids, now)
    found = {one.pk: _held[one.pk] for one in wanted if one.pk in _held}
    if missing := [one for one in wanted if one.pk not in found]:
        found |= _read(missing)
    return [found[one.pk] for one in wanted if one.pk in found]


def shares(frame: FrameColumns, which: NDArray[np.bool_]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """CPU and memory of those entries in percent of their own; memory is 0 where its limit is not known."""
    used, total = frame.mem[which], frame.mem_total[which]
    return frame.cpu[which] / 100, np.minimum(100 * used / np.maximum(total, 1), 100.0) * (total > 0)


def _places(account_ids: Collection[int], now: datetime | None) -> list[Place]:
    return [
        Place(*row)
        for row in database.rows(
            queries.NEWEST_FRAMES, {"accounts": list(account_ids), "as_of": now or datetime.now(UTC)}
        )
    ]


def _read(places: Sequence[Place]) -> dict[int, FrameColumns]:
    rows = binary.fetch(
        queries.FRAME_COLUMNS, {"times": [one.at for one in places], "keys": [one.pk for one in places]}
    )
    read = {pk: FrameColumns(at, clock, *map(arrays.numbers, columns)) for pk, at, clock, *columns in rows}
    _held.update(read)
    for oldest in sorted(_held)[:-HELD]:
        _held.pop(oldest, None)
    return read
