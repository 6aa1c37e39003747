"""A fleet's minutes: counts from the record, sums and histograms from the fresh samples of its frames."""

from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection

from sandboxes.models import Account, FleetMinute, MetricFrame
from sandboxes.series.counts import COUNTS

MINUTE: Final = timedelta(minutes=1)
GRACE = timedelta(seconds=15)  # a poll that began in the minute may still be writing its frame
AGAIN = timedelta(minutes=10)  # events of the last minutes may come late: those are counted again
AT_ONCE = timedelta(hours=6)

# `figures (minute, samples, cpu_sum, mem_sum, cpu_hist, mem_hist)` of the frames in [%(start)s, %(end)s). A memory
# share needs a limit; a sample without one counts for CPU alone. Steps are 0 to 100 %, rounded down.
_FIGURES: Final = """
fresh AS (
    SELECT date_trunc('minute', f.at) AS minute, u.cpu / 100.0 AS cpu,
           CASE WHEN u.mem_total > 0 THEN least(100.0 * u.mem / u.mem_total, 100) END AS mem
    FROM sandboxes_metricframe f
    CROSS JOIN LATERAL unnest(f.keys, f.ages, f.cpu, f.mem, f.mem_total)
        WITH ORDINALITY AS u (key, age, cpu, mem, mem_total, place)
    WHERE f.account_id = %(account)s AND f.at >= %(start)s AND f.at < %(end)s
      AND u.age >= 0 AND u.place IN (SELECT unnest(f.fresh))
),
totals AS (
    SELECT minute, count(*) AS samples, sum(cpu) AS cpu_sum, coalesce(sum(mem), 0) AS mem_sum FROM fresh GROUP BY 1
),
cpu_steps AS (SELECT minute, floor(cpu)::int AS step, count(*) AS n FROM fresh GROUP BY 1, 2),
mem_steps AS (SELECT minute, floor(mem)::int AS step, count(*) AS n FROM fresh WHERE mem IS NOT NULL GROUP BY 1, 2),
polled AS (
    SELECT DISTINCT date_trunc('minute', at) AS minute FROM sandboxes_metricframe
    WHERE account_id = %(account)s AND at >= %(start)s AND at < %(end)s
),
figures AS (
    SELECT p.minute, coalesce(t.samples, 0) AS samples, coalesce(t.cpu_sum, 0) AS cpu_sum,
           coalesce(t.mem_sum, 0) AS mem_sum,
           (SELECT array_agg(coalesce(c.n, 0)::int ORDER BY g.step) FROM generate_series(0, 100) AS g (step)
            LEFT JOIN cpu_steps c ON c.minute = p.minute AND c.step = g.step) AS cpu_hist,
           (SELECT array_agg(coalesce(m.n, 0)::int ORDER BY g.step) FROM generate_series(0, 100) AS g (step)
            LEFT JOIN mem_steps m ON m.minute = p.minute AND m.step = g.step) AS mem_hist
    FROM polled p LEFT JOIN totals t USING (minute)
)"""

_ROLL_UP: Final = f"""
WITH {COUNTS}, {_FIGURES}
INSERT INTO sandboxes_fleetminute (account_id, minute, source, running, paused, started, ended, burn_usd_per_hour,
                                   samples, cpu_sum, mem_sum, cpu_hist, mem_hist)
SELECT %(account)s, minute, 'poll', running, paused, started, ended, burn, samples, cpu_sum, mem_sum, cpu_hist, mem_hist
FROM counts JOIN figures USING (minute)
ON CONFLICT (account_id, minute) DO UPDATE SET
    source = EXCLUDED.source, running = EXCLUDED.running, paused = EXCLUDED.paused, started = EXCLUDED.started,
    ended = EXCLUDED.ended, burn_usd_per_hour = EXCLUDED.burn_usd_per_hour, samples = EXCLUDED.samples,
    cpu_sum = EXCLUDED.cpu_sum, mem_sum = EXCLUDED.mem_sum,
    cpu_hist = EXCLUDED.cpu_hist, mem_hist = EXCLUDED.mem_hist"""

_LIVE: Final = f"""
WITH {COUNTS}, {_FIGURES}
SELECT minute, running, paused, started, ended, burn, samples, cpu_hist, mem_hist
FROM counts JOIN figures USING (minute) ORDER BY minute"""

# Minutes that no frame tells of: counts alone, and counted again while the record of the past still grows.
_COUNT_PAST: Final = f"""
WITH {COUNTS}, empty AS (SELECT array_agg(0) AS hist FROM generate_series(0, 100))
INSERT INTO sandboxes_fleetminute AS held (account_id, minute, source, running, paused, started, ended,
    burn_usd_per_hour, samples, cpu_sum, mem_sum, cpu_hist, mem_hist)
SELECT %(account)s, minute, 'backfill', running, paused, started, ended, burn, 0, 0, 0, empty.hist, empty.hist
FROM counts, empty
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
    """Every closed minute with frames, from shortly before the newest rolled up one, for every account."""
    end = whole(now - GRACE)
    for account_id in Account.objects.values_list("pk", flat=True):
        start = _first_to_do(account_id, end)
        while start and start < end:
            upto = min(start + AT_ONCE, end)
            _execute(_ROLL_UP, account_id, start, upto)
            start = upto


def _first_to_do(account_id: int, end: datetime) -> datetime | None:
    done = FleetMinute.objects.filter(account_id=account_id, source="poll", minute__lt=end)
    last = done.order_by("-minute").values_list("minute", flat=True).first()
    frames = MetricFrame.objects.filter(account_id=account_id, at__lt=end)
    first = frames.order_by("at").values_list("at", flat=True).first()
    if first is None or last is None:
        return whole(first) if first else None
    return max(last - AGAIN, whole(first))


def not_rolled_up(account_id: int, start: datetime, end: datetime) -> list[tuple[Any, ...]]:
    """Minutes of [start, end) straight from the frames: (minute, running, paused, started, ended, burn, samples,
    cpu_hist, mem_hist). For the last minute or two, which compaction has not reached."""
    with connection.cursor() as cursor:
        cursor.execute(_LIVE, {"account": account_id, "start": whole(start), "end": whole(end + MINUTE - _TICK)})
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


_TICK = timedelta(microseconds=1)


def count_past(account_id: int, start: datetime, end: datetime) -> None:
    """Makes minutes without frames in [start, end) known by their counts; minutes with frames stay as they are."""
    _execute(_COUNT_PAST, account_id, whole(start), whole(end))


def _execute(sql: str, account_id: int, start: datetime, end: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, {"account": account_id, "start": start, "end": end})
