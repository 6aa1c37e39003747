"""A person's word that a sandbox stays: it holds from the moment it is answered."""

from datetime import datetime

from sandboxes.actions import machine
from sandboxes.actions.cancelling import close_all, no_orphans
from sandboxes.models import Action, Guard


def apply(action: Action, guard: Guard, of_guard: list[Action], at: datetime) -> None:
    """Sets or lifts the protection on the locked guard; `action` is done with that. Marks of policies are void."""
    on = action.kind == Action.Kind.PROTECT
    until = action.parameters.get("until")
    guard.protected = on
    guard.protected_until = datetime.fromisoformat(until) if on and until else None
    guard.protected_reason = action.reason if on else ""
    guard.protected_by = action.actor_name if on else ""
    guard.save(update_fields=["protected", "protected_until", "protected_reason", "protected_by"])
    action.outcome = "protected" if on else "unprotected"
    action.sent_at = action.answered_at = action.confirmed_at = at
    if on:
        marks = [one for one in of_guard if one.actor_kind == "policy" and one.state in machine.CANCELLABLE]
        close_all(marks, outcome="spared: protected")
        if guard.condemned_by_id is None:
            no_orphans([guard.pk], at)
