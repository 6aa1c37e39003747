"""The fleet at a moment: who was there, in which state and at what price, and the frames that answer for it."""

from typing import Final

NEWEST_FRAMES: Final = """
SELECT id, at, shard, shards FROM sandboxes_newest_frames(%(accounts)s::bigint[], %(as_of)s)
ORDER BY account_id, shard"""
FRAME_COLUMNS: Final = """
SELECT id, at, clock_unix, array_send(keys), array_send(ages), array_send(cpu), array_send(mem), array_send(mem_total),
       array_send(disk_share), array_send(disk_total)
FROM sandboxes_metricframe WHERE at = ANY(%(times)s) AND id = ANY(%(keys)s)"""
# Alive at %(at)s: created by then and not ended by then; running when one of its runs covers it, else paused. The run
# that it is in now needs no look at its runs.
IN_THIS_RUN: Final = "(s.state = 'running' AND s.started_at <= %(at)s)"
ALIVE_BY: Final = f"""
    SELECT s.*, CASE WHEN {IN_THIS_RUN} THEN coalesce(s.cpu_count, 0) ELSE run.cores END AS cores,
           CASE WHEN {IN_THIS_RUN} THEN coalesce(s.memory_mb, 0) ELSE run.memory END AS memory
    FROM sandboxes_sandbox s
    LEFT JOIN LATERAL (
        SELECT coalesce(e.cpu_count, s.cpu_count, 0) AS cores, coalesce(e.memory_mb, s.memory_mb, 0) AS memory
        FROM sandboxes_execution e
        WHERE NOT {IN_THIS_RUN} AND e.sandbox_id = s.id AND e.started_at <= %(at)s
          AND (e.ended_at IS NULL OR e.ended_at > %(at)s)
        LIMIT 1
    ) run ON true
    WHERE s.account_id = ANY(%(accounts)s) AND s.created_at <= %(at)s"""
# A page of them, by their key.
ALIVE: Final = f"WITH alive AS ({ALIVE_BY} AND (s.ended_at IS NULL OR s.ended_at > %(at)s))"
# All of them: two walks along the index of ends, where one with OR would look at every sandbox that ever was.
ALL_ALIVE: Final = f"WITH alive AS ({ALIVE_BY} AND s.ended_at IS NULL UNION ALL {ALIVE_BY} AND s.ended_at > %(at)s)"
PRICE: Final = """price AS (
    SELECT account_id, usd_per_vcpu_second AS per_core, usd_per_gib_second AS per_gib FROM sandboxes_account_price_span
    WHERE account_id = ANY(%(accounts)s) AND since <= %(at)s AND %(at)s < until
)"""
STATE: Final = "CASE WHEN a.cores IS NULL THEN 'paused' ELSE 'running' END"
BURN: Final = "coalesce((a.cores * p.per_core + a.memory / 1024.0 * p.per_gib) * 3600, 0)::numeric(14, 6)"
HELD: Final = """EXISTS (SELECT FROM sandboxes_orphan_span o
               WHERE o.sandbox_id = a.id AND o.since <= %(at)s AND (o.until IS NULL OR o.until > %(at)s))"""
COUNTS: Final = ALL_ALIVE + " SELECT count(cores), count(*) - count(cores) FROM alive"
ITEMS: Final = f"""{ALIVE}, {PRICE}
SELECT a.id, a.sandbox_id, {STATE}, a.template_id, a.owner, a.environment, a.created_at, {BURN}, {HELD}
FROM alive a JOIN price p USING (account_id)
WHERE a.id > %(after)s ORDER BY a.id LIMIT %(limit)s"""
# Those of a template are together under the name by which the live page groups them.
CELLS: Final = f"""{ALL_ALIVE}, {PRICE}
SELECT a.id, a.sandbox_id, a.template_shown,
       coalesce(a.owner, ''), coalesce(a.environment, ''), {STATE}, extract(epoch FROM a.created_at)::float8, {BURN},
       coalesce(a.cores, a.cpu_count, 0)::float8, coalesce(a.memory, a.memory_mb, 0), {HELD}
FROM alive a JOIN price p USING (account_id) ORDER BY a.created_at, a.id"""

# The newest sample of each of these sandboxes in (since, until], as it was polled or asked for afterwards.
NEAR_SAMPLES: Final = """
    SELECT DISTINCT ON (m.sandbox_id) m.sandbox_id, last.at, last.cpu, last.mem
    FROM sandboxes_metricseries m CROSS JOIN LATERAL (
        SELECT m.hour + o.after * interval '1 second' AS at, o.cpu, o.mem
        FROM unnest(m.offsets, m.cpu, m.mem) AS o (after, cpu, mem)
        WHERE m.hour + o.after * interval '1 second' > %(since)s AND m.hour + o.after * interval '1 second' <= %(until)s
        ORDER BY o.after DESC LIMIT 1
    ) last
    WHERE m.sandbox_id = ANY(%(keys)s) AND m.hour >= date_trunc('hour', %(since)s::timestamptz, 'UTC')
      AND m.hour <= %(until)s
    ORDER BY m.sandbox_id, last.at DESC"""
