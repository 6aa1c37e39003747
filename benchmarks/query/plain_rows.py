"""What one would write first: a table with a row for each sample, indexed by sandbox and time, and by time."""

from datetime import datetime, timedelta
from typing import Any

import psycopg

TABLE = "plain_samples"
_CREATE = f"""
CREATE UNLOGGED TABLE {TABLE} (
    sandbox_id integer NOT NULL, at timestamptz NOT NULL, cpu_pct float8 NOT NULL, mem_used bigint NOT NULL,
    mem_total bigint NOT NULL, disk_used bigint NOT NULL, disk_total bigint NOT NULL
)"""
# In order of time, as they come: BRIN then finds a moment with next to no bytes.
_FILL = f"""
INSERT INTO {TABLE}
SELECT key, tick, 100 * random(), 1073741824 * random(), 1073741824, 10737418240 * 0.3, 10737418240
FROM generate_series(%s::timestamptz, %s::timestamptz - interval '1 s', interval '5 s') AS tick
CROSS JOIN generate_series(1, %s) AS key"""
_INDEX = f"""
SET maintenance_work_mem = '512MB';
CREATE INDEX ON {TABLE} (sandbox_id, at);
CREATE INDEX ON {TABLE} USING brin (at) WITH (pages_per_range = 32)"""

_SPREAD = f"""count(*), percentile_disc(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY {TABLE}.cpu_pct),
percentile_disc(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY {TABLE}.mem_used)"""
QUESTIONS = {
    "sandbox_hour": f"SELECT at, cpu_pct, mem_used, disk_used FROM {TABLE} "
    "WHERE sandbox_id = %(key)s AND at >= %(end)s - interval '1 hour' AND at < %(end)s ORDER BY at",
    "sandbox_6_hours": f"SELECT at, cpu_pct, mem_used, disk_used FROM {TABLE} WHERE sandbox_id = %(key)s ORDER BY at",
    "fleet_at": f"SELECT * FROM {TABLE} WHERE at = %(tick)s",
    "hottest": f"SELECT * FROM {TABLE} WHERE at = %(tick)s ORDER BY cpu_pct DESC LIMIT 100",
    "fleet_6_hours": f"SELECT date_trunc('minute', at), {_SPREAD} FROM {TABLE} GROUP BY 1",
    "by_owner_6_hours": f"SELECT date_trunc('minute', at), owner, {_SPREAD} FROM {TABLE} "
    f"JOIN sandboxes_sandbox s ON s.id = {TABLE}.sandbox_id GROUP BY 1, 2",
}


def fill(url: str, now: datetime, span: timedelta, sandboxes: int) -> float:
    """Makes the table on a connection of its own; bytes a sample on disk, indexes included."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(_CREATE)
        connection.execute(_FILL, [now - span, now, sandboxes])
        connection.execute(_INDEX)
        connection.execute(f"VACUUM (ANALYZE) {TABLE}")
        found: tuple[Any, ...] | None = connection.execute(
            f"SELECT pg_total_relation_size('{TABLE}')::float8 / (SELECT count(*) FROM {TABLE})"
        ).fetchone()
    assert found is not None
    return float(found[0])
