"""A fleet's minutes: counts from the record, sums and histograms from the fresh samples of its frames."""

from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection, transaction

from sandboxes.metrics.series import groups
from sandboxes.metrics.series.counts import COUNTS
from sandboxes.metrics.series.histograms import COLUMNS, figures
from sandboxes.models import Account, FleetMinute, MetricFrame

MINUTE: Final = timedelta(minutes=1)
GRACE = timedelta(seconds=15)  # a poll that began in the minute may still be writing its frame
AGAIN = timedelta(minutes=10)  # events of the last minutes may come late: those are counted again
AT_ONCE = timedelta(minutes=10)  # a transaction: of ten thousand sandboxes that is more than a million samples
ROOM_TO_SORT: Final = "SET LOCAL work_mem = '64MB'"  # else samples are sorted in files
_INSTANT = timedelta(microseconds=1)

_FRAMES: Final = """sandboxes_metricframe f
    WHERE f.account_id = %(account)s AND f.at >= %(start)s AND f.at < %(end)s"""

# What a sample is in percent of its own limits; nothing without one.
_SHARES: Final = """u.cpu / 100.0::float8 AS cpu,
           CASE WHEN u.mem_total > 0 THEN least(100.0::float8 * u.mem / u.mem_total, 100) END AS mem,
           CASE WHEN u.disk_total > 0 THEN u.disk_share / 300.0::float8 END AS disk"""

# Each fresh sample once. A frame without any still tells of its minute: one row of nulls, which no figure counts.
EVERY_SAMPLE: Final = f"""
readings AS MATERIALIZED (
    SELECT date_trunc('minute', f.at) AS minute, u.key, {_SHARES}
    FROM (SELECT f.* FROM {_FRAMES}) f
    LEFT JOIN LATERAL (
        SELECT u.* FROM unnest(f.keys, f.ages, f.fresh, f.cpu, f.mem, f.mem_total, f.disk_share, f.disk_total)
            AS u (key, age, fresh, cpu, mem, mem_total, disk_share, disk_total)
        WHERE u.age >= 0 AND u.fresh
    ) u ON true
)"""

# Each sandbox once a minute, from the minute's last frame: enough for a line's newest end, and twelve times quicker.
_LAST_SAMPLES: Final = f"""
readings AS MATERIALIZED (
    SELECT date_trunc('minute', f.at) AS minute, {_SHARES}
    FROM (
        SELECT DISTINCT ON (date_trunc('minute', f.at), f.shard) f.* FROM {_FRAMES}
        ORDER BY date_trunc('minute', f.at), f.shard, f.at DESC
    ) f
    LEFT JOIN LATERAL unnest(f.ages, f.cpu, f.mem, f.mem_total, f.disk_share, f.disk_total)
        AS u (age, cpu, mem, mem_total, disk_share, disk_total) ON u.age BETWEEN 0 AND 60
)"""

_ROLL_UP: Final = f"""
WITH {COUNTS}, {EVERY_SAMPLE}, {figures()}
INSERT INTO sandboxes_fleetminute (account_id, minute, source, running, paused, started, ended, burn_usd_per_hour,
                                   {COLUMNS})
SELECT %(account)s, minute, 'poll', running, paused, started, ended, burn, {COLUMNS}
FROM counts JOIN figures USING (minute)
ON CONFLICT (account_id, minute) DO UPDATE SET
    (source, running, paused, started, ended, burn_usd_per_hour, {COLUMNS}) = (
        EXCLUDED.source, EXCLUDED.running, EXCLUDED.paused, EXCLUDED.started, EXCLUDED.ended,
        EXCLUDED.burn_usd_per_hour, {", ".join(f"EXCLUDED.{name}" for name in COLUMNS.split(", "))})"""

_COUNT_AGAIN: Final = f"""
WITH {COUNTS}
UPDATE sandboxes_fleetminute held SET
    running = c.running, paused = c.paused, started = c.started, ended = c.ended, burn_usd_per_hour = c.burn
FROM counts c
WHERE held.account_id = %(account)s AND held.minute = c.minute
  AND (held.running, held.paused, held.started, held.ended, held.burn_usd_per_hour) IS DISTINCT FROM
      (c.running, c.paused, c.started, c.ended, c.burn)"""

_NOT_ROLLED_UP: Final = f"""
WITH {COUNTS}, {_LAST_SAMPLES}, {figures()}
SELECT minute, running, paused, started, ended, burn, samples, array_send(cpu_hist), array_send(mem_hist)
FROM counts JOIN figures USING (minute) ORDER BY minute"""

# Minutes that no frame tells of: counts alone, and counted again while the record of the past still grows.
_COUNT_PAST: Final = f"""
WITH {COUNTS}, empty AS (SELECT array_agg(0) AS hist FROM generate_series(0, 100))
INSERT INTO sandboxes_fleetminute AS held (account_id, minute, source, running, paused, started, ended,
    burn_usd_per_hour, samples, cpu_sum, mem_sum, disk_samples, disk_sum, cpu_hist, mem_hist)
SELECT %(account)s, minute, 'backfill', running, paused, started, ended, burn, 0, 0, 0, 0, 0, empty.hist, empty.hist
FROM counts, empty
WHERE NOT EXISTS (
    SELECT FROM sandboxes_metricframe
    WHERE account_id = %(account)s AND at >= minute AND at < minute + interval '1 minute'
)
ON CONFLICT (account_id, minute) DO UPDATE SET
    running = EXCLUDED.running, paused = EXCLUDED.paused, started = EXCLUDED.started, ended = EXCLUDED.ended,
    burn_usd_per_hour = EXCLUDED.burn_usd_per_hour
WHERE held.source = 'backfill'
  AND (held.running, held.paused, held.started, held.ended, held.burn_usd_per_hour) IS DISTINCT FROM
      (EXCLUDED.running, EXCLUDED.paused, EXCLUDED.started, EXCLUDED.ended, EXCLUDED.burn_usd_per_hour)"""


def whole(moment: datetime) -> datetime:
    """The start of its minute."""
    return moment.replace(second=0, microsecond=0)


def roll_up(now: datetime) -> None:
    """Every closed minute with frames that is not rolled up yet, for every account; the minutes before that are
    counted again, since events may come late."""
    end = whole(now - GRACE)
    for account_id in Account.objects.values_list("pk", flat=True):
        last = _newest(account_id, end)
        if last:
            _execute(_COUNT_AGAIN, account_id, last + MINUTE - AGAIN, last + MINUTE)
        start = _next_frame(account_id, last + MINUTE if last else None, end)
        while start < end:
            upto = min(start + AT_ONCE, end)
            with transaction.atomic():
                _execute(ROOM_TO_SORT, account_id, start, upto)
                _execute(_ROLL_UP, account_id, start, upto)
                groups.roll_up(account_id, start, upto)
            start = _next_frame(account_id, upto, end)


def _newest(account_id: int, end: datetime) -> datetime | None:
    done = FleetMinute.objects.filter(account_id=account_id, source="poll", minute__lt=end)
    return done.order_by("-minute").values_list("minute", flat=True).first()


def _next_frame(account_id: int, start: datetime | None, end: datetime) -> datetime:
    """The minute of the first frame from `start` on; `end` when there is none: where we were away nothing is to do."""
    frames = MetricFrame.objects.filter(account_id=account_id, at__lt=end)
    if start:
        frames = frames.filter(at__gte=start)
    return whole(frames.order_by("at").values_list("at", flat=True).first() or end)


def not_rolled_up(account_id: int, start: datetime, end: datetime) -> list[tuple[Any, ...]]:
    """Minutes of [start, end) that compaction has not reached, straight from the frames: (minute, running, paused,
    started, ended, burn, samples, cpu_hist, mem_hist); the histograms as `array_send` gives them."""
    newest = _newest(account_id, end)
    since = max(whole(start), newest + MINUTE if newest else end - AGAIN)
    if not since < end <= since + 2 * AGAIN:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            _NOT_ROLLED_UP, {"account": account_id, "start": whole(since), "end": whole(end + MINUTE - _INSTANT)}
        )
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def count_past(account_id: int, start: datetime, end: datetime) -> None:
    """Makes minutes without frames in [start, end) known by their counts; minutes with frames stay as they are."""
    _execute(_COUNT_PAST, account_id, whole(start), whole(end))


def _execute(sql: str, account_id: int, start: datetime, end: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, {"account": account_id, "start": start, "end": end})
