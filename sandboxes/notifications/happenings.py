"""What happens to sandboxes, for the webhook channels that ask for it: found in the audit's chain, none left out.

Entries of the chain are numbered as they are sealed, within some ten seconds, and become visible in that order. A mark
for each kind of event says up to where it was told; it moves in the transaction that tells.
"""

from datetime import datetime
from typing import Any, Final

from django.db import transaction

from sandboxes.core import database
from sandboxes.models import Action, Channel, HappeningsMark
from sandboxes.notifications import events, outbox, queries

MOST_AT_ONCE: Final = 2_000  # entries in one round
# By event: the state that an action has come to.
STATES: Final = {
    events.ORPHAN_MARKED: Action.State.GRACE,
    events.ACTION_CONFIRMED: Action.State.CONFIRMED,
    events.ACTION_FAILED: Action.State.FAILED,
}


def tell_all() -> None:
    """One round over all kinds; one that nobody asks for has no mark, and begins anew when somebody does."""
    asked = _asked_for()
    HappeningsMark.objects.exclude(kind__in=asked).delete()
    for kind, channels in asked.items():
        _tell(kind, channels)


def _asked_for() -> dict[str, list[str]]:
    """Names of the enabled channels that want each kind."""
    found: dict[str, list[str]] = {}
    for name, wanted in Channel.objects.filter(enabled=True).values_list("name", "events"):
        for kind in events.HAPPENINGS:
            if kind in wanted:
                found.setdefault(kind, []).append(name)
    return found


@transaction.atomic
def _tell(kind: str, channels: list[str]) -> None:
    mark = HappeningsMark.objects.select_for_update(skip_locked=True).filter(kind=kind).first()
    if mark is None:
        newest = int(database.row(queries.NEWEST_NUMBER)[0])
        HappeningsMark.objects.get_or_create(kind=kind, defaults={"number": newest})
        return
    given = {"after": mark.number, "most": MOST_AT_ONCE}
    until = int(database.row(queries.LAST_OF_NEXT, given)[0])
    rows = database.rows(queries.HAPPENED, {**given, "state": STATES[kind], "made": kind == events.ORPHAN_MARKED})
    actions = _actions([row[2] for row in rows])
    for _last, _number, action_id, at in rows:
        if action := actions.get(action_id):
            _note(kind, action, at, channels)
    if until > mark.number:
        HappeningsMark.objects.filter(pk=kind).update(number=until)


def _note(kind: str, action: Action, at: datetime, channels: list[str]) -> None:
    severity = "warning" if kind == events.ACTION_FAILED else "info"
    subject = f"action {action.pk}"
    outbox.tell(
        type=kind, subject=subject, severity=severity, account=action.account_id, data=data_of(action, at),
        channels=channels, cause=kind,
    )  # fmt: skip


def data_of(action: Action, at: datetime) -> dict[str, Any]:
    """What a webhook receives of an action; `at` is when it came to this."""
    box = action.sandbox
    return {
        "action_id": action.pk, "kind": action.kind, "at": at.isoformat(), "account": action.account.name,
        "sandbox_id": box.sandbox_id, "template": box.template_shown, "owner": box.owner or None,
        "environment": box.environment or None, "policy": action.policy.name if action.policy else None,
        "actor": {"kind": action.actor_kind, "name": action.actor_name}, "reason": action.reason or None,
        "act_at": action.act_at.isoformat() if action.act_at else None, "outcome": action.outcome or None,
        "error": action.error or None,
    }  # fmt: skip


def _actions(keys: list[int]) -> dict[int, Action]:
    found = Action.objects.filter(pk__in=keys).select_related("account", "sandbox", "policy")
    return {one.pk: one for one in found}
