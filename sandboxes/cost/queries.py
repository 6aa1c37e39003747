"""What runs now, what policies saved, what is allocated against used, and the keys in use."""

from typing import Final

METADATA_KEYS: Final = """
SELECT key FROM (
    SELECT metadata FROM sandboxes_sandbox WHERE account_id = ANY(%s) ORDER BY id DESC LIMIT %s
) newest CROSS JOIN LATERAL jsonb_object_keys(metadata) AS key GROUP BY key ORDER BY count(*) DESC, key LIMIT %s"""
RUNNING_NOW: Final = """
SELECT {group} AS grp, count(*), sum(s.burn_usd_per_hour), coalesce(sum(s.burn_usd_per_hour) FILTER (
    WHERE s.id IN (SELECT sandbox_id FROM sandboxes_orphan_now)), 0)
FROM sandboxes_sandbox s JOIN sandboxes_account a ON a.id = s.account_id
WHERE s.account_id = ANY(%(accounts)s) AND s.state = 'running' GROUP BY 1"""
# Each act of a policy with the run that it ended: the one whose end lies nearest to the answer, within a minute.
ENDED_BY_POLICIES: Final = """
SELECT DISTINCT ON (act.id) act.policy_id, coalesce(p.name, act.actor_name), act.kind, run.ended_at, run.end_at,
       coalesce(nullif(run.cpu_count, 0), s.cpu_count), coalesce(nullif(run.memory_mb, 0), s.memory_mb),
       act.account_id
FROM sandboxes_action act JOIN sandboxes_sandbox s ON s.id = act.sandbox_id
LEFT JOIN sandboxes_policy p ON p.id = act.policy_id
LEFT JOIN sandboxes_execution run ON run.sandbox_id = act.sandbox_id
    AND run.ended_at BETWEEN act.answered_at - interval '1 minute' AND act.answered_at + interval '1 minute'
WHERE act.actor_kind = 'policy' AND act.account_id = ANY(%(accounts)s) AND act.kind IN ('kill', 'pause')
  AND act.outcome IN ('killed', 'paused') AND act.answered_at >= %(start)s AND act.answered_at < %(end)s
ORDER BY act.id, abs(extract(epoch FROM run.ended_at - act.answered_at))"""
# Hours where they are added up, minutes after them. Histograms add up entry by entry; what was kept by no name (too
# small, or without one) is left out. Sizes are those of the group's sandboxes on record in the range.
USED: Final = """
WITH spans AS MATERIALIZED (
    SELECT g.* FROM sandboxes_fleetgroup g
    WHERE g.account_id = ANY(%(accounts)s) AND g.kind = %(kind)s AND NOT g.rest AND g.name <> ''
      AND g.at >= %(start)s AND g.at < %(end)s
      AND (g.span_seconds = 3600 OR g.at >= coalesce((
          SELECT max(h.at) + interval '1 hour' FROM sandboxes_fleetgroup h
          WHERE h.account_id = g.account_id AND h.kind = g.kind AND h.span_seconds = 3600), '-infinity'))
),
steps AS (
    SELECT name, n, sum(cpu) AS cpu, sum(mem) AS mem
    FROM spans CROSS JOIN LATERAL unnest(cpu_hist, mem_hist) WITH ORDINALITY AS u (cpu, mem, n) GROUP BY 1, 2
),
shares AS (
    SELECT name, array_agg(cpu ORDER BY n)::bigint[] AS cpu, array_agg(mem ORDER BY n)::bigint[] AS mem
    FROM steps GROUP BY 1
),
sizes AS (
    SELECT {name} AS name, mode() WITHIN GROUP (ORDER BY s.cpu_count) AS cores,
           mode() WITHIN GROUP (ORDER BY s.memory_mb) AS mb
    FROM sandboxes_sandbox s
    WHERE s.account_id = ANY(%(accounts)s) AND s.created_at < %(end)s
      AND (s.ended_at IS NULL OR s.ended_at > %(start)s) GROUP BY 1
)
SELECT name, sizes.cores, sizes.mb, shares.cpu, shares.mem FROM shares LEFT JOIN sizes USING (name)"""
NAMES_BY_KIND: Final = {
    "template": "s.template_shown",
    "owner": "coalesce(s.owner, '')",
}
HELD_BY_POLICY: Final = """
SELECT p.name, count(*) FROM sandboxes_orphan_now o JOIN sandboxes_policy p ON p.id = o.policy_id
JOIN sandboxes_sandbox s ON s.id = o.sandbox_id WHERE s.account_id = ANY(%s) GROUP BY 1"""
