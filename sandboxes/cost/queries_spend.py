"""What was spent: every run cut at prices, and added up by group and bucket."""

from typing import Final

from sandboxes.cost.queries_last_sign import DEAD, us

EVER: Final = 1 << 62
# Times are whole microseconds, so that nothing is lost.
PRICES: Final = f"""
WITH prices AS MATERIALIZED (
    SELECT account_id AS account, usd_per_vcpu_second AS per_core, usd_per_gib_second AS per_gib,
           CASE WHEN isfinite(since) THEN {us("since")} ELSE 0 END AS since,
           CASE WHEN isfinite(until) THEN {us("until")} ELSE {EVER} END AS until
    FROM sandboxes_account_price_span WHERE account_id = ANY(%(accounts)s)
)"""
# Each run counts to its end or to now.
RUNS: Final = f"""{PRICES},
runs AS MATERIALIZED (
    SELECT e.id AS run, s.id AS box, s.account_id AS account, {{group}} AS grp, {us("e.started_at")} AS began,
           {us("least(e.ended_at, %(now)s)")} AS over,
           (coalesce(nullif(e.cpu_count, 0), s.cpu_count, 0) * 1000)::bigint AS cores,
           coalesce(nullif(e.memory_mb, 0), s.memory_mb, 0)::bigint AS mb
    FROM sandboxes_execution e JOIN sandboxes_sandbox s ON s.id = e.sandbox_id
    JOIN sandboxes_account a ON a.id = s.account_id
    WHERE s.account_id = ANY(%(accounts)s) AND e.started_at < %(end)s AND e.started_at < %(now)s
      AND (e.ended_at IS NULL OR e.ended_at > %(start)s){{where}}
)"""
# Of a span that lies in one bucket: no run need be cut but at the prices.
SPENT: Final = f"""{RUNS}
SELECT grp, per_core, per_gib, sum(cores::numeric * (hi - lo)), sum(mb::numeric * (hi - lo))
FROM (
    SELECT r.grp, p.per_core, p.per_gib, r.cores, r.mb,
           greatest(r.began, p.since, {us("%(start)s")}) AS lo, least(r.over, p.until, {us("%(end)s")}) AS hi
    FROM runs r JOIN prices p ON p.account = r.account
) cut
WHERE lo < hi GROUP BY 1, 2, 3"""
# Each second by its price. A run is not cut at every bucket: where it begins and ends it moves the slope of its group,
# and `along` walks the slopes. Thousandths of cores × time and MB × time are added up under each price: money is made
# of them afterwards.
PIECES: Final = f"""{RUNS},
{{found}}spans AS (
    SELECT 'cost' AS kind, box, account, grp, cores, mb, began AS lo, over AS hi FROM runs
    {{wasted}}
),
clipped AS (
    SELECT kind, box, account, grp, cores, mb, greatest(lo, {us("%(start)s")}) AS lo,
           least(hi, {us("%(end)s")}) AS hi
    FROM spans
),
cut AS MATERIALIZED (
    SELECT c.kind, c.box, c.grp, p.per_core, p.per_gib, c.cores, c.mb,
           greatest(c.lo, p.since) AS lo, least(c.hi, p.until) AS hi
    FROM clipped c JOIN prices p ON p.account = c.account AND p.since < c.hi AND p.until > c.lo WHERE c.lo < c.hi
),
touched AS (
    SELECT grp, unnest(range_agg(int8range(lo / %(width)s::bigint, (hi - 1) / %(width)s::bigint, '[]'))) AS buckets
    FROM cut WHERE kind = 'cost' GROUP BY grp, box
),
edges AS (
    SELECT kind, grp, per_core, per_gib, cores * sign AS cores, mb * sign AS mb, sign,
           at / %(width)s::bigint AS bucket, ((at / %(width)s::bigint + 1) * %(width)s::bigint - at)::numeric AS rest
    FROM cut CROSS JOIN LATERAL (VALUES (1, lo), (-1, hi)) AS edge (sign, at)
)
SELECT kind, grp, per_core, per_gib, bucket, sum(cores), sum(mb), sum(sign), sum(cores * rest), sum(mb * rest),
       sum(sign * rest)
FROM edges GROUP BY 1, 2, 3, 4, 5
UNION ALL
SELECT 'count', grp, 0, 0, bucket, 0, 0, sum(sign), 0, 0, sum(sign)
FROM touched CROSS JOIN LATERAL (VALUES (1, lower(buckets)), (-1, upper(buckets))) AS edge (sign, bucket)
GROUP BY 2, 5
ORDER BY 1, 2, 3, 4, 5"""
# `held` is the union of a sandbox's verdicts, so that two policies that hold it do not count twice.
FOUND: Final = f"""{DEAD},
held AS (
    SELECT v.sandbox_id AS box, unnest(range_agg(int8range({us("v.since")}, {us("least(v.until, %(now)s)")}))) AS span
    FROM sandboxes_orphan_span v
    WHERE v.since < least(v.until, %(now)s) AND v.since < %(end)s AND v.sandbox_id IN (SELECT box FROM runs)
    GROUP BY 1
),
"""
WASTED: Final = """UNION ALL
    SELECT 'orphan', box, account, grp, cores, mb, greatest(began, lower(span)), least(over, upper(span))
    FROM runs JOIN held USING (box)
    UNION ALL
    SELECT 'idle', box, account, grp, cores, mb, greatest(began, since), over FROM runs JOIN dead USING (run)"""
# A hundred thousand runs stay out of temporary files.
ROOM_TO_SORT: Final = "SET LOCAL work_mem = '64MB'"
