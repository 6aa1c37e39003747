"""An owner's data in the record of events: events keep their facts, deliveries go, sandboxes get the pseudonym.

The sandboxes come last: as long as they carry the owner's name, a run that broke off can be begun again.
"""

import json
from typing import Any, Final

from django.db import connection

from events.erasing import queries
from events.erasing.kept import kept_facts, kept_fields
from events.models import Delivery
from sandboxes.cleanup.erasure import Step, Subject
from sandboxes.models import Sandbox

AT_ONCE: Final = 500


def erase_events(subject: Subject) -> int:
    """Leaves of each event what the record was folded from, without metadata and alias; how many changed."""
    given = subject.given | {"owner_keys": subject.account.owner_keys}
    changed = 0
    with connection.chunked_cursor() as reading, connection.cursor() as writing:
        reading.execute(queries.EVENTS, given)
        for rows in iter(lambda: reading.fetchmany(AT_ONCE), []):
            new = [(key, data, kept_fields(data), raw, kept_fields(raw)) for key, data, raw in map(_loaded, rows)]
            due = [(_json(d), _json(r), key) for key, before, d, raw, r in new if (before, raw) != (d, r)]
            writing.executemany(queries.SET_EVENT, due)
            changed += len(due)
    return changed


def erase_deliveries(subject: Subject) -> int:
    """Deletes deliveries of the account that name the owner, a sandbox or a value of the owner's; how many."""
    rows = Delivery.objects.filter(account=subject.account)
    found = [
        key
        for key, reason, event_id, headers, body in rows.values_list(
            "pk", "reason", "event_id", "headers", "body"
        ).iterator(AT_ONCE)
        if subject.mentions.anywhere(
            "\n".join((reason, event_id, *headers.values(), bytes(body).decode(errors="replace")))
        )
    ]
    Delivery.objects.filter(pk__in=found).delete()
    return len(found)


def erase_sandboxes(subject: Subject) -> int:
    """The record of each sandbox: the pseudonym for the owner, no other metadata, no alias, no quoted log line.

    Those that have not ended stay as the backend reports them: policies judge them by their metadata, and the next sync
    would bring these back. What folding reads says the same, so that a late event leaves the pseudonym where it is.
    """
    ended = Sandbox.objects.filter(pk__in=subject.keys, state=Sandbox.State.ENDED)
    rows = ended.order_by("account_id", "sandbox_id")
    changed = 0
    for sandbox in rows.select_for_update(of=("self",)).iterator(AT_ONCE):
        metadata = _metadata(sandbox, subject)
        cause = sandbox.probable_cause and sandbox.probable_cause | {"evidence": ""}
        changed += Sandbox.objects.filter(pk=sandbox.pk).update(
            owner=subject.pseudonym, metadata=metadata, alias=None, probable_cause=cause,
            environment=next((metadata[key] for key in subject.account.environment_keys if key in metadata), None),
            fold=kept_facts(sandbox.fold, metadata),
        )  # fmt: skip
    return changed


STEPS: Final = (
    Step("events_lifecycleevent", "metadata, aliases and unknown fields removed", erase_events),
    Step("events_delivery", "deleted", erase_deliveries),
)
LAST: Final = Step("sandboxes_sandbox", "owner pseudonymised, metadata and alias removed", erase_sandboxes)


def _metadata(sandbox: Sandbox, subject: Subject) -> dict[str, str]:
    """The pseudonym under the key that named the owner, and the environment where that identifies nobody."""
    account, held = subject.account, sandbox.metadata
    owner = next((key for key in account.owner_keys if held.get(key)), None)
    kept = {owner: subject.pseudonym} if owner else {}
    environment = next((key for key in account.environment_keys if held.get(key)), None)
    if environment and environment != owner and not subject.mentions.in_text(held[environment]):
        kept[environment] = held[environment]
    return kept


def _json(value: Any) -> str | None:
    return None if value is None else json.dumps(value)


def _loaded(row: tuple[int, Any, Any]) -> tuple[int, Any, Any]:
    key, *values = row
    data, raw = (json.loads(one) if isinstance(one, str) else one for one in values)
    return key, data, raw
