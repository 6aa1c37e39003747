"""What the record knows of the sandboxes of some events: name, owner, size, and the ends before and after."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from dashboard.events.words import STARTS, Beside, kind_of
from events.ends import ends_after, ends_before
from events.listing import EventRow
from events.models import LifecycleEvent
from sandboxes.fleet.search import SandboxRow
from sandboxes.models import Sandbox


@dataclass(frozen=True)
class Of:
    """The sandbox of an event as the record has it; `key` its primary key, None where it is not on record."""

    key: int | None = None
    owner: str | None = None
    template: str = ""
    cpu_count: float | None = None
    memory_mb: int | None = None


def sandboxes_of(events: Sequence[LifecycleEvent]) -> list[Of]:
    """The sandbox of each event, in their order; one statement."""
    ids = {event.sandbox_id for event in events}
    rows = Sandbox.objects.filter(
        sandbox_id__in=ids, account_id__in={event.account_id for event in events}
    ).values_list("account_id", "sandbox_id", "pk", "owner", "template_shown", "cpu_count", "memory_mb")
    known = {
        (account, sandbox): Of(key, owner, template or "", None if cpu is None else float(cpu), memory)
        for account, sandbox, key, owner, template, cpu, memory in rows
    }
    return [known.get((event.account_id, event.sandbox_id), Of(template=event.template_id)) for event in events]


def beside_each(events: Sequence[EventRow], of: Sequence[Of]) -> list[Beside]:
    """What the words of each event need; at most two statements, however many events."""
    pairs = list(zip(events, of, strict=True))
    updated = [(one.key, event.timestamp) for event, one in pairs if one.key and kind_of(event) == "updated"]
    started = [(one.key, event.timestamp) for event, one in pairs if one.key and kind_of(event) in STARTS]
    before, after = iter(ends_before(updated)), iter(ends_after(started))
    return [
        Beside(
            end_before=next(before) if one.key and kind_of(event) == "updated" else None,
            end_after=next(after) if one.key and kind_of(event) in STARTS else None,
            cpu_count=one.cpu_count,
            memory_mb=one.memory_mb,
        )
        for event, one in pairs
    ]


def beside_of(events: Sequence[EventRow], row: SandboxRow) -> dict[UUID, Beside]:
    """For the events of one sandbox, by their IDs."""
    of = Of(row.key, row.owner, row.template_shown, row.cpu_count, row.memory_mb)
    return {event.id: beside for event, beside in zip(events, beside_each(events, [of] * len(events)), strict=True)}
