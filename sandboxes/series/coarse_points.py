"""What is left of samples after a while, as points of a line: each minute or hour by its least and greatest value."""

from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime, timedelta

from sandboxes.models import SeriesHours, SeriesMinutes
from sandboxes.series.thinning import Point

HOUR = 3600
_COLUMNS = ("cpu_min", "mem_min", "disk_min", "cpu_max", "mem_max", "disk_max")
_LEAST, _MOST = slice(0, 3), slice(3, 6)


def coarse_points(
    model: type[SeriesMinutes] | type[SeriesHours],
    sandbox_pk: int,
    start: datetime,
    end: datetime,
    without: Collection[datetime],
    together: int = 1,
) -> list[Point]:
    """The steps of [start, end), oldest first, without those in the hours `without`: so many together as two points."""
    step, row = (60, timedelta(hours=1)) if model is SeriesMinutes else (HOUR, timedelta(days=1))
    rows = model.objects.filter(sandbox_id=sandbox_pk, at__gt=start - row, at__lte=end).order_by("at")
    left_out, length = {int(hour.timestamp()) for hour in without}, step * together
    found: list[Point] = []
    for at, steps, *columns in rows.values_list("at", "steps", *_COLUMNS):
        first = int(at.astimezone(UTC).timestamp())
        for one, until in _gathered(steps, together):
            unix = first + steps[one] * step
            if unix // HOUR * HOUR not in left_out:
                least, most = ([column[one:until] for column in columns[part]] for part in (_LEAST, _MOST))
                found.append(Point(unix, length, *map(min, least)))
                found.append(Point(unix + step // 2, length, *map(max, most)))
    return found


def _gathered(steps: Sequence[int], together: int) -> Iterator[tuple[int, int]]:
    """The places of the steps that belong together: from, and up to but without."""
    begin = 0
    for place in range(1, len(steps) + 1):
        if place == len(steps) or steps[place] // together != steps[begin] // together:
            yield begin, place
            begin = place
