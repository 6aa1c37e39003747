"""The fleet over time: minutes gathered into buckets, the last ones straight from the frames."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from operator import add
from typing import Any, Final

import msgspec
from django.db import connection

from sandboxes.accounts import shown_account_ids
from sandboxes.fleet.percentiles import of_histogram
from sandboxes.series import minutes

MOST_POINTS: Final = 1000
MINUTE_SECONDS: Final = 60
# Histograms of more minutes than this are read from every second minute, every third, …: percentiles of a year
# need no more, and sums are always exact.
HISTOGRAMS: Final = 10_000
_STEPS: Final = 101

# Levels are means over the bucket's minutes (of the sums over accounts), counts are sums.
_LEVELS: Final = """
SELECT bucket, avg(running), avg(paused), sum(started), sum(ended), avg(burn) FROM (
    SELECT floor((extract(epoch FROM minute) - %(start)s) / %(width)s)::int AS bucket, minute, sum(running) AS running,
           sum(paused) AS paused, sum(started) AS started, sum(ended) AS ended, sum(burn_usd_per_hour) AS burn
    FROM sandboxes_fleetminute
    WHERE account_id = ANY(%(accounts)s) AND minute >= to_timestamp(%(start)s) AND minute < to_timestamp(%(end)s)
    GROUP BY 1, 2
) by_minute GROUP BY 1"""
_HISTOGRAMS: Final = """
SELECT floor((extract(epoch FROM minute) - %(start)s) / %(width)s)::int, cpu_hist, mem_hist
FROM sandboxes_fleetminute
WHERE account_id = ANY(%(accounts)s) AND minute >= to_timestamp(%(start)s) AND minute < to_timestamp(%(end)s)
  AND samples > 0 AND extract(epoch FROM minute)::bigint / 60 %% %(every)s = 0"""


class FleetColumns(msgspec.Struct, frozen=True):
    """`GET /fleet/metrics`: a row for each bucket, `t` its start in Unix seconds; None where nothing is known.

    `running`, `paused` and burn are means over the bucket, `started` and `ended` count its sandboxes.
    """

    t: list[int]
    running: list[float | None]
    paused: list[float | None]
    cpu_p50: list[float | None]
    cpu_p95: list[float | None]
    mem_p50: list[float | None]
    mem_p95: list[float | None]
    started: list[int | None]
    ended: list[int | None]
    burn_usd_per_hour: list[float | None]


class _Bucket:
    """What the minutes of one bucket add up to."""

    def __init__(self) -> None:
        self.levels: tuple[Any, ...] | None = None
        self.cpu = [0] * _STEPS
        self.mem = [0] * _STEPS

    def add(self, cpu: Sequence[int], mem: Sequence[int]) -> None:
        self.cpu = list(map(add, self.cpu, cpu))
        self.mem = list(map(add, self.mem, mem))


def metrics(
    start: datetime,
    end: datetime,
    points: int = MOST_POINTS,
    account_id: int | None = None,
    now: datetime | None = None,
) -> FleetColumns:
    """The minutes of [start, end) as at most `points` buckets of whole minutes."""
    accounts = [account_id] if account_id else shown_account_ids()
    first, last, width = _grid(start, min(end, now or datetime.now(UTC)), max(1, min(points, MOST_POINTS)))
    buckets = [_Bucket() for _ in range(first, last, width)]
    asked: dict[str, Any] = {"accounts": accounts, "start": first, "end": last, "width": width}
    every = -(-(last - first) // (MINUTE_SECONDS * HISTOGRAMS)) or 1
    with connection.cursor() as cursor:
        cursor.execute(_LEVELS, asked)
        for number, *levels in cursor.fetchall():
            buckets[number].levels = tuple(levels)
        cursor.execute(_HISTOGRAMS, {**asked, "every": every})
        for number, cpu, mem in cursor:
            buckets[number].add(cpu, mem)
    _add_newest(buckets, accounts, first, last, width)
    return _columns(buckets, first, width)


def _grid(start: datetime, end: datetime, points: int) -> tuple[int, int, int]:
    """First and last second and the width of a bucket, all in whole minutes."""
    first = int(start.timestamp()) // MINUTE_SECONDS * MINUTE_SECONDS
    last = max(first, -(-int(end.timestamp()) // MINUTE_SECONDS) * MINUTE_SECONDS)
    number = (last - first) // MINUTE_SECONDS
    return first, last, (-(-number // points) or 1) * MINUTE_SECONDS


def _add_newest(buckets: list[_Bucket], accounts: Iterable[int], first: int, last: int, width: int) -> None:
    """The minutes after the newest rolled up one: they add their samples and counts, and give their levels to a
    bucket that has none yet."""
    new: dict[int, list[Any]] = {}
    span = datetime.fromtimestamp(first, UTC), datetime.fromtimestamp(last, UTC)
    for account_id in accounts:
        levels_of: dict[int, list[Any]] = {}
        for minute, *levels, _, cpu, mem in minutes.not_rolled_up(account_id, *span):
            number = (int(minute.timestamp()) - first) // width
            buckets[number].add(cpu, mem)
            running, paused, started, ended, burn = levels
            before = levels_of.get(number, [0] * 5)
            levels_of[number] = [running, paused, started + before[2], ended + before[3], burn]
        for number, levels in levels_of.items():
            new[number] = list(map(add, new.get(number, [0] * 5), levels))
    for number, (running, paused, started, ended, burn) in new.items():
        known = buckets[number].levels or (running, paused, 0, 0, burn)
        buckets[number].levels = (*known[:2], known[2] + started, known[3] + ended, known[4])


def _columns(buckets: list[_Bucket], first: int, width: int) -> FleetColumns:
    columns = FleetColumns(*([] for _ in FleetColumns.__struct_fields__))
    for number, bucket in enumerate(buckets):
        running, paused, started, ended, burn = bucket.levels or (None,) * 5
        columns.t.append(first + number * width)
        columns.running.append(_rounded(running, 2))
        columns.paused.append(_rounded(paused, 2))
        columns.cpu_p50.append(of_histogram(bucket.cpu, 50))
        columns.cpu_p95.append(of_histogram(bucket.cpu, 95))
        columns.mem_p50.append(of_histogram(bucket.mem, 50))
        columns.mem_p95.append(of_histogram(bucket.mem, 95))
        columns.started.append(None if started is None else int(started))
        columns.ended.append(None if ended is None else int(ended))
        columns.burn_usd_per_hour.append(_rounded(burn, 6))
    return columns


def _rounded(value: Any, digits: int) -> float | None:
    return None if value is None else round(float(value), digits)
