"""How runs ended and how long they were of use, by owner and template: of those that ended in a span, whole."""

from typing import Final

from sandboxes.cost.queries_explained import BY
from sandboxes.cost.queries_last_sign import DEAD, us
from sandboxes.cost.queries_spend import PRICES

_MINUTE: Final = 60_000_000
_CLOSE: Final = 2_000_000  # an end so near to the planned one is the planned one
# `suggested` is the time within which 99 of 100 runs were of use, in whole minutes; it would end those alone that were
# of no use after it. A row for each price that such time was paid at.
HABITS: Final = f"""{PRICES},
runs AS MATERIALIZED (
    SELECT e.id AS run, s.id AS box, s.account_id AS account, {BY} AS grp, {us("e.started_at")} AS began,
           {us("e.ended_at")} AS over, {us("e.end_at")} AS planned, e.ended_at, e.ended_by, e.end_reason,
           (coalesce(nullif(e.cpu_count, 0), s.cpu_count, 0) * 1000)::numeric AS cores,
           coalesce(nullif(e.memory_mb, 0), s.memory_mb, 0)::numeric AS mb
    FROM sandboxes_execution e JOIN sandboxes_sandbox s ON s.id = e.sandbox_id
    WHERE s.account_id = ANY(%(accounts)s) AND e.ended_at >= %(start)s AND e.ended_at < %(end)s
      AND e.started_at < e.ended_at
),
{DEAD},
by_policy AS (
    SELECT DISTINCT r.run FROM runs r JOIN sandboxes_action act ON act.sandbox_id = r.box
    WHERE act.actor_kind = 'policy' AND act.kind IN ('kill', 'pause') AND act.outcome IN ('killed', 'paused')
      AND act.answered_at BETWEEN r.ended_at - interval '1 minute' AND r.ended_at + interval '1 minute'
),
told AS MATERIALIZED (
    SELECT r.*, CASE WHEN d.since IS NOT NULL THEN least(d.since, r.over) - r.began END AS active,
           CASE WHEN p.run IS NOT NULL THEN 'policy'
                WHEN r.end_reason = 'timeout' THEN 'timeout'
                WHEN r.over >= r.planned - {_CLOSE} AND r.end_reason IS DISTINCT FROM 'request' THEN 'timeout'
                WHEN r.end_reason = 'request' OR r.ended_by IN ('paused', 'killed') THEN 'owner'
                ELSE 'other' END AS how,
           r.ended_by = 'paused' AND EXISTS (
               SELECT FROM sandboxes_execution n
               WHERE n.sandbox_id = r.box AND n.started_at >= r.ended_at
                 AND n.started_at < r.ended_at + interval '5 minutes') AS short
    FROM runs r LEFT JOIN dead d ON d.run = r.run LEFT JOIN by_policy p ON p.run = r.run
),
suggested AS (
    SELECT grp, (ceil(greatest(percentile_disc(0.99) WITHIN GROUP (ORDER BY active), 1) / {_MINUTE}::numeric)
                 * {_MINUTE})::bigint AS most
    FROM told WHERE active IS NOT NULL GROUP BY 1 HAVING count(*) >= %(least)s
),
counted AS (
    SELECT grp, count(*) AS runs, count(*) FILTER (WHERE how = 'owner') AS by_owner,
           count(*) FILTER (WHERE how = 'timeout') AS by_timeout, count(*) FILTER (WHERE how = 'policy') AS by_policy,
           count(*) FILTER (WHERE how = 'other') AS otherwise, count(*) FILTER (WHERE short) AS short,
           count(active) AS measured, percentile_disc(0.5) WITHIN GROUP (ORDER BY over - began) AS life,
           percentile_disc(0.5) WITHIN GROUP (ORDER BY planned - began) FILTER (WHERE planned > began) AS asked
    FROM told GROUP BY 1
),
paid AS (
    SELECT t.grp, p.per_core, p.per_gib, t.cores, t.mb,
           greatest(0, least(t.over, p.until) - greatest(coalesce(t.began + t.active, t.over), p.since)) AS idle,
           CASE WHEN t.active <= s.most
                THEN greatest(0, least(t.over, p.until) - greatest(t.began + s.most, p.since)) ELSE 0 END AS spared
    FROM told t JOIN prices p ON p.account = t.account AND p.since < t.over AND p.until > t.began
    LEFT JOIN suggested s ON s.grp = t.grp
),
money AS (
    SELECT grp, per_core, per_gib, sum(cores * idle) AS idle_cores, sum(mb * idle) AS idle_mb,
           sum(cores * spared) AS spared_cores, sum(mb * spared) AS spared_mb
    FROM paid GROUP BY 1, 2, 3
)
SELECT c.*, s.most, m.per_core, m.per_gib, m.idle_cores, m.idle_mb, m.spared_cores, m.spared_mb
FROM counted c LEFT JOIN suggested s ON s.grp = c.grp JOIN money m ON m.grp = c.grp"""
