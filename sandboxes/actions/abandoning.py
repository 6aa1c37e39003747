"""Ends an account's open actions when it is deleted: what waits is cancelled, what was sent is not checked."""

from typing import Final

from django.db import transaction

from sandboxes.actions import announce, machine, settling
from sandboxes.actions.cancelling import cancelled
from sandboxes.models import Account, Action

BATCH: Final = 500
State = Action.State
OPEN: Final = (*machine.CANCELLABLE, State.SENT, State.DONE)


def end_all(account: Account, why: str) -> int:
    """How many it ended; `why` completes "cancelled: …"."""
    total = 0
    while True:
        keys = list(Action.objects.filter(account=account, state__in=OPEN).values_list("pk", flat=True)[:BATCH])
        if not keys:
            return total
        total += _end(keys, why)


@transaction.atomic
def _end(keys: list[int], why: str) -> int:
    ended = [action for action in settling.locked_all(keys) if action.state in OPEN]
    for action in ended:
        if action.state in machine.CANCELLABLE:
            cancelled(action, why)
        else:
            settling.fail(action, f"Not checked: {why}", "unknown")
    machine.store(ended)
    announce.changed(ended)
    return len(ended)
