"""A week of the whole stack on a driven clock: what policies, leases, quarantines and retention do in their time."""

from datetime import timedelta
from typing import Any

import pytest

from events import retention
from events.models import Delivery, LifecycleEvent
from sandboxes.cleanup import leases, policy_book
from sandboxes.models import Action, Policy, Sandbox, Verdict
from sandboxes.policies import parse
from tests.support.driven import START, Driven, driven

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("mailbox")]
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
EVERY = 3 * HOUR
SLACK = 3 * EVERY  # marked in one round, acted on in the next, confirmed by the one after that
MONTH_SECONDS = 30 * 86_400


def day(seconds: float) -> int:
    return int(seconds * 86_400)


def policy(name: str, job: str, when: dict[str, Any], **fields: Any) -> None:
    """An enforcing kill of those with this job, after ten minutes of grace, unless told otherwise."""
    given = {"mode": "enforce", "action": "kill", "grace_seconds": 600, "max_fleet_fraction": 1.0} | fields
    match = {"metadata": {"job": job}}
    policy_book.write(parse({"name": name, "enabled": True, "orphan_when": when, "match": match, **given}))


def made(world: Driven, job: str, *, timeout: float = MONTH_SECONDS) -> str:
    return world.simulator.create(timeout=timeout, metadata={"job": job}).id


def resumed(world: Driven, sandbox_id: str) -> None:
    """By its owner, behind our back."""
    with world.simulator.lock:
        now = world.simulator.now()
        world.simulator.lifecycle.resume(now, world.simulator.sandbox(sandbox_id), MONTH_SECONDS)


def alive(world: Driven, sandbox_id: str) -> bool:
    with world.simulator.lock:
        return world.simulator.fleet.alive(sandbox_id) is not None


def sent(sandbox_id: str, kind: str) -> timedelta | None:
    """How long after START it was sent."""
    action = Action.objects.filter(sandbox__sandbox_id=sandbox_id, kind=kind, state="confirmed").first()
    return action.sent_at - START if action and action.sent_at else None


def in_time(at: timedelta | None, due: timedelta) -> bool:
    return at is not None and due <= at <= due + SLACK


def refused(world: Driven) -> Delivery:
    return Delivery.objects.create(
        account=world.account, state="refused", reason="signature", source="webhook", received_at=world.now(),
        headers={}, body=b"x",
    )  # fmt: skip


def test_a_week_in_process() -> None:
    Policy.objects.all().delete()
    with driven() as world:
        policy("unleased", "lease", {"no_lease_for_seconds": day(1)})
        policy("noted", "dry", {"older_than_seconds": day(1)}, mode="dry_run")
        policy("frozen", "quarantine", {"older_than_seconds": day(1)}, quarantine_seconds=day(2))
        short, leased, noted = made(world, "short", timeout=3600), made(world, "lease"), made(world, "dry")
        frozen, woken = made(world, "quarantine"), made(world, "quarantine")
        first = refused(world)
        world.round()
        leases.put("run", day(2), ids=[leased])

        world.run(2 * DAY - EVERY, EVERY)
        assert not alive(world, short)
        gone = Sandbox.objects.get(sandbox_id=short)
        assert gone.ended_at is not None
        assert (gone.ended_at - START, gone.end_reason) == (HOUR, "vanished")
        assert in_time(sent(frozen, "pause"), DAY)
        assert in_time(sent(woken, "pause"), DAY)
        assert alive(world, leased)
        assert len(leases.list_()) == 1
        resumed(world, woken)
        second = refused(world)

        world.run(3 * DAY - EVERY, EVERY)
        assert leases.list_() == []
        assert alive(world, leased), "a day without a lease is not over"
        assert alive(world, frozen), "two days of quarantine are not over"

        world.run(7 * DAY + HOUR, EVERY)
        assert in_time(sent(leased, "kill"), 3 * DAY)
        assert in_time(sent(frozen, "kill"), (sent(frozen, "pause") or DAY) + 2 * DAY)
        assert alive(world, woken)
        assert alive(world, noted)
        verdict = Verdict.objects.get(sandbox__sandbox_id=noted, until=None)
        assert in_time(verdict.since - START, DAY)
        assert not Action.objects.filter(sandbox__sandbox_id__in=[noted, short]).exists()
        assert not Action.objects.filter(state="failed").exclude(sandbox__sandbox_id=woken).exists()

        assert retention.apply(world.now())["refused"] == 1
        assert list(Delivery.objects.all()) == [second] != [first]
        assert retention.apply(START + retention.EVENTS_KEPT)["events"] == 0
        assert retention.apply(world.now() + retention.EVENTS_KEPT)["events"] > 0
        assert not LifecycleEvent.objects.exists()
