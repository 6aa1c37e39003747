"""Leases, and what is past its retention."""

from typing import Final

from sandboxes.fleet.queries import COVERS

# A span that runs ends with its lease, so it moves with it.
PROLONG = """
    WITH late AS (
        SELECT id, expires_at AS before, %(back)s + ttl_seconds * interval '1 second' AS after
        FROM sandboxes_lease
        WHERE released_at IS NULL AND lapsed_at IS NULL AND renewed_at < %(back)s
          AND expires_at < %(back)s + ttl_seconds * interval '1 second'
    ), moved AS (
        UPDATE sandboxes_lease l SET expires_at = late.after FROM late WHERE l.id = late.id
    )
    UPDATE sandboxes_leasespan s SET until = late.after FROM late WHERE s.lease_id = late.id AND s.until >= late.before
"""
COVER_NEWCOMERS = f"""
    INSERT INTO sandboxes_leasespan (lease_id, key, sandbox_id, since, until, token)
    SELECT c.lease_id, c.key, c.sandbox_id, greatest(c.first_seen_at, c.renewed_at), c.expires_at, c.token
    FROM ({COVERS}) c JOIN sandboxes_guard g ON g.id = c.guard_id
    WHERE g.condemned_by_id IS NULL AND NOT EXISTS (
        SELECT FROM sandboxes_leasespan p
        WHERE p.lease_id = c.lease_id AND p.sandbox_id = c.sandbox_id AND p.until >= c.expires_at
    )
"""
SANDBOXES_PAST_RETENTION = (
    "SELECT id FROM sandboxes_sandbox WHERE state = 'ended' AND ended_at < %s ORDER BY id LIMIT %s"
)
ACTIONS_PAST_RETENTION: Final = """
DELETE FROM sandboxes_action WHERE id IN (
    SELECT id FROM sandboxes_action WHERE requested_at < %s AND state IN ('confirmed', 'failed', 'cancelled')
      AND NOT EXISTS (SELECT 1 FROM sandboxes_guard g WHERE g.condemned_by_id = sandboxes_action.id)
    LIMIT %s)"""
RELEASE_LOCKS_OF: Final = """
UPDATE sandboxes_guard SET condemned_by_id = NULL
WHERE id IN (SELECT guard_id FROM sandboxes_sandbox WHERE id = ANY(%s))"""
# What hangs on a sandbox, in the order in which it may go.
DELETE_ON_SANDBOXES: Final = tuple(
    f"DELETE FROM sandboxes_{name} WHERE sandbox_id = ANY(%s)"
    for name in (
        "executionend", "execution", "metricseries", "seriesminutes", "serieshours", "verdict", "leasespan", "action",
    )
)  # fmt: skip
DELETE_SANDBOXES: Final = "DELETE FROM sandboxes_sandbox WHERE id = ANY(%s) RETURNING guard_id"
DELETE_LEFT_LOCKS: Final = """
DELETE FROM sandboxes_guard g WHERE id = ANY(%s) AND NOT protected
  AND NOT EXISTS (SELECT 1 FROM sandboxes_sandbox s WHERE s.guard_id = g.id)"""
