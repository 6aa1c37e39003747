"""The parts of an erasure that are one statement each, and the free texts in which people may be named."""

import json
from collections.abc import Callable
from typing import Final, NamedTuple

from django.contrib.postgres.aggregates import ArrayAgg
from django.db import connection, models

from sandboxes.actions import audit
from sandboxes.cleanup.erasure import queries
from sandboxes.cleanup.erasure.subject import Subject
from sandboxes.models import (
    AccountBrake,
    AccountHealth,
    Alert,
    AlertWatch,
    AuditEntry,
    Freeze,
    Notification,
    OwnerCallback,
    Policy,
    Silence,
)

BY: Final = "erase command"
# Texts that name sandboxes and their metadata in passing; those of one account have an `account`.
_TEXTS: Final[dict[type[models.Model], tuple[str, ...]]] = {
    AccountHealth: ("sync_error", "poll_error", "reconcile_error", "list_doubts", "round_errors", "webhook"),
    AccountBrake: ("why",),
    OwnerCallback: ("error",),
    Policy: ("breaker_why", "held_why"),
    Freeze: ("reason",),
    Alert: ("group", "group_key", "told", "examples", "note"),
    AlertWatch: ("group_key",),
    Silence: ("match", "reason"),
}


class Step(NamedTuple):
    """One part: the table, what happens to its rows, and the call that does it and says to how many.

    Each runs in a transaction of its own; a dry run rolls it back.
    """

    table: str
    what: str
    run: Callable[[Subject], int]


def _statement(sql: str) -> Callable[[Subject], int]:
    def run(subject: Subject) -> int:
        with connection.cursor() as cursor:
            cursor.execute(sql, subject.given)
            return int(cursor.rowcount)

    return run


def _actions(subject: Subject) -> int:
    """Actions and their trail together: the trail's last word on an action is always what the action says."""
    with connection.cursor() as cursor:
        cursor.execute(queries.AUDITED, subject.given)
        audited = {row[0] for row in cursor.fetchall()}
        cursor.execute(queries.GONE, subject.given)
        audited |= {key for key, text in cursor.fetchall() if subject.mentions.in_text(text)}
        cursor.execute(queries.ACTIONS, subject.given)
        changed = int(cursor.rowcount)
    if not (audited or subject.keys):
        return changed
    return changed + audit.erase(sorted(audited), subject.owner, subject.pseudonym, BY)


def _settings(subject: Subject) -> int:
    """Entries on settings keep what was done, when and by whom; those that name other accounts alone stay whole."""
    rows = AuditEntry.objects.filter(action_id=0, change__has_key="setting").exclude(change__has_key="erased")
    found = []
    for key, change in rows.values_list("pk", "change").iterator(500):
        accounts = change["setting"]["accounts"]
        if (not accounts or subject.account.name in accounts) and subject.mentions.anywhere(json.dumps(change)):
            found.append(key)
    return audit.erase_settings(found, subject.owner, subject.pseudonym, BY) if found else 0


def _notifications(subject: Subject) -> int:
    """Those of the account, or of several, that name the owner or a sandbox go, with their deliveries."""
    rows = Notification.objects.filter(models.Q(account=subject.account) | models.Q(account=None))
    found = []
    for key, cause, data, errors in rows.annotate(errors=ArrayAgg("deliveries__error", distinct=True)).values_list(
        "pk", "cause", "data", "errors"
    ).iterator(500):  # fmt: skip
        if subject.mentions.anywhere("\n".join((cause, json.dumps(data), *(one or "" for one in errors)))):
            found.append(key)
    Notification.objects.filter(pk__in=found).delete()
    return len(found)


def _texts(subject: Subject) -> int:
    changed = 0
    for model, names in _TEXTS.items():
        rows = model._default_manager.all()
        if any(one.name == "account" for one in model._meta.get_fields()):
            rows = rows.filter(account=subject.account)
        changed += sum(_rewritten(row, names, subject) for row in rows)
    return changed


def _rewritten(row: models.Model, names: tuple[str, ...], subject: Subject) -> bool:
    new = {name: subject.mentions.replaced_in(getattr(row, name), subject.pseudonym) for name in names}
    changed = {name: value for name, value in new.items() if value != getattr(row, name)}
    if changed:
        type(row)._default_manager.filter(pk=row.pk).update(**changed)
    return bool(changed)


STEPS: Final = (
    Step("sandboxes_verdict", "evidence removed", _statement(queries.VERDICTS)),
    Step("sandboxes_action, sandboxes_auditentry", "reasons, evidence, parameters, errors removed", _actions),
    Step("sandboxes_bulkwish", "reasons removed", _statement(queries.BULK)),
    Step("sandboxes_leasespan", "keys pseudonymised, token names removed", _statement(queries.SPANS)),
    Step("sandboxes_guard", "reasons of protection removed", _statement(queries.LOCKS)),
    Step("sandboxes_fleetgroup", "owner pseudonymised", _statement(queries.GROUPS)),
    Step("sandboxes_notification, sandboxes_delivery", "deleted", _notifications),
    Step("errors, freezes, breakers", "mentions pseudonymised", _texts),
    # After the texts, whose change is an entry too.
    Step("sandboxes_auditentry", "names and values removed", _settings),
)


def vacuum() -> None:
    """Frees the space of old row versions in the tables that an erasure touches; outside of a transaction."""
    with connection.cursor() as cursor:
        for table in queries.VACUUMED:
            cursor.execute(f"VACUUM {connection.ops.quote_name(table)}")
