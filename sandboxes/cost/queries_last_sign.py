"""When each run showed its last sign of life, in SQL: its last sample of 2% CPU or more.

Samples are held as they came for 7 days, by the minute for 30, by the hour for 400: so exact is the answer. A run of
which we hold samples, but none of 2%, was dead from its start, or from where our samples begin. A run of which we hold
no sample at all says nothing and is not in it.
"""

from typing import Final

from sandboxes.fleet.last_signs import AT_WORK_PCT, hundredths

SIGN_OF_LIFE: Final = hundredths(AT_WORK_PCT)
_HOUR: Final = 3_600_000_000


def us(moment: str) -> str:
    """A timestamptz in SQL as microseconds since 1970: exact, a double is finer than half of one until 2200."""
    return f"round(date_part('epoch', {moment}) * 1000000)::bigint"


# Follows `runs (run, box, began, over)`, times in microseconds; gives `dead (run, since)`.
# - `hours` knows of each hour of a sandbox whether there was life in it: from the day rows, and from the hours that are
#   in no day row yet.
# - A run shares its last hour with the sandbox's next run, no other one: its last sign is in that hour or in the newest
#   lively hour before it. Only these two are looked into, by the finest samples held of them.
DEAD: Final = f"""
hours AS MATERIALIZED (
    SELECT h.sandbox_id AS box, {us("h.at")} + u.step * {_HOUR} AS hour, u.cpu_max >= {SIGN_OF_LIFE} AS alive
    FROM sandboxes_serieshours h CROSS JOIN LATERAL unnest(h.steps, h.cpu_max) AS u (step, cpu_max)
    WHERE h.at >= (SELECT to_timestamp(min(began) / 1000000) - interval '1 day' FROM runs)
      AND h.sandbox_id IN (SELECT box FROM runs)
    UNION
    SELECT m.sandbox_id, {us("m.hour")}, m.cpu_max >= {SIGN_OF_LIFE} FROM sandboxes_metricseries m
    WHERE NOT m.rolled AND m.sandbox_id IN (SELECT box FROM runs)
),
newest AS MATERIALIZED (
    SELECT u.key AS box, (f.clock_unix - u.age) * 1000000 AS at, u.cpu >= {SIGN_OF_LIFE} AS alive
    FROM sandboxes_metricframe f CROSS JOIN LATERAL unnest(f.keys, f.ages, f.fresh, f.cpu) AS u (key, age, fresh, cpu)
    WHERE NOT f.compacted AND f.account_id = ANY(%(accounts)s) AND u.fresh AND u.age >= 0
),
seen AS MATERIALIZED (
    SELECT r.run, r.box, r.began, r.over, min(h.hour) AS first, max(h.hour) FILTER (WHERE h.alive) AS last,
           max(h.hour) FILTER (WHERE h.alive AND h.hour < (r.over - 1) / {_HOUR} * {_HOUR}) AS earlier
    FROM runs r JOIN hours h ON h.box = r.box AND h.hour < r.over AND h.hour + {_HOUR} > r.began
    GROUP BY 1, 2, 3, 4
),
signs AS (
    SELECT s.run, max(found.at) AS at
    FROM (SELECT run, box, began, over, last AS hour FROM seen WHERE last IS NOT NULL
          UNION SELECT run, box, began, over, earlier FROM seen WHERE earlier IS NOT NULL) s
    CROSS JOIN LATERAL (
        SELECT coalesce(
            (SELECT coalesce(max(s.hour + u.after * 1000000::bigint) FILTER (
                        WHERE u.cpu >= {SIGN_OF_LIFE} AND s.hour + u.after * 1000000::bigint BETWEEN s.began AND s.over
                    ), 0)
             FROM sandboxes_metricseries m CROSS JOIN LATERAL unnest(m.offsets, m.cpu) AS u (after, cpu)
             WHERE m.sandbox_id = s.box AND m.hour = to_timestamp(s.hour / 1000000) HAVING count(*) > 0),
            (SELECT coalesce(max(least(s.hour + (u.step + 1) * 60000000::bigint, s.over)) FILTER (
                        WHERE u.cpu >= {SIGN_OF_LIFE} AND s.hour + (u.step + 1) * 60000000::bigint > s.began
                          AND s.hour + u.step * 60000000::bigint < s.over
                    ), 0)
             FROM sandboxes_seriesminutes m CROSS JOIN LATERAL unnest(m.steps, m.cpu_max) AS u (step, cpu)
             WHERE m.sandbox_id = s.box AND m.at = to_timestamp(s.hour / 1000000) HAVING count(*) > 0),
            least(s.hour + {_HOUR}, s.over)) AS at
    ) found
    WHERE found.at > 0 GROUP BY 1
),
signs_now AS (
    SELECT r.run, min(n.at) AS first, max(n.at) FILTER (WHERE n.alive) AS at
    FROM runs r JOIN newest n ON n.box = r.box AND n.at BETWEEN r.began AND r.over GROUP BY 1
),
dead AS MATERIALIZED (
    SELECT run, coalesce(greatest(signs.at, now.at), greatest(r.began, least(seen.first, now.first))) AS since
    FROM runs r LEFT JOIN seen USING (run) LEFT JOIN signs USING (run) LEFT JOIN signs_now now USING (run)
    WHERE seen.run IS NOT NULL OR now.run IS NOT NULL
)"""
