"""A sandbox's life as our record tells it, cut into stretches in which no fact about it changes but the time. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import pairwise
from typing import Literal, NamedTuple

from sandboxes.base.clock import BackendTime
from sandboxes.policies import KEEP, CpuWindow, DuplicatePlace, Facts, Keep, LeaseHeld, Protection


class Run(NamedTuple):
    """From its start or resume to its end; `paused` when that end was a pause. `end_at` as last reported.

    Its size is its own, else its sandbox's.
    """

    started_at: BackendTime
    ended_at: BackendTime | None
    paused: bool = False
    end_at: BackendTime | None = None
    cpu_count: Decimal | int | None = None
    memory_mb: int | None = None


class Leased(NamedTuple):
    """A lease covered it in [since, until)."""

    key: str
    since: BackendTime
    until: BackendTime


class Kept(NamedTuple):
    """A person protected it in [since, until); `told_until` is what they said, None for good."""

    by: str
    reason: str
    since: BackendTime
    until: BackendTime | None
    told_until: BackendTime | None = None


class Move(NamedTuple):
    """At `at` the end of its run became `end_at`."""

    at: BackendTime
    end_at: BackendTime


class Over(NamedTuple):
    """In [since, until) more than the policy keeps were alive with the same values, and it was among the rest."""

    since: BackendTime
    until: BackendTime
    place: DuplicatePlace


@dataclass(frozen=True, slots=True)
class Life:
    """One sandbox: what never changes on our record, and its runs, leases, protections and moves, oldest first.

    All times are on its backend's clock.
    """

    key: int
    sandbox_id: str
    account: str
    template_id: str
    created_at: BackendTime
    first_seen_at: BackendTime
    runs: Sequence[Run]
    template_name: str | None = None
    ended_at: BackendTime | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    leases: Sequence[Leased] = ()
    kept: Sequence[Kept] = ()
    moves: Sequence[Move] = ()
    keep: Keep = KEEP
    stored_keys: frozenset[str] | None = None


class Stretch(NamedTuple):
    """[start, end) of a life in which only the clock moves."""

    start: BackendTime
    end: BackendTime
    state: Literal["running", "paused"]
    started_at: BackendTime
    paused_at: BackendTime | None
    end_at: BackendTime | None
    lease: LeaseHeld | None
    last_lease_ended_at: BackendTime | None
    protection: Protection | None
    duplicate: DuplicatePlace | None


def stretches(life: Life, start: BackendTime, end: BackendTime, over: Sequence[Over] = ()) -> Iterator[Stretch]:
    """The stretches of [start, end) in which it was alive, in order; none is empty."""
    cuts = sorted({start, end, *(cut for cut in _changes(life, over) if start < cut < end)})
    for since, until in pairwise(cuts):
        run = _run_at(life, since)
        if run is None:
            continue
        running = run.ended_at is None or run.ended_at > since
        lease, lease_ended = _leases_at(life, since) if life.leases else (None, None)
        yield Stretch(
            since, until, "running" if running else "paused", run.started_at, None if running else run.ended_at,
            _end_at(life, run, since) if running else None, lease, lease_ended,
            _protection_at(life, since) if life.kept else None,
            next((one.place for one in over if one.since <= since < one.until), None),
        )  # fmt: skip


def facts_in(life: Life, stretch: Stretch, cpu: CpuWindow | None = None) -> Facts:
    """What the judge is told of it at any moment of the stretch."""
    return Facts(
        life.sandbox_id, life.account, stretch.state, life.template_id, life.created_at, stretch.started_at,
        life.first_seen_at, life.template_name, stretch.end_at, stretch.paused_at, life.metadata, stretch.lease,
        stretch.last_lease_ended_at, stretch.protection, cpu, stretch.duplicate, life.keep,
        stored_keys=life.stored_keys,
    )  # fmt: skip


def _changes(life: Life, over: Sequence[Over]) -> Iterator[BackendTime]:
    for run in life.runs:
        yield run.started_at
        if run.ended_at is not None:
            yield run.ended_at
    if life.ended_at is not None:
        yield life.ended_at
    for leased in life.leases:
        yield from (leased.since, leased.until)
    for kept in life.kept:
        yield kept.since
        if kept.until is not None:
            yield kept.until
    for move in life.moves:
        yield move.at
    for one in over:
        yield from (one.since, one.until)


def _run_at(life: Life, at: BackendTime) -> Run | None:
    """The run it was in, or paused after; None while it was not alive."""
    if life.ended_at is not None and life.ended_at <= at:
        return None
    for run in reversed(life.runs):
        if run.started_at <= at:
            return run if run.ended_at is None or run.ended_at > at or run.paused else None
    return None


def _leases_at(life: Life, at: BackendTime) -> tuple[LeaseHeld | None, BackendTime | None]:
    """The lease that holds longest, and the latest end of those that have begun."""
    begun = [leased for leased in life.leases if leased.since <= at]
    if not begun:
        return None, None
    last = max(begun, key=lambda leased: leased.until)
    return (LeaseHeld(last.key, last.until) if last.until > at else None), last.until


def _protection_at(life: Life, at: BackendTime) -> Protection | None:
    for kept in reversed(life.kept):
        if kept.since <= at and (kept.until is None or kept.until > at):
            return Protection(kept.by, kept.reason, kept.told_until)
    return None


def _end_at(life: Life, run: Run, at: BackendTime) -> BackendTime | None:
    """The end as last told by then; of a run without any move on record, its end as we hold it."""
    told = [
        move for move in life.moves if run.started_at <= move.at and (run.ended_at is None or move.at < run.ended_at)
    ]
    if not told:
        return run.end_at
    return next((move.end_at for move in reversed(told) if move.at <= at), None)
