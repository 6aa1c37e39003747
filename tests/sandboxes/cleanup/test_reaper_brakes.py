"""The reaper's brakes: the breaker, maxima, quiet hours, a stale view, an API that is away, a changed policy."""

from datetime import UTC, datetime, timedelta

import pytest
from asgiref.sync import sync_to_async

from sandboxes.cleanup import policy_book
from sandboxes.cleanup.reaper import brakes
from sandboxes.models import AccountHealth, Action, Heartbeat, Policy, Verdict
from sandboxes.policies import is_quiet, parse
from sandboxes.policies.quiet import DAYS
from tests.support.reaping import act, grace_is_over, policy, spec_with, states


async def test_the_breaker_refuses_the_whole_run_until_a_person_resets_it(backend, kills):
    for _ in range(7):
        backend.make()
    await backend.sync()
    careful = await policy(max_fleet_fraction=0.5)
    await act()
    await act()
    tripped = await Policy.objects.aget(pk=careful.pk)
    assert tripped.breaker_tripped_at is not None
    assert "7 of 7" in tripped.breaker_why
    assert not await Action.objects.aexists()
    assert await Verdict.objects.filter(until=None).acount() == 7
    await sync_to_async(policy_book.reset)(tripped)
    await act()
    assert (await Policy.objects.aget(pk=careful.pk)).breaker_tripped_at is not None
    assert kills == []


@pytest.mark.parametrize(("alive", "never_too_many"), [(19, 2), (20, 5)])
async def test_few_are_never_too_many(backend, kills, alive, never_too_many):
    for n in range(alive):
        backend.make(job="old" if n < never_too_many else "new")
    await backend.sync()
    await policy(max_fleet_fraction=0, match={"metadata": {"job": "old"}})
    await act()
    assert len(kills) == never_too_many


HELD_BY = [
    "no list", "an old list", "a list from the future", "a failed list", "a doubtful clock", "no api",
    "an api from the future", "quiet",
]  # fmt: skip


@pytest.mark.parametrize("brake", HELD_BY)
async def test_every_brake_holds_what_is_marked(backend, kills, brake):
    backend.make()
    await backend.sync()
    quiet = [{"days": list(DAYS), "from": "00:00", "to": "24:00"}]
    held = await policy(quiet_hours=quiet if brake == "quiet" else [], grace_seconds=600)
    await act()
    await grace_is_over()
    health = AccountHealth.objects.filter(account=backend.account)
    old = datetime.now(UTC) - timedelta(minutes=5)
    match brake:
        case "no list":
            await health.aupdate(last_sync_at=None)
        case "an old list":
            await health.aupdate(last_sync_at=old)
        case "a list from the future":
            await health.aupdate(last_sync_at=datetime.now(UTC) + timedelta(minutes=5))
        case "a failed list":
            await health.aupdate(sync_error="502")
        case "a doubtful clock":
            await health.aupdate(clock_offset_seconds=500)
        case "no api":
            await Heartbeat.objects.aupdate(at=old)
        case "an api from the future":
            await Heartbeat.objects.aupdate(at=datetime.now(UTC) + timedelta(hours=1))
    await act()
    assert await states() == ["grace"]
    assert (await Policy.objects.aget(pk=held.pk)).held_why
    assert kills == []


@pytest.mark.parametrize("change", ["version", "disabled", "dry run", "deleted"])
async def test_a_mark_belongs_to_one_version_of_an_enforcing_policy(backend, kills, change):
    backend.make()
    await backend.sync()
    made = await policy(grace_seconds=600)
    await act()
    await grace_is_over()
    match change:
        case "version":
            same = await sync_to_async(policy_book.write)(parse(spec_with(grace_seconds=600)), made)
            assert same.version == 1
            changed = await sync_to_async(policy_book.write)(parse(spec_with(grace_seconds=601)), made)
            assert changed.version == 2
        case "disabled":
            await Policy.objects.aupdate(enabled=False)
        case "dry run":
            await Policy.objects.aupdate(mode="dry_run")
        case "deleted":
            await sync_to_async(policy_book.delete)(made)
    await act()
    assert (await states())[0] == "cancelled"
    assert kills == []
    if change == "deleted":
        verdict = await Verdict.objects.aget()
        assert (verdict.policy_id, verdict.policy_name) == (None, "all")
        assert verdict.until is not None


async def test_a_run_and_an_hour_have_their_maximum_oldest_first(backend, kills):
    made = [backend.make() for _ in range(5)]
    await backend.sync()
    await policy(max_per_run=2, max_per_hour=3, max_fleet_fraction=1)
    await act()
    assert sorted(kills) == sorted(made[:2])
    await act()
    await act()
    assert sorted(kills) == sorted(made[:3])


@pytest.mark.parametrize(
    ("at", "quiet"),
    [
        ("2026-08-21T09:30:00+00:00", True),  # Friday 11:30 in Berlin
        ("2026-08-21T18:30:00+00:00", False),
        ("2026-08-22T01:00:00+00:00", True),  # Saturday 03:00, in Friday's night
        ("2026-08-23T01:00:00+00:00", False),
        ("2026-08-23T21:59:59.999999+00:00", True),  # the last moment of Sunday in Berlin
        ("2026-08-23T22:00:00+00:00", False),
    ],
)
def test_quiet_hours_run_past_midnight_in_their_own_zone(at, quiet):
    hours = [
        {"days": ["fri"], "from": "09:00", "to": "18:00", "zone": "Europe/Berlin"},
        {"days": ["fri"], "from": "22:00", "to": "06:00", "zone": "Europe/Berlin"},
        {"days": ["sun"], "from": "23:00", "to": "24:00", "zone": "Europe/Berlin"},
    ]
    spec = parse({"name": "p", "orphan_when": {"older_than_seconds": 0}, "quiet_hours": hours})
    assert is_quiet(spec.quiet_hours, datetime.fromisoformat(at)) is quiet


@pytest.mark.parametrize(
    ("hits", "alive", "trips"),
    [
        (2, 5, False),
        (3, 5, True),
        (2, 19, False),
        (3, 19, True),
        (5, 20, False),
        (6, 20, True),
        (100, 1000, False),
        (101, 1000, True),
    ],
)
def test_the_breakers_limit_is_the_larger_of_its_floor_and_the_share(hits, alive, trips):
    assert bool(brakes.breaker(hits, alive, 0.1)) is trips
