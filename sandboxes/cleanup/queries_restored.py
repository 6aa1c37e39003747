"""What runs in the transaction that restores a backup: scripts for psql, without parameters."""

from typing import Final

from sandboxes.actions.settling import MOST_ATTEMPTS

CANCEL_WAITING: Final = """
    UPDATE sandboxes_action SET state = 'cancelled', outcome = 'void: restored from a backup', next_attempt_at = NULL
    WHERE state IN ('grace', 'queued')"""
RELEASE_CANCELLED: Final = """
    UPDATE sandboxes_guard g SET condemned_by_id = NULL FROM sandboxes_action a
    WHERE a.id = g.condemned_by_id AND a.state = 'cancelled'"""
# It has had its last attempt: `actions.verify` asks the backend what became of it, and never sends it again.
END_ATTEMPTS: Final = f"""
    UPDATE sandboxes_action SET attempts = greatest(attempts, {MOST_ATTEMPTS}), next_attempt_at = now(),
        error = 'It was under way when the backup was made, and is not sent again after a restore'
    WHERE state = 'sent'"""
END_BULKS: Final = "UPDATE sandboxes_bulkwish SET finished_at = now() WHERE finished_at IS NULL"
# Only a list that is read from now on counts, and only a heartbeat from now on: live leases have a whole TTL again.
FORGET_LISTS: Final = "UPDATE sandboxes_accounthealth SET last_sync_at = NULL"
FORGET_HEARTBEATS: Final = "DELETE FROM sandboxes_heartbeat"
FORGET_SESSIONS: Final = "DELETE FROM django_session"
# The backend still has samples of the time between: its history is asked for anew, where we hold nothing.
FORGET_HISTORY: Final = """
    UPDATE sandboxes_sandbox SET backfilled_from = NULL
    WHERE backfilled_from IS NOT NULL AND (ended_at IS NULL OR ended_at > now() - interval '7 days')"""
FREEZE: Final = """
    INSERT INTO sandboxes_freeze (at, by, reason, lifted_by)
    SELECT now(), '{by}', 'restored from the backup of {made_at}: check leases, protections and policies', ''
    WHERE NOT EXISTS (SELECT FROM sandboxes_freeze WHERE lifted_at IS NULL)"""
EACH: Final = (
    CANCEL_WAITING, RELEASE_CANCELLED, END_ATTEMPTS, END_BULKS, FORGET_LISTS, FORGET_HEARTBEATS, FORGET_SESSIONS,
    FORGET_HISTORY,
)  # fmt: skip
