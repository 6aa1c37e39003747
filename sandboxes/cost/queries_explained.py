"""What two spans beside each other cost by owner and template, with what the cost is made of: runs, times, sizes."""

from typing import Final

from sandboxes.cost.queries_last_sign import DEAD, us
from sandboxes.cost.queries_spend import RUNS

BY: Final = "ARRAY[s.owner, nullif(s.template_id, '')]::text[]"
# Each run is cut at the middle, at its last sign of life and at prices; `later` is the span that is explained.
EXPLAINED: Final = f"""{RUNS.format(group=BY, where="")},
{DEAD},
cut AS MATERIALIZED (
    SELECT r.run, r.account, r.grp, half.later, part.idle, p.per_core, p.per_gib, r.cores, r.mb,
           greatest(part.lo, half.lo, p.since) AS lo, least(part.hi, half.hi, p.until) AS hi
    FROM runs r JOIN prices p ON p.account = r.account LEFT JOIN dead d ON d.run = r.run
    CROSS JOIN LATERAL (VALUES
        (false, r.began, least(coalesce(d.since, r.over), r.over)),
        (true, least(coalesce(d.since, r.over), r.over), r.over)) AS part (idle, lo, hi)
    CROSS JOIN (VALUES
        (false, {us("%(start)s")}, {us("%(middle)s")}),
        (true, {us("%(middle)s")}, {us("%(end)s")})) AS half (later, lo, hi)
)
SELECT account, grp, later, idle, per_core, per_gib, sum(cores::numeric * (hi - lo)), sum(mb::numeric * (hi - lo)),
       sum(hi - lo), 0
FROM cut WHERE lo < hi GROUP BY 1, 2, 3, 4, 5, 6
UNION ALL
SELECT account, grp, later, false, 0, 0, 0, 0, 0, count(DISTINCT run) FROM cut WHERE lo < hi GROUP BY 1, 2, 3"""
