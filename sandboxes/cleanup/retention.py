"""How long ended sandboxes and the audit trail are kept, and the deletes that hold them to that, in small batches."""

from datetime import datetime, timedelta

from django.db import connection

from sandboxes.actions import audit

KEPT = timedelta(days=400)
BATCH = 2_000
_GONE = "SELECT id FROM sandboxes_sandbox WHERE state = 'ended' AND ended_at < %s ORDER BY id LIMIT %s"
_ON_A_SANDBOX = (
    "executionend", "execution", "metricseries", "seriesminutes", "serieshours", "verdict", "leasespan", "action",
)  # fmt: skip


def apply(now: datetime) -> dict[str, int]:
    """Deletes actions and ended sandboxes, with all that hangs on them, past 400 days; rows deleted by name."""
    before = now - KEPT
    deleted = {"actions": _actions(before), "sandboxes": _sandboxes(before), "audit": audit.prune(before)}
    audit.log_head()
    return deleted


def _actions(before: datetime) -> int:
    """Only actions that are over: an open one is a promise, whatever its age."""
    total = 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(
                "DELETE FROM sandboxes_action WHERE id IN (SELECT id FROM sandboxes_action WHERE requested_at < %s "
                "AND state IN ('confirmed', 'failed', 'cancelled') "
                "AND NOT EXISTS (SELECT 1 FROM sandboxes_guard g WHERE g.condemned_by_id = sandboxes_action.id) "
                "LIMIT %s)",
                [before, BATCH],
            )
            deleted: int = cursor.rowcount
        total += deleted
        if deleted < BATCH:
            return total


def _sandboxes(before: datetime) -> int:
    total = 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(_GONE, [before, BATCH])
            gone = [row[0] for row in cursor.fetchall()]
            cursor.execute(
                "UPDATE sandboxes_guard SET condemned_by_id = NULL "
                "WHERE id IN (SELECT guard_id FROM sandboxes_sandbox WHERE id = ANY(%s))",
                [gone],
            )
            for name in _ON_A_SANDBOX:
                cursor.execute(f"DELETE FROM sandboxes_{name} WHERE sandbox_id = ANY(%s)", [gone])
            cursor.execute("DELETE FROM sandboxes_sandbox WHERE id = ANY(%s) RETURNING guard_id", [gone])
            locks = [row[0] for row in cursor.fetchall()]
            cursor.execute(
                "DELETE FROM sandboxes_guard g WHERE id = ANY(%s) AND NOT protected "
                "AND NOT EXISTS (SELECT 1 FROM sandboxes_sandbox s WHERE s.guard_id = g.id)",
                [locks],
            )
        total += len(gone)
        if len(gone) < BATCH:
            return total
