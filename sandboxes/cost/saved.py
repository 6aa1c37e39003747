"""What policies saved, an estimate: what the runs they ended would have cost on until their planned end."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final, NamedTuple

import msgspec

from sandboxes.core import database
from sandboxes.core.accounts import shown_account_ids
from sandboxes.core.prices import price_books
from sandboxes.cost import queries
from sandboxes.models import Policy

NO_END: Final = timedelta(hours=24)  # so long at most a run counts on that had no planned end


class Saved(msgspec.Struct, frozen=True):
    """Of one policy: what it did in the range, and USD that this spared until `now`; `orphans` it holds at present."""

    policy: str
    enforces: bool
    killed: int
    paused: int
    usd: Decimal
    orphans: int


def saved(start: datetime, end: datetime, now: datetime) -> list[Saved]:
    """Each policy that acted in [start, end) or is at work now; the most thrifty first."""
    killed, paused, usd = dict[str, int](), dict[str, int](), dict[str, Decimal]()
    for act in _acts(start, end, now):
        counts = killed if act.kind == "kill" else paused
        counts[act.name] = counts.get(act.name, 0) + 1
        usd[act.name] = usd.get(act.name, Decimal(0)) + act.usd
    at_work = {policy.name: policy for policy in Policy.objects.filter(enabled=True)}
    held = _held()
    found = [
        Saved(
            policy=name,
            enforces=name in at_work and at_work[name].mode == Policy.Mode.ENFORCE,
            killed=killed.get(name, 0),
            paused=paused.get(name, 0),
            usd=usd.get(name, Decimal(0)),
            orphans=held.get(name, 0),
        )
        for name in {*killed, *paused, *at_work}
    ]
    return sorted(found, key=lambda one: (-one.usd, one.policy))


def saved_by(start: datetime, end: datetime, now: datetime) -> dict[int, Decimal]:
    """USD that each policy's acts in [start, end) spared until `now`, by the policy's primary key."""
    usd: dict[int, Decimal] = {}
    for act in _acts(start, end, now):
        if act.policy is not None:
            usd[act.policy] = usd.get(act.policy, Decimal(0)) + act.usd
    return usd


class _Act(NamedTuple):
    policy: int | None
    name: str
    kind: str
    usd: Decimal


def _acts(start: datetime, end: datetime, now: datetime) -> Iterator[_Act]:
    """Each act of a policy that ended a run, and what the run would have cost on."""
    books = price_books()
    rows = database.rows(queries.ENDED_BY_POLICIES, {"accounts": shown_account_ids(), "start": start, "end": end})
    for policy, name, kind, ended_at, end_at, cores, memory, account in rows:
        usd = Decimal(0)
        if ended_at is not None:
            until = min(now, end_at or ended_at + NO_END)
            usd = books.of(account).cost_usd(cores, memory, ended_at, max(ended_at, until))
        yield _Act(policy, name, kind, usd)


def _held() -> dict[str, int]:
    return dict(
        database.rows(
            queries.HELD_BY_POLICY,
            [shown_account_ids()],
        )
    )
