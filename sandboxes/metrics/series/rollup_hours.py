"""Samples of closed hours become minutes and hours with least, mean and greatest value, before they go themselves."""

from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection, transaction

CLOSED = timedelta(hours=1, minutes=10)  # an hour's last frames are in series by then; what comes later is rolled again
HOURS_AT_ONCE: Final = 500  # sandbox-hours a transaction: some 360,000 samples

_COLUMNS: Final = tuple(f"{what}_{which}" for what in ("cpu", "mem", "disk") for which in ("min", "mean", "max"))
# The rows of the oldest hours that are not rolled as they stand, all rows of such an hour, locked: what is merged into
# them meanwhile waits, and takes their mark away again.
_DUE: Final = """
WITH due AS MATERIALIZED (
    SELECT DISTINCT sandbox_id, hour FROM (
        SELECT sandbox_id, hour FROM sandboxes_metricseries
        WHERE NOT rolled AND hour <= %(closed)s ORDER BY hour LIMIT %(limit)s
    ) oldest
)
SELECT s.id, s.hour FROM sandboxes_metricseries s JOIN due USING (sandbox_id, hour) FOR UPDATE OF s"""

_AGGREGATES: Final = """
           min(cpu) AS cpu_min, round(avg(cpu))::smallint AS cpu_mean, max(cpu) AS cpu_max,
           min(mem) AS mem_min, round(avg(mem))::int AS mem_mean, max(mem) AS mem_max,
           min(disk) AS disk_min, round(avg(disk))::int AS disk_mean, max(disk) AS disk_max"""
_ARRAYS: Final = ", ".join(f"array_agg({name} ORDER BY step)" for name in ("step", "samples", *_COLUMNS))
_NAMES: Final = ", ".join(("steps", "samples", *_COLUMNS))
_ENTRIES: Final = ", ".join(("step", "samples", *_COLUMNS))

# Our own samples go before a back-fill's: of a minute that has any of them, only they count.
_POINTS: Final = """
rows AS MATERIALIZED (
    SELECT * FROM sandboxes_metricseries WHERE id = ANY(%(ids)s) AND hour >= %(first)s AND hour <= %(last)s
),
every AS MATERIALIZED (
    SELECT r.sandbox_id AS key, r.hour, u.after / 60 AS minute, r.source = 'poll' AS ours, u.cpu, u.mem, u.disk
    FROM rows r CROSS JOIN LATERAL unnest(r.offsets, r.cpu, r.mem, r.disk) AS u (after, cpu, mem, disk)
),
points AS MATERIALIZED (
    SELECT key, hour, minute, cpu, mem, disk
    FROM (SELECT *, bool_or(ours) OVER (PARTITION BY key, hour, minute) AS has_ours FROM every) e
    WHERE ours OR NOT has_ours
)"""
_TO_MINUTES: Final = f"""
WITH {_POINTS},
entries AS MATERIALIZED (
    SELECT key, hour, minute::smallint AS step, count(*)::smallint AS samples, {_AGGREGATES}
    FROM points GROUP BY key, hour, minute
)
INSERT INTO sandboxes_seriesminutes (sandbox_id, at, {_NAMES})
SELECT key, hour, {_ARRAYS} FROM entries GROUP BY key, hour
ON CONFLICT (sandbox_id, at) DO UPDATE SET
    ({_NAMES}) = ({", ".join(f"EXCLUDED.{name}" for name in ("steps", "samples", *_COLUMNS))})"""

# A day's row has its hours replaced one by one.
_TO_HOURS: Final = f"""
WITH {_POINTS},
entries AS MATERIALIZED (
    SELECT key, date_trunc('day', hour, 'UTC') AS day, extract(hour FROM hour AT TIME ZONE 'UTC')::smallint AS step,
           count(*)::smallint AS samples, {_AGGREGATES}
    FROM points GROUP BY key, hour
)
INSERT INTO sandboxes_serieshours AS held (sandbox_id, at, {_NAMES})
SELECT key, day, {_ARRAYS} FROM entries GROUP BY key, day
ON CONFLICT (sandbox_id, at) DO UPDATE SET ({_NAMES}) = (
    SELECT {_ARRAYS} FROM (
        SELECT * FROM unnest(held.steps, {", ".join(f"held.{name}" for name in ("samples", *_COLUMNS))})
            AS h ({_ENTRIES}) WHERE NOT h.step = ANY(EXCLUDED.steps)
        UNION ALL
        SELECT * FROM unnest(EXCLUDED.steps, {", ".join(f"EXCLUDED.{name}" for name in ("samples", *_COLUMNS))})
    ) AS both_ ({_ENTRIES})
)"""
_MARK: Final = """
UPDATE sandboxes_metricseries SET rolled = true
WHERE id = ANY(%(ids)s) AND hour >= %(first)s AND hour <= %(last)s"""


def roll_up(now: datetime, rounds: int = 40) -> None:
    """Rolls up what is closed and not rolled up as it stands: at most `rounds` transactions, the rest next time."""
    for _ in range(rounds):
        if not roll_up_some(now - CLOSED):
            return


def roll_up_some(closed: datetime) -> int:
    """The oldest hours that begin by `closed`, in one transaction; how many rows it were."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_DUE, {"closed": closed, "limit": HOURS_AT_ONCE})
        rows = cursor.fetchall()
        if rows:
            hours = [hour for _, hour in rows]
            given: dict[str, Any] = {"ids": [pk for pk, _ in rows], "first": min(hours), "last": max(hours)}
            for statement in (_TO_MINUTES, _TO_HOURS, _MARK):
                cursor.execute(statement, given)
    return len(rows)
