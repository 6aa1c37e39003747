"""One sandbox's figures over a span: its series, and the frames that are not in series yet."""

import itertools
from bisect import bisect_left
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from statistics import median_low
from typing import Final

from django.contrib.postgres.aggregates import BoolAnd
from django.db import connection

from sandboxes.models import MetricSeries, SeriesHours, SeriesMinutes
from sandboxes.series.coarse_points import coarse_points
from sandboxes.series.thinning import Columns, Point, thin

MOST_POINTS: Final = 1000
HOUR: Final = timedelta(hours=1)
FINE_HOURS: Final = 12  # so many hours of samples every 5 s are read as they are, more from minutes
COARSE_STEPS: Final = 750  # of a span that is read from minutes: several together, when it has more
MINUTE_HOURS: Final = 24 * 10  # so many hours are read from minutes, more from hours

# The place of the key is looked up once a frame, and only in those of its own part: each is unpacked for it. OFFSET
# keeps the planner from writing the look-up out wherever the place is used, and from doing it before the part is asked.
_FRAMES: Final = """
SELECT clock_unix - ages[place], cpu[place], mem[place], (disk_share[place] * disk_total[place]::bigint / 30000)::int
FROM (
    SELECT *, array_position(keys, %(key)s::bigint) AS place FROM (
        SELECT * FROM sandboxes_metricframe
        WHERE NOT compacted AND account_id = (SELECT account_id FROM sandboxes_sandbox WHERE id = %(key)s)
          AND shard = %(key)s %% shards OFFSET 0
    ) of_part OFFSET 0
) f
WHERE place IS NOT NULL AND fresh[place]
ORDER BY 1"""


def sandbox_metrics(sandbox_pk: int, start: datetime, end: datetime, points: int = MOST_POINTS) -> Columns:
    """Samples of [start, end] (on the backend's clock, as its events are) as at most `points` entries (3 or more).

    Where both are held, our own samples go before the back-fill's, which are maxima of their buckets. A long span is
    read from minutes or hours, each as its least and its greatest value; so is what the samples are gone of.
    """
    first, last = int(start.timestamp()), int(end.timestamp())
    waiting = _frames(sandbox_pk)  # before the series: what is compacted in between is then read twice, not lost
    fine, coarse = _tiers(sandbox_pk, start, end)
    by_source = _series(sandbox_pk, fine)
    polled = _in_order(by_source[MetricSeries.Source.POLL] + waiting)
    filled = _not_covered(_in_order(by_source[MetricSeries.Source.BACKFILL]), polled)
    merged = sorted([point for point in (*coarse, *polled, *filled) if first <= point.unix <= last])
    return thin(merged, max(3, min(points, MOST_POINTS)))


def _tiers(sandbox_pk: int, start: datetime, end: datetime) -> tuple[list[datetime], list[Point]]:
    """The hours to be read sample by sample, and the points of all others."""
    rows = MetricSeries.objects.filter(sandbox_id=sandbox_pk, hour__gt=start - HOUR, hour__lte=end)
    rolled = dict(rows.values_list("hour").annotate(rolled=BoolAnd("rolled")).order_by())
    fine = list(rolled) if len(rolled) <= FINE_HOURS else [hour for hour, is_rolled in rolled.items() if not is_rolled]
    if fine and _whole_hours(start, end) <= set(fine):
        return fine, []
    if len(rolled) > MINUTE_HOURS:
        return fine, coarse_points(SeriesHours, sandbox_pk, start, end, set(fine))
    together = max(1, -(-len(rolled) * 60 // COARSE_STEPS))
    by_minute = coarse_points(SeriesMinutes, sandbox_pk, start, end, set(fine), together)
    known = {*fine, *(datetime.fromtimestamp(point.unix // 3600 * 3600, UTC) for point in by_minute)}
    return fine, by_minute + coarse_points(SeriesHours, sandbox_pk, start, end, known)


def _whole_hours(start: datetime, end: datetime) -> set[datetime]:
    """Every hour that the span touches."""
    first, last = (int(moment.timestamp()) // 3600 for moment in (start, end))
    return {datetime.fromtimestamp(3600 * hour, UTC) for hour in range(first, last + 1)} if last - first < 24 else {end}


def _series(sandbox_pk: int, hours: Sequence[datetime]) -> dict[str, list[Point]]:
    found: dict[str, list[Point]] = {source: [] for source in MetricSeries.Source.values}
    rows = MetricSeries.objects.filter(sandbox_id=sandbox_pk, hour__in=hours)
    columns = rows.order_by("hour").values_list("source", "hour", "step_seconds", "offsets", "cpu", "mem", "disk")
    for source, hour, told_step, offsets, *figures in columns:
        begin, step = int(hour.timestamp()), max(told_step, _spacing(offsets))
        found[source] += [Point(begin + offset, step, *point) for offset, *point in zip(offsets, *figures, strict=True)]
    return found


def _frames(sandbox_pk: int) -> list[Point]:
    with connection.cursor() as cursor:
        cursor.execute(_FRAMES, {"key": sandbox_pk})
        rows = cursor.fetchall()
    step = max(1, _spacing([row[0] for row in rows]))
    return [Point(unix, step, cpu, mem, disk) for unix, cpu, mem, disk in rows]


def _spacing(times: Sequence[int]) -> int:
    """The usual distance of samples: a backend may sample, or be asked, more seldom than we tick."""
    return median_low([after - before for before, after in itertools.pairwise(times)] or [0])


def _in_order(points: list[Point]) -> list[Point]:
    """By time, one sample a second of time at most."""
    return sorted({point.unix: point for point in points}.values())


def _not_covered(filled: list[Point], polled: list[Point]) -> list[Point]:
    """The points that have no polled sample within a step of them."""
    times = [point.unix for point in polled]

    def is_covered(point: Point) -> bool:
        near = bisect_left(times, point.unix - point.step)
        return near < len(times) and times[near] <= point.unix + point.step

    return [point for point in filled if not is_covered(point)]
