"""Turns what was seen at a backend into `observed` events: those that change the record, each with its own ID."""

import hashlib
import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec
from asgiref.sync import sync_to_async

from events import metadata_keys
from events.fold import Base, View, fold, view
from events.fold.base import json_text
from events.wire import PREFIX, Event
from events.writing import Arrival
from sandboxes.fleet.inventory import Difference
from sandboxes.models import Account, Sandbox

NAMESPACE = uuid.UUID("0d0c7a52-1c53-4a7e-9a6b-6f0a3b1f4f6e")
_base = msgspec.json.Decoder(Base).decode


class Seen(NamedTuple):
    """A difference, and when what showed it was asked for, by the backend's clock."""

    difference: Difference
    at: datetime


async def arrivals(account: Account, seen: Sequence[Seen]) -> list[Arrival]:
    """Events for those of `seen` that change what we hold.

    What contradicts the record without changing it (a list that still shows a sandbox just killed) would otherwise
    become an event at each sync. An ID follows from what differs from which record: two workers who see one change
    make one event, and a change that happens again makes another one, since the record has changed in between.
    """
    if not seen:
        return []
    records = await sync_to_async(_records)(account, [one.difference.sandbox_id for one in seen])
    seen = [_as_stored(one, account) for one in seen]
    made = [(one, _event(account, one, records.get(one.difference.sandbox_id, ""))) for one in seen]
    now = datetime.now(UTC)
    return [
        Arrival(account.pk, "observed", now, event, clock_offset_seconds=(one.at - now).total_seconds())
        for one, event in made
        if _changes(records.get(one.difference.sandbox_id, ""), event)
    ]


def _as_stored(seen: Seen, account: Account) -> Seen:
    """Metadata that is not stored makes no difference."""
    data = metadata_keys.cut(seen.difference.data, account.store_metadata_keys)
    return seen._replace(difference=replace(seen.difference, data=data))


def _records(account: Account, sandbox_ids: Sequence[str]) -> dict[str, str]:
    rows = Sandbox.objects.filter(account=account, sandbox_id__in=sandbox_ids)
    return dict(rows.values_list("sandbox_id", "fold"))


def _event(account: Account, seen: Seen, record: str) -> Event:
    one = seen.difference
    version = hashlib.sha256(record.encode()).hexdigest() if record else ""
    return Event(
        id=uuid.uuid5(NAMESPACE, f"{account.pk}|{one.sandbox_id}|{one.word}|{version}|{json_text(one.data)}"),
        type=PREFIX + one.word,
        sandbox_id=one.sandbox_id,
        execution_id=None,
        template_id=one.template_id,
        timestamp=seen.at,
        data=one.data,
        raw=one.data,
    )


def _changes(record: str, event: Event) -> bool:
    before, after = _base(record or "{}"), _base(record or "{}")
    known = before.runs or before.looks
    return not known or _shown(view(before)) != _shown(view(fold(after, event)))


def _shown(seen: View) -> tuple[object, ...]:
    """All that anybody can see of it: without the stamps that order its statements."""
    return (
        seen.state, seen.created_at, seen.started_at, seen.end_at, seen.paused_at, seen.ended_at, seen.end_reason,
        seen.gone_at is None, seen.by_action, seen.facts, seen.runs,
    )  # fmt: skip
