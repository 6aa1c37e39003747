"""Tells the pages what became of actions, and wakes the worker; both only after the transaction is on disk."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import msgspec
from django.db import transaction

from sandboxes.core import live, queue
from sandboxes.core.live_bodies import ActionItem, Actor
from sandboxes.models import Action

TASK = "sandboxes.tasks.act"
MOST_ITEMS = 500


def changed(actions: Iterable[Action]) -> None:
    """Publishes "action" messages, by account. The actions need their `sandbox` loaded."""
    items: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for action in actions:
        items[action.account_id].append(_item(action))
    for account, bodies in items.items():
        for start in range(0, len(bodies), MOST_ITEMS):
            transaction.on_commit(_publication(account, bodies[start : start + MOST_ITEMS]))


def wake(task: str = TASK) -> None:
    """Has queued actions sent at once, or another `task` run; with Redis away the next beat does it."""
    transaction.on_commit(lambda: queue.try_enqueue(task, expires_seconds=10))


def _publication(account: int, bodies: list[dict[str, Any]]) -> Any:
    return lambda: live.publish("action", account, {"items": bodies})


def _item(action: Action) -> dict[str, Any]:
    item = ActionItem(
        id=action.pk,
        kind=action.kind,
        state=action.state,
        sandbox_key=action.sandbox.pk,
        sandbox_id=action.sandbox.sandbox_id,
        actor=Actor(action.actor_kind, action.actor_name),
        act_at=_unix(action.act_at),
        outcome=action.outcome,
        error=action.error,
    )
    body: dict[str, Any] = msgspec.to_builtins(item)
    return body


def _unix(moment: datetime | None) -> float | None:
    return moment.timestamp() if moment else None
