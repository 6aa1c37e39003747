"""A person's word that a sandbox stays: it holds from the moment it is answered."""

from datetime import datetime

from sandboxes.actions import machine
from sandboxes.actions.cancelling import close_all, no_orphans
from sandboxes.models import Action, SandboxLock


def apply(action: Action, lock: SandboxLock, of_lock: list[Action], at: datetime) -> None:
    """Sets or lifts protection; the caller holds the lock. `action` is done with that, marks of policies are void."""
    on = action.kind == Action.Kind.PROTECT
    until = action.parameters.get("until")
    lock.protected = on
    lock.protected_until = datetime.fromisoformat(until) if on and until else None
    lock.protected_reason = action.reason if on else ""
    lock.protected_by = action.actor_name if on else ""
    lock.save(update_fields=["protected", "protected_until", "protected_reason", "protected_by"])
    action.outcome = "protected" if on else "unprotected"
    action.sent_at = action.answered_at = action.confirmed_at = at
    if on:
        marks = [one for one in of_lock if one.actor_kind == "policy" and one.state in machine.CANCELLABLE]
        close_all(marks, outcome="spared: protected")
        if lock.pending_action_id is None:
            no_orphans([lock.pk], at)
