"""One sandbox's figures over a span: its series, and the frames that are not in series yet."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np

from sandboxes.core import binary
from sandboxes.metrics.series import arrays
from sandboxes.metrics.series import queries_frames as queries
from sandboxes.metrics.series.arrays import Numbers
from sandboxes.metrics.series.coarse_points import coarse_points
from sandboxes.metrics.series.thinning import Columns, Points, thin, together
from sandboxes.models import MetricSeries, SeriesHours, SeriesMinutes

MOST_POINTS: Final = 1000
HOUR: Final = timedelta(hours=1)
FINE_HOURS: Final = 12  # so many hours of samples every 5 s are read as they are, more from minutes
COARSE_STEPS: Final = 750  # of a span that is read from minutes: several together, when it has more
MINUTE_HOURS: Final = 24 * 3  # so many hours are read from minutes, more from hours: a row each, anywhere on the disk


def sandbox_metrics(sandbox_pk: int, start: datetime, end: datetime, points: int = MOST_POINTS) -> Columns:
    """Samples of [start, end] (on the backend's clock, as its events are) as at most `points` entries (3 or more).

    Where both are held, our own samples go before the back-fill's, which are maxima of their buckets. A long span is
    read from minutes or hours, each as its least and its greatest value; so is what the samples are gone of.
    """
    waiting = _frames(sandbox_pk)  # before the series: what is compacted in between is then read twice, not lost
    rolled, not_rolled = _hours(sandbox_pk, start, end)
    fine = rolled | not_rolled if len(rolled | not_rolled) <= FINE_HOURS else not_rolled
    by_source, read = _series(sandbox_pk, fine)
    coarse = _coarse(sandbox_pk, start, end, read, len(rolled)) if rolled - read else []
    polled = _in_order(together([*by_source[MetricSeries.Source.POLL], waiting]))
    filled = _not_covered(_in_order(together(by_source[MetricSeries.Source.BACKFILL])), polled)
    merged = together([*coarse, polled, filled])
    within = (merged.unix >= int(start.timestamp())) & (merged.unix <= int(end.timestamp()))
    in_time = np.argsort(merged.unix[within], kind="stable")
    return thin(merged.at(within).at(in_time), max(3, min(points, MOST_POINTS)))


def _hours(sandbox_pk: int, start: datetime, end: datetime) -> tuple[set[int], set[int]]:
    """The hours (Unix time / 3600) that roll-ups tell of, and those whose samples are in none as they stand."""
    rows = binary.fetch(queries.HOURS_WITH_SAMPLES, {"key": sandbox_pk, "start": start, "end": end})
    first, last = (int(moment.timestamp()) // 3600 for moment in (start, end))
    within = [(int(hour), is_open) for hour, is_open in rows if first <= hour <= last]
    return {hour for hour, is_open in within if not is_open}, {hour for hour, is_open in within if is_open}


def _coarse(sandbox_pk: int, start: datetime, end: datetime, read: Collection[int], hours: int) -> list[Points]:
    """All hours but those read sample by sample: of a short span from minutes, where those are gone from hours."""
    if hours > MINUTE_HOURS:
        return [coarse_points(SeriesHours, sandbox_pk, start, end, read)]
    gathered = max(1, -(-hours * 60 // COARSE_STEPS))
    minutes = coarse_points(SeriesMinutes, sandbox_pk, start, end, read, gathered)
    known = {*read, *np.unique(minutes.unix // 3600).tolist()}
    return [minutes, coarse_points(SeriesHours, sandbox_pk, start, end, known)]


def _series(sandbox_pk: int, hours: Collection[int]) -> tuple[dict[str, list[Points]], set[int]]:
    """Samples by their source, and the hours that there were any of."""
    found: dict[str, list[Points]] = {source: [] for source in MetricSeries.Source.values}
    wanted = [datetime.fromtimestamp(hour * 3600, UTC) for hour in hours]
    rows = binary.fetch(queries.SAMPLES_IN_SERIES, {"key": sandbox_pk, "hours": wanted}) if wanted else []
    for source, begin, told_step, *sent in rows:
        offsets, *figures = map(arrays.numbers, sent)
        step = np.full(len(offsets), max(told_step, _spacing(offsets)))
        found[source].append(Points(begin + offsets, step, *figures))
    return found, {begin // 3600 for _, begin, *_ in rows}


def _frames(sandbox_pk: int) -> Points:
    rows = np.array(binary.fetch(queries.SAMPLES_IN_FRAMES, {"key": sandbox_pk}), np.int64).reshape(-1, 4)
    unix, cpu, mem, disk = rows.T
    return Points(unix, np.full(len(unix), max(1, _spacing(unix))), cpu, mem, disk)


def _spacing(times: Numbers) -> int:
    """The usual distance of samples: a backend may sample, or be asked, more seldom than we tick."""
    between = np.sort(np.diff(times))
    return int(between[(len(between) - 1) // 2]) if len(between) else 0


def _in_order(points: Points) -> Points:
    """By time, one sample a second of time at most: the one that came last."""
    ordered = points.at(np.argsort(points.unix, kind="stable"))
    return ordered.at(np.append(np.diff(ordered.unix) > 0, True)[: len(ordered.unix)])


def _not_covered(filled: Points, polled: Points) -> Points:
    """The points that have no polled sample within a step of them."""
    near = np.searchsorted(polled.unix, filled.unix - filled.step)
    times = np.append(polled.unix, np.iinfo(np.int64).max)
    return filled.at(times[near] > filled.unix + filled.step)
