"""What E2B's list shows and what we hold: the differences. Reads, and writes nothing."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sandboxes.e2b import ListedSandbox
from sandboxes.models import Account, Sandbox

SAME_RUN_WITHIN = timedelta(seconds=60)  # clocks and spellings of one start; a resume is never quicker than this apart
SAME_END_WITHIN = timedelta(seconds=1)


@dataclass(frozen=True)
class Held:
    """What our record says of one sandbox. `stamp` is the time of the latest statement about its state."""

    sandbox_id: str
    state: str
    started_at: datetime
    end_at: datetime | None
    ended_at: datetime | None
    paused_at: datetime | None
    metadata: Mapping[str, str]
    template_id: str
    alias: str | None
    cpu_count: int | None
    memory_mb: int | None
    disk_mb: int | None
    envd_version: str

    @property
    def changed_at(self) -> datetime:
        """When its present state began."""
        return self.ended_at or self.paused_at or self.started_at


@dataclass(frozen=True)
class Difference:
    """One change that the list shows: created, updated, paused, resumed, or missing from it."""

    word: str
    sandbox_id: str
    template_id: str
    started_at: datetime
    since: datetime | None
    data: dict[str, Any]


def held_by(account: Account, sandbox_ids: Iterable[str] = ()) -> dict[str, Held]:
    """Our record of the account's living sandboxes, and of those named."""
    names = list(Held.__dataclass_fields__)
    rows = Sandbox.objects.filter(account=account)
    alive = rows.exclude(state=Sandbox.State.ENDED).values(*names)
    named = rows.filter(state=Sandbox.State.ENDED, sandbox_id__in=list(sandbox_ids)).values(*names)
    return {row["sandbox_id"]: Held(**row) for row in [*named, *alive]}


def paused_among(account: Account, sandbox_ids: Iterable[str]) -> dict[str, Held]:
    """Those named that our record holds for paused."""
    rows = Sandbox.objects.filter(account=account, state=Sandbox.State.PAUSED, sandbox_id__in=list(sandbox_ids))
    return {row["sandbox_id"]: Held(**row) for row in rows.values(*Held.__dataclass_fields__)}


def differences(held: Mapping[str, Held], listed: Iterable[ListedSandbox], sent_at: datetime) -> list[Difference]:
    """What the list shows otherwise than we hold it. `sent_at` is when it was asked for, by the backend's clock."""
    return [
        found
        for entry in listed
        if entry.state in {"running", "paused"}
        and (found := _difference(held.get(entry.sandbox_id), entry, sent_at)) is not None
    ]


def missing(held: Mapping[str, Held], listed: Iterable[ListedSandbox], sent_at: datetime) -> list[Held]:
    """Those we held for alive when the list was asked for that are on no page. Only a 404 from GET proves a death."""
    seen = {entry.sandbox_id for entry in listed}
    alive = [one for one in held.values() if one.state != "ended" and one.changed_at <= sent_at]
    return [one for one in alive if one.sandbox_id not in seen]


def _difference(held: Held | None, entry: ListedSandbox, sent_at: datetime) -> Difference | None:
    if held and held.changed_at > sent_at:
        return None  # it changed after the list was asked for: what we hold is newer
    started = entry.started_at or (held.started_at if held else sent_at)
    word = _word(held, entry, started)
    if word is None:
        return None
    data: dict[str, Any] = {"started_at": started.isoformat(), "state": entry.state, **_facts(entry)}
    if entry.state == "running" and entry.end_at:
        data["set_timeout"] = entry.end_at.isoformat()
    if entry.state == "paused" and entry.end_at and started <= entry.end_at <= sent_at:
        data["ended_at"] = entry.end_at.isoformat()  # a paused one's endAt is about the time of its pause
    since = held.changed_at if held else None
    return Difference(word, entry.sandbox_id, entry.template_id, started, since, data)


def _word(held: Held | None, entry: ListedSandbox, started: datetime) -> str | None:
    if held is None:
        return "created" if entry.state == "running" else "paused"
    if entry.state == "paused":
        ran_since = held.paused_at is not None and started > held.paused_at  # resumed and paused between two lists
        return "paused" if held.state != "paused" or ran_since else _moved(held, entry)
    if held.state != "running" or abs(started - held.started_at) > SAME_RUN_WITHIN:
        return "resumed"
    return _moved(held, entry)


def _moved(held: Held, entry: ListedSandbox) -> str | None:
    """`updated` when the end or a fact differs; what the list leaves out says nothing."""
    listed_end = entry.end_at if entry.state == "running" else None
    if listed_end and (held.end_at is None or abs(listed_end - held.end_at) > SAME_END_WITHIN):
        return "updated"
    facts = _facts(entry)
    metadata = facts.pop("sandbox_metadata", None)
    if metadata and metadata != dict(held.metadata):
        return "updated"
    if entry.template_id and entry.template_id != held.template_id:
        return "updated"
    return "updated" if any(getattr(held, name) != value for name, value in facts.items()) else None


def _facts(entry: ListedSandbox) -> dict[str, Any]:
    """What the entry tells of the sandbox itself, by the record's names; absent where it is silent."""
    facts = {
        "sandbox_metadata": dict(entry.metadata),
        "alias": entry.alias,
        "cpu_count": int(entry.cpu_count or 0),
        "memory_mb": int(entry.memory_mb or 0),
        "disk_mb": int(entry.disk_size_mb or 0),
        "envd_version": entry.envd_version[:32],
    }
    return {name: value for name, value in facts.items() if value}
