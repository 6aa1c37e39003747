"""What is left of samples after a while, as points of a line: each minute or hour by its least and greatest value."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta

from sandboxes.models import SeriesHours, SeriesMinutes
from sandboxes.series.thinning import Point

HOUR = 3600


def coarse_points(
    model: type[SeriesMinutes] | type[SeriesHours],
    sandbox_pk: int,
    start: datetime,
    end: datetime,
    without: Collection[datetime],
) -> list[Point]:
    """The steps of [start, end], oldest first, without those in the hours `without`: two points each."""
    step, row = (60, timedelta(hours=1)) if model is SeriesMinutes else (HOUR, timedelta(days=1))
    rows = model.objects.filter(sandbox_id=sandbox_pk, at__gt=start - row, at__lte=end).order_by("at")
    left_out = {int(hour.timestamp()) for hour in without}
    found: list[Point] = []
    for at, steps, *figures in rows.values_list(
        "at", "steps", "cpu_min", "mem_min", "disk_min", "cpu_max", "mem_max", "disk_max"
    ):
        first = int(at.astimezone(UTC).timestamp())
        for number, *values in zip(steps, *figures, strict=True):
            unix = first + number * step
            if unix // HOUR * HOUR not in left_out:
                found.append(Point(unix, step, *values[:3]))
                found.append(Point(unix + step // 2, step, *values[3:]))
    return found
