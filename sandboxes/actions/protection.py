"""A person's word that a sandbox stays: it holds from the moment it is answered."""

from datetime import datetime

from sandboxes.actions.cancelling import close
from sandboxes.models import Action, Guard

State = Action.State


def apply(action: Action, guard: Guard, of_guard: list[Action], at: datetime) -> Action:
    """Sets or lifts the protection on the locked guard and records it as done. Marks of policies are void."""
    on = action.kind == Action.Kind.PROTECT
    until = action.parameters.get("until")
    guard.protected = on
    guard.protected_until = datetime.fromisoformat(until) if on and until else None
    guard.protected_reason = action.reason if on else ""
    guard.protected_by = action.actor_name if on else ""
    guard.save(update_fields=["protected", "protected_until", "protected_reason", "protected_by"])
    action.state, action.outcome, action.next_attempt_at = State.CONFIRMED, "protected" if on else "unprotected", None
    action.sent_at = action.answered_at = action.confirmed_at = at
    action.save(force_insert=True)
    if on:
        for mark in of_guard:
            if mark.actor_kind == "policy" and mark.state in (State.GRACE, State.QUEUED):
                close(mark, outcome="spared: protected")
    return action
