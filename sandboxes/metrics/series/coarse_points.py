"""What is left of samples after a while, as points of a line: each minute or hour by its least and greatest value."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final

import numpy as np

from sandboxes.core import binary
from sandboxes.metrics.series import arrays
from sandboxes.metrics.series import queries_frames as queries
from sandboxes.metrics.series.thinning import Points, together
from sandboxes.models import SeriesHours, SeriesMinutes

HOUR: Final = 3600
_COLUMNS: Final = ("cpu_min", "mem_min", "disk_min", "cpu_max", "mem_max", "disk_max")


def coarse_points(
    model: type[SeriesMinutes] | type[SeriesHours],
    sandbox_pk: int,
    start: datetime,
    end: datetime,
    without: Collection[int],
    gathered: int = 1,
) -> Points:
    """The steps of [start, end), without those in the hours `without` (Unix time / 3600): so many of a row as one,
    which gives two points."""
    step, row = (60, timedelta(hours=1)) if model is SeriesMinutes else (HOUR, timedelta(days=1))
    columns = ", ".join(f"array_send({name})" for name in _COLUMNS)
    sql = queries.COARSE_ROWS.format(columns=columns, table=model._meta.db_table)
    rows = binary.fetch(sql, {"key": sandbox_pk, "start": start - row, "end": end})
    if not rows:
        return together([])
    steps = [arrays.numbers(sent) for _, sent, *_ in rows]
    unix = np.concatenate([begin + step * one for (begin, *_), one in zip(rows, steps, strict=True)])
    # Steps of two rows are never gathered: a row's number is part of what they are gathered by.
    own = np.concatenate([number * HOUR + one // gathered for number, one in enumerate(steps)])
    values = [np.concatenate([arrays.numbers(one[2 + place]) for one in rows]) for place in range(len(_COLUMNS))]
    first = np.flatnonzero(np.diff(own, prepend=-1))
    least = (np.minimum.reduceat(column, first) for column in values[:3])
    most = (np.maximum.reduceat(column, first) for column in values[3:])
    times, length = unix[first], np.full(len(first), step * gathered)
    both = together([Points(times, length, *least), Points(times + step // 2, length, *most)])
    return both.at(~np.isin(both.unix // HOUR, list(without)))
