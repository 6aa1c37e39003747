"""How long ended sandboxes and the audit trail are kept, and the deletes that hold them to that, in small batches."""

from datetime import datetime, timedelta

from sandboxes.actions import audit
from sandboxes.cleanup import queries
from sandboxes.core import database
from sandboxes.models import Approval

KEPT = timedelta(days=400)
BATCH = 2_000


def apply(now: datetime) -> dict[str, int]:
    """Deletes actions and ended sandboxes, with all that hangs on them, past 400 days; rows deleted by name."""
    before = now - KEPT
    deleted = {"actions": _actions(before), "sandboxes": _sandboxes(before), "audit": audit.prune(before)}
    deleted["approvals"] = Approval.objects.filter(expires_at__lt=before).delete()[0]
    audit.log_head()
    return deleted


def _actions(before: datetime) -> int:
    """Only actions that are over: an open one is a promise, whatever its age."""
    total = 0
    while True:
        deleted = database.execute(queries.ACTIONS_PAST_RETENTION, [before, BATCH])
        total += deleted
        if deleted < BATCH:
            return total


def _sandboxes(before: datetime) -> int:
    total = 0
    while True:
        gone = [key for (key,) in database.rows(queries.SANDBOXES_PAST_RETENTION, [before, BATCH])]
        database.execute(queries.RELEASE_LOCKS_OF, [gone])
        for statement in queries.DELETE_ON_SANDBOXES:
            database.execute(statement, [gone])
        locks = [lock for (lock,) in database.rows(queries.DELETE_SANDBOXES, [gone])]
        database.execute(queries.DELETE_LEFT_LOCKS, [locks])
        total += len(gone)
        if len(gone) < BATCH:
            return total
