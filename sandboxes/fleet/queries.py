"""Signs of life, leases that cover a sandbox, and accounts that show the same fleet."""

from typing import Final

END_MOVED: Final = """
SELECT sandbox_id, max(at) FROM sandboxes_end_moved
WHERE sandbox_id = ANY(%(keys)s) AND at >= %(since)s AND at < %(until)s GROUP BY sandbox_id"""
AT_WORK: Final = """
SELECT sandbox_id, at FROM sandboxes_last_work(%(keys)s::int[], %(since)s, %(until)s, %(least)s)"""
KNOWN_SINCE: Final = """
    SELECT (SELECT min(e.ended_at) FROM sandboxes_execution e JOIN sandboxes_sandbox s ON s.id = e.sandbox_id
            WHERE s.account_id = ANY(%(accounts)s)),
           (SELECT min(first_seen_at) FROM sandboxes_sandbox WHERE account_id = ANY(%(accounts)s))
"""
# What an owner named before we had seen it, and what came later with a lease's metadata.
COVERS = """
    SELECT s.id AS sandbox_id, s.guard_id, s.first_seen_at, l.id AS lease_id, l.key, l.renewed_at, l.expires_at, l.token
    FROM sandboxes_lease l
    JOIN sandboxes_leasemember m ON m.lease_id = l.id
    JOIN sandboxes_sandbox s ON s.sandbox_id = m.sandbox_id
    WHERE l.released_at IS NULL AND l.lapsed_at IS NULL AND s.state <> 'ended'
      AND (l.accounts IS NULL OR s.account_id = ANY(l.accounts))
    UNION ALL
    SELECT s.id, s.guard_id, s.first_seen_at, l.id, l.key, l.renewed_at, l.expires_at, l.token
    FROM sandboxes_lease l JOIN sandboxes_sandbox s ON s.metadata @> l.metadata
    WHERE l.metadata IS NOT NULL AND l.released_at IS NULL AND l.lapsed_at IS NULL AND s.state <> 'ended'
      AND (l.accounts IS NULL OR s.account_id = ANY(l.accounts))
"""
HOLDING = f"""
    SELECT DISTINCT ON (c.sandbox_id) c.sandbox_id, c.key, c.expires_at
    FROM ({COVERS}) c WHERE c.sandbox_id = ANY(%(keys)s)
    ORDER BY c.sandbox_id, c.expires_at DESC
"""
# IDs are no proof: two backends that count from 1 have them in common, but not who began when from which template.
COMMON_SANDBOXES: Final = """
    WITH alive AS (
        SELECT account_id, sandbox_id, template_id, created_at, started_at
        FROM sandboxes_sandbox WHERE state <> 'ended' AND account_id = ANY(%(accounts)s)
    ),
    sizes AS (SELECT account_id, count(*) AS n FROM alive GROUP BY 1),
    common AS (
        SELECT a.account_id AS one, b.account_id AS other, count(*) AS n
        FROM alive a JOIN alive b USING (sandbox_id, template_id)
        WHERE a.account_id < b.account_id AND (
            abs(extract(epoch FROM a.created_at - b.created_at)) < 60
            OR abs(extract(epoch FROM a.started_at - b.started_at)) < 60)
        GROUP BY 1, 2
    )
    SELECT s.account_id, t.account_id, 2 * coalesce(common.n, 0) >= least(s.n, t.n)
    FROM sizes s JOIN sizes t ON s.account_id < t.account_id
    LEFT JOIN common ON common.one = s.account_id AND common.other = t.account_id"""
