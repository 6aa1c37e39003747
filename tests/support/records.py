"""Makes records for tests: each function gives the least that is sound, and takes what the test is about."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any
from uuid import uuid4

from django.contrib.auth.models import User
from django.db.models import QuerySet

from dashboard.models import ApiToken, Member
from events.models import LifecycleEvent
from sandboxes.actions import machine
from sandboxes.models import (
    Account,
    Action,
    Lease,
    LeaseMember,
    MetricFrame,
    Policy,
    Price,
    Sandbox,
    SandboxLock,
    Verdict,
)

NOW = datetime(2026, 8, 21, 12, 0, tzinfo=UTC)
_numbers = count(1)


def account(name: str = "default", **fields: Any) -> Account:
    return Account.objects.get_or_create(
        name=name, defaults={"url": "http://127.0.0.1:1", "actions": "policies", **fields}
    )[0]


def price() -> Price:
    """E2B's price of August 2026, in force since long ago."""
    rates = {"usd_per_vcpu_second": Decimal("0.000014"), "usd_per_gib_second": Decimal("0.0000045")}
    return Price.objects.get_or_create(since=datetime(2020, 1, 1, tzinfo=UTC), defaults=rates)[0]


def sandbox(sandbox_id: str | None = None, *, of: Account | None = None, **fields: Any) -> Sandbox:
    """Running for an hour unless told otherwise, one more to go."""
    of = of or account()
    sandbox_id = sandbox_id or f"i{next(_numbers):020d}"
    lock = SandboxLock.objects.get_or_create(sandbox_id=sandbox_id)[0]
    started_at = fields.pop("started_at", NOW - timedelta(hours=1))
    plain = {
        "state": "running",
        "template_id": "base",
        "created_at": started_at,
        "first_seen_at": started_at,
        "end_at": NOW + timedelta(hours=1),
        "cpu_count": 2,
        "memory_mb": 512,
    }
    return Sandbox.objects.create(
        account=of, lock=lock, sandbox_id=sandbox_id, started_at=started_at, **(plain | fields)
    )


@dataclass(frozen=True)
class Reading:
    """A sample of a frame; CPU in percent, memory in MiB; `age` None: no sample yet."""

    cpu: float = 0.0
    mem: int = 0
    mem_total: int = 512
    age: int | None = 0


def frame(
    readings: Mapping[int, Reading], *, at: datetime = NOW, shard: int = 0, shards: int = 1, of: Account | None = None
) -> MetricFrame:
    """A poll tick with these samples by sandbox key; the first of its minute is kept longer."""
    rows: Sequence[tuple[int, Reading]] = sorted(readings.items())
    minute = at.replace(second=0, microsecond=0)
    earlier = MetricFrame.objects.filter(account=of or account(), shard=shard, at__gte=minute, at__lt=at)
    return MetricFrame.objects.create(
        account=of or account(),
        at=at,
        shard=shard,
        shards=shards,
        kept=not earlier.exists(),
        clock_unix=int(at.timestamp()),
        keys=[key for key, _ in rows],
        ages=[MetricFrame.NO_SAMPLE if one.age is None else one.age for _, one in rows],
        fresh=[one.age is not None for _, one in rows],
        cpu=[round(one.cpu * 100) for _, one in rows],
        mem=[one.mem * 1024 for _, one in rows],
        mem_total=[one.mem_total * 1024 for _, one in rows],
        disk_share=[0 for _ in rows],
        disk_total=[0 for _ in rows],
    )


def policy(name: str = "old ones", **fields: Any) -> Policy:
    given = {"enabled": True, "orphan_when": {"older_than_seconds": 60}} | fields
    return Policy.objects.get_or_create(name=name, defaults=given)[0]


def verdict(of: Sandbox, by: Policy | None = None) -> Verdict:
    """That a policy holds it for an orphan."""
    reasons = [{"rule": "older_than_seconds", "evidence": "runs for 3600 s, limit 60 s"}]
    by = by or policy()
    given = {"policy_name": by.name, "policy_version": by.version, "since": NOW, "reasons": reasons}
    return Verdict.objects.create(policy=by, sandbox=of, **given)


def lease(key: str, *, minutes: float, members: Sequence[str] = (), **fields: Any) -> Lease:
    """That ends in so many minutes; by IDs, or by `metadata`."""
    times = {"expires_at": NOW + timedelta(minutes=minutes), "renewed_at": NOW}
    made = Lease.objects.create(key=key, ttl_seconds=600, **(times | fields))
    LeaseMember.objects.bulk_create([LeaseMember(lease=made, sandbox_id=one) for one in members])
    return made


def action(on: Sandbox, kind: str = "kill", state: str = "queued", **fields: Any) -> Action:
    plain = {"actor_kind": "user", "actor_name": "admin", "requested_at": NOW, "account": on.account}
    return Action.objects.create(sandbox=on, kind=kind, state=state, **(plain | fields))


def brought_to(actions: QuerySet[Action], state: str, **fields: Any) -> None:
    """Takes each of these actions to `state` by transitions that there are, the last one with `fields`."""
    for action in actions:
        for step in _way(action.state, state):
            Action.objects.filter(pk=action.pk).update(state=step)
        Action.objects.filter(pk=action.pk).update(**fields)


def _way(start: str, end: str) -> list[str]:
    """The states after `start` on the shortest way to `end`."""
    ways: list[list[str]] = [[start]]
    for way in ways:
        if way[-1] == end:
            return way[1:]
        targets = [one.target for one in machine.TRANSITIONS if way[-1] in one.sources]
        ways += [[*way, target] for target in targets if target not in way]
    raise ValueError(f"no action goes from {start} to {end}")


def event(sandbox_id: str, kind: str = "created", *, of: Account | None = None, **fields: Any) -> LifecycleEvent:
    plain = {
        "event_id": uuid4(),
        "type": f"sandbox.lifecycle.{kind}",
        "timestamp": NOW,
        "received_at": NOW,
        "source": "webhook",
        "raw": {},
    }
    return LifecycleEvent.objects.create(account=of or account(), sandbox_id=sandbox_id, **(plain | fields))


def token(name: str = "robot", **limits: Any) -> str:
    """The text of a new API token; `limits` as `ApiToken.make` takes them."""
    return ApiToken.make(name, **limits)[1]


def member(name: str, role: str = "operator", accounts: list[int] | None = None) -> User:
    """A person of that role in these accounts (keys; None: all)."""
    user = User.objects.filter(username=name).first() or User.objects.create_user(name)
    Member.objects.update_or_create(user=user, defaults={"role": role, "accounts": accounts})
    return User.objects.select_related("member").get(pk=user.pk)
