"""An action that will not happen: stopped by a person, or void because what it stood on is gone."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from sandboxes.actions import announce, machine
from sandboxes.actions.actor import Actor, NotInState
from sandboxes.core import live
from sandboxes.models import Action, SandboxLock, Verdict

SPARE = timedelta(hours=24)
State = Action.State


@transaction.atomic
def cancel(action: Action, actor: Actor) -> Action:
    """Stops an action in grace or queued; its policy then spares the sandbox for 24 h.

    Raises NotInState when it has been sent or has ended.
    """
    now = timezone.now()
    lock = SandboxLock.objects.select_for_update(of=("self",)).get(sandboxes=action.sandbox_id)
    action = Action.objects.select_related("sandbox", "account").get(pk=action.pk)
    action.sandbox.lock = lock
    if action.state not in machine.CANCELLABLE:
        raise NotInState(f"the action is {action.state}: only one in grace or queued can be stopped")
    if action.policy_id is not None:
        action.spare_until = now + SPARE
    close(action, outcome=f"cancelled by {actor.name}")
    return action


def close(action: Action, *, outcome: str) -> None:
    """Cancels an action whose lock the caller holds, lifts its sentence, and tells the pages."""
    close_all([action], outcome=outcome)


def close_all(actions: Sequence[Action], *, outcome: str) -> None:
    """`close` for many at once; the caller holds all their locks."""
    for action in actions:
        cancelled(action, outcome)
    machine.store(actions)
    announce.changed(actions)


def cancelled(action: Action, outcome: str) -> None:
    """Moves it in memory alone: the caller writes it."""
    machine.move(action, machine.CANCEL, outcome=outcome, next_attempt_at=None)


def no_orphans(lock_pks: Iterable[int], now: datetime) -> None:
    """Ends what policies hold against the sandboxes of these locks, now and not at the reaper's next round."""
    held = Verdict.objects.filter(until=None, sandbox__lock_id__in=list(lock_pks))
    rows = list(held.values_list("pk", "sandbox__account_id", "sandbox_id"))
    if not rows:
        return
    Verdict.objects.filter(pk__in=[pk for pk, _, _ in rows]).update(until=now)
    cleared: dict[int, set[int]] = defaultdict(set)
    for _, account, key in rows:
        cleared[account].add(key)
    for account, keys in cleared.items():
        transaction.on_commit(_clearance(account, sorted(keys)))


def _clearance(account: int, keys: Sequence[int]) -> Any:
    return lambda: live.publish("verdict", account, {"orphans": [], "cleared": keys})
