"""What E2B's list shows and what we hold: the differences. Reads, and writes nothing."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sandboxes.base.sizes import as_number, plausible_cpu, plausible_mb
from sandboxes.e2b import Doubts, ListedSandbox
from sandboxes.e2b.wire import PAUSED, RUNNING
from sandboxes.models import Account, Sandbox

SAME_RUN_WITHIN = timedelta(seconds=60)  # clocks and spellings of one start; a resume is never quicker than this apart
SAME_START_WITHIN = SAME_END_WITHIN = timedelta(seconds=1)


@dataclass(frozen=True)
class Held:
    """What our record says of one sandbox.

    `listed_start` is the `startedAt` that the backend showed last: on some backends it never moves.
    """

    sandbox_id: str
    state: str
    backend_state: str
    started_at: datetime
    listed_start: datetime | None
    end_at: datetime | None
    deletes_at: datetime | None
    ended_at: datetime | None
    paused_at: datetime | None
    metadata: Mapping[str, str]
    template_id: str
    alias: str | None
    cpu_count: int | float | None
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
    data: dict[str, Any]


def held_by(account: Account, sandbox_ids: Iterable[str] = ()) -> dict[str, Held]:
    """Our record of the account's living sandboxes, and of those named."""
    rows = Sandbox.objects.filter(account=account)
    alive = rows.exclude(state=Sandbox.State.ENDED).values(*_COLUMNS)
    named = rows.filter(state=Sandbox.State.ENDED, sandbox_id__in=list(sandbox_ids)).values(*_COLUMNS)
    return {row["sandbox_id"]: _held(row) for row in [*named, *alive]}


def paused_among(account: Account, sandbox_ids: Iterable[str]) -> dict[str, Held]:
    """Those named that our record holds for paused."""
    rows = Sandbox.objects.filter(account=account, state=Sandbox.State.PAUSED, sandbox_id__in=list(sandbox_ids))
    return {row["sandbox_id"]: _held(row) for row in rows.values(*_COLUMNS)}


_COLUMNS = tuple(Held.__dataclass_fields__)


def _held(row: Mapping[str, Any]) -> Held:
    return Held(**{**row, "cpu_count": as_number(row["cpu_count"])})


def differences(held: Mapping[str, Held], listed: Iterable[ListedSandbox], sent_at: datetime) -> list[Difference]:
    """What the list shows otherwise than we hold it. `sent_at` is when it was asked for, by the backend's clock."""
    return [found for entry in listed if (found := _difference(held.get(entry.sandbox_id), entry, sent_at)) is not None]


def missing(held: Mapping[str, Held], listed: Iterable[ListedSandbox], sent_at: datetime) -> list[Held]:
    """Those we held for alive when the list was asked for that are on no page. Only GET proves a death."""
    seen = {entry.sandbox_id for entry in listed}
    alive = [one for one in held.values() if one.state != "ended" and one.changed_at <= sent_at]
    return [one for one in alive if one.sandbox_id not in seen]


def doubts_of(listed: Iterable[ListedSandbox]) -> Doubts:
    """Sizes that no machine has (memory in bytes, for example): they are not taken in."""
    doubts = Doubts()
    for entry in listed:
        given = {"cpuCount": entry.cpu_count, "memoryMB": entry.memory_mb, "diskSizeMB": entry.disk_size_mb}
        for name, size in given.items():
            plausible = plausible_cpu(size) if name == "cpuCount" else plausible_mb(size)
            if size and plausible is None:
                doubts.note(name, f"{entry.sandbox_id}: {size:g}")
    return doubts


def _difference(held: Held | None, entry: ListedSandbox, sent_at: datetime) -> Difference | None:
    if held and held.changed_at > sent_at:
        return None  # it changed after the list was asked for: what we hold is newer
    started = _started(held, entry, sent_at)
    word = _word(held, entry, started, sent_at)
    if word is None:
        return None
    data: dict[str, Any] = {"started_at": started.isoformat(), "state": entry.state, **_facts(entry, sent_at)}
    if entry.state == RUNNING:
        data |= _end(held, entry, sent_at)
    if entry.state == PAUSED and entry.end_at and started <= entry.end_at <= sent_at:
        data["ended_at"] = entry.end_at.isoformat()  # a paused one's endAt is about the time of its pause
    return Difference(word, entry.sandbox_id, entry.template_id, data)


def _started(held: Held | None, entry: ListedSandbox, sent_at: datetime) -> datetime:
    """When the run that the entry shows began, as far as anybody can know.

    A start that did not move since it was last listed tells nothing of a run that we saw begin: on backends whose
    `startedAt` is the creation, a paused sandbox that runs again began its run when it was first seen so.
    """
    if held is None:
        return entry.started_at or sent_at
    if entry.started_at is not None and not _unmoved(held, entry.started_at):
        return entry.started_at
    resumed = entry.state == RUNNING and held.state == "paused"
    return sent_at if resumed else held.started_at


def _unmoved(held: Held, started: datetime) -> bool:
    """Whether the listed start is the one that it showed before, though that is not our run's."""
    if held.listed_start is None or abs(started - held.listed_start) > SAME_START_WITHIN:
        return False
    if held.state == "paused":
        return held.paused_at is None or started <= held.paused_at
    return abs(started - held.started_at) > SAME_RUN_WITHIN


def _word(held: Held | None, entry: ListedSandbox, started: datetime, sent_at: datetime) -> str | None:
    if held is None:
        return {RUNNING: "created", PAUSED: "paused"}.get(entry.state, "updated")
    if entry.state == PAUSED:
        ran_since = held.paused_at is not None and started > held.paused_at  # resumed and paused between two lists
        return "paused" if held.state != "paused" or ran_since else _moved(held, entry, sent_at)
    if entry.state != RUNNING:
        same = held.state == "unknown" and held.backend_state == entry.backend_state
        return _moved(held, entry, sent_at) if same else "updated"
    if held.state == "unknown" and abs(started - held.started_at) <= SAME_RUN_WITHIN:
        return "updated"
    if held.state != "running" or abs(started - held.started_at) > SAME_RUN_WITHIN:
        return "resumed"
    return _moved(held, entry, sent_at)


def _moved(held: Held, entry: ListedSandbox, sent_at: datetime) -> str | None:
    """`updated` when the end or a fact differs; what the list leaves out says nothing."""
    if entry.state == RUNNING and _end(held, entry, sent_at):
        return "updated"
    facts = _facts(entry, sent_at)
    deletes_at = facts.pop("deletes_at", None)
    if deletes_at and (held.deletes_at is None or abs(entry.end_at - held.deletes_at) > SAME_END_WITHIN):  # type: ignore[operator]
        return "updated"
    metadata = facts.pop("sandbox_metadata", None)
    if metadata and metadata != dict(held.metadata):
        return "updated"
    if entry.template_id and entry.template_id != held.template_id:
        return "updated"
    facts.pop("listed_start", None)
    return "updated" if any(getattr(held, name) != value for name, value in facts.items()) else None


def _end(held: Held | None, entry: ListedSandbox, sent_at: datetime) -> dict[str, Any]:
    """The planned end where the list shows another than we hold: `set_timeout`, None for "it has none".

    One that is the same as ours is ours, however far ahead: an event may have set it.
    """
    if entry.end_at is None:
        return {}
    before = held.end_at if held and held.state == "running" else None
    if before is not None and abs(entry.end_at - before) <= SAME_END_WITHIN:
        return {}
    planned = entry.planned_end(sent_at)
    if planned is None:
        return {} if before is None else {"set_timeout": None}
    return {"set_timeout": planned.isoformat()}


def _facts(entry: ListedSandbox, sent_at: datetime) -> dict[str, Any]:
    """What the entry says of the sandbox itself, by the record's names; absent where it says nothing."""
    deletes_at = entry.deletes_at(sent_at)
    facts = {
        "sandbox_metadata": dict(entry.metadata),
        "alias": entry.alias,
        "cpu_count": as_number(plausible_cpu(entry.cpu_count)),
        "memory_mb": plausible_mb(entry.memory_mb),
        "disk_mb": plausible_mb(entry.disk_size_mb),
        "envd_version": entry.envd_version[:32],
        "backend_state": entry.backend_state if entry.state not in (RUNNING, PAUSED) else "",
        "listed_start": entry.started_at.isoformat() if entry.started_at else None,
        "deletes_at": deletes_at.isoformat() if deletes_at else None,
    }
    return {name: value for name, value in facts.items() if value}
