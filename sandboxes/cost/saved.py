"""What policies saved, an estimate: what the runs they ended would have cost on until their planned end."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final, NamedTuple

import msgspec
from django.db import connection

from sandboxes.core.accounts import shown_account_ids
from sandboxes.core.prices import price_book
from sandboxes.models import Policy

NO_END: Final = timedelta(hours=24)  # so long at most a run counts on that had no planned end

# Each act of a policy with the run that it ended: the one whose end lies nearest to the answer, within a minute.
_ENDED: Final = """
SELECT DISTINCT ON (act.id) act.policy_id, coalesce(p.name, act.actor_name), act.kind, run.ended_at, run.end_at,
       coalesce(nullif(run.cpu_count, 0), s.cpu_count), coalesce(nullif(run.memory_mb, 0), s.memory_mb)
FROM sandboxes_action act JOIN sandboxes_sandbox s ON s.id = act.sandbox_id
LEFT JOIN sandboxes_policy p ON p.id = act.policy_id
LEFT JOIN sandboxes_execution run ON run.sandbox_id = act.sandbox_id
    AND run.ended_at BETWEEN act.answered_at - interval '1 minute' AND act.answered_at + interval '1 minute'
WHERE act.actor_kind = 'policy' AND act.account_id = ANY(%(accounts)s) AND act.kind IN ('kill', 'pause')
  AND act.outcome IN ('killed', 'paused') AND act.answered_at >= %(start)s AND act.answered_at < %(end)s
ORDER BY act.id, abs(extract(epoch FROM run.ended_at - act.answered_at))"""


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
    book = price_book()
    with connection.cursor() as cursor:
        cursor.execute(_ENDED, {"accounts": shown_account_ids(), "start": start, "end": end})
        rows = cursor.fetchall()
    for policy, name, kind, ended_at, end_at, cores, memory in rows:
        usd = Decimal(0)
        if ended_at is not None:
            until = min(now, end_at or ended_at + NO_END)
            usd = book.cost_usd(cores, memory, ended_at, max(ended_at, until))
        yield _Act(policy, name, kind, usd)


def _held() -> dict[str, int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT p.name, count(*) FROM sandboxes_orphan_now o JOIN sandboxes_policy p ON p.id = o.policy_id "
            "JOIN sandboxes_sandbox s ON s.id = o.sandbox_id WHERE s.account_id = ANY(%s) GROUP BY 1",
            [shown_account_ids()],
        )
        return dict(cursor.fetchall())
