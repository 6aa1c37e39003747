"""Between the reaper's look and E2B's answer: what has changed by then spares; whatever was not seen just now, too."""

from datetime import UTC, datetime, timedelta

import pytest
from asgiref.sync import sync_to_async
from django.db.models import F

from events.models import LifecycleEvent
from sandboxes.actions import Actor, claims, request
from sandboxes.actions.claims import claim_due
from sandboxes.actions.sending import send_due
from sandboxes.cleanup import freezing, reaper
from sandboxes.models import Action, Heartbeat, Policy, Sandbox
from sandboxes.policies.quiet import DAYS
from simulator import Fault
from tests.support.reaping import act, grace_is_over, only, policy, states

ANNA = Actor("user", "anna")


def ago(**given):
    return datetime.now(UTC) - timedelta(**given)


async def queued(backend, **given):
    """One sandbox of ours whose kill has been released by the reaper and not been sent."""
    sandbox = await backend.held(backend.make())
    await policy(**given)
    await reaper.run_all()
    assert await states() == ["queued"]
    return sandbox


@pytest.mark.parametrize("hours", [8, -1])
async def test_an_act_that_could_not_leave_in_time_is_looked_at_anew(backend, kills, hours):
    """A look from the future, made before our clock was set back, holds no longer than an old one."""
    sandbox = await queued(backend, orphan_when={"missing_metadata": ["owner"]})
    await Action.objects.aupdate(verified_at=ago(hours=hours))
    await send_due()
    assert (await states(), kills) == (["grace"], [])
    backend.simulator.fleet.alive(sandbox.sandbox_id).metadata["owner"] = "anna"
    await act()
    assert (await only()).outcome.startswith("spared on the final check")
    assert kills == []


async def test_one_that_is_an_orphan_still_goes_then(backend, kills):
    sandbox = await queued(backend, max_per_hour=1)
    await Action.objects.aupdate(verified_at=None, sent_at=ago(minutes=9), attempts=1)
    await send_due()
    assert (await states(), kills) == (["grace"], [])
    await act()
    assert kills == [sandbox.sandbox_id]


@pytest.mark.parametrize("brake", ["quiet", "no api"])
async def test_quiet_hours_and_an_api_that_is_away_hold_what_is_queued(backend, kills, brake):
    await queued(backend)
    if brake == "quiet":
        await Policy.objects.aupdate(quiet_hours=[{"days": list(DAYS), "from": "00:00", "to": "24:00"}])
    else:
        await Heartbeat.objects.aupdate(at=ago(minutes=5))
    await send_due()
    assert (await states(), kills) == (["grace"], [])


async def test_a_persons_kill_waits_for_none_of_that(backend, kills):
    sandbox = await queued(backend)
    await sync_to_async(request)(sandbox, "kill", ANNA)
    await Heartbeat.objects.aupdate(at=ago(minutes=5))
    await send_due()
    assert kills == [sandbox.sandbox_id]


async def test_calls_on_their_way_keep_nobody_else_waiting(backend, kills, monkeypatch):
    """However many actions wait behind them."""
    busy = await backend.held(backend.make())
    free = await backend.held(backend.make())
    await sync_to_async(request)(busy, "timeout", ANNA, seconds=60)
    assert len(await sync_to_async(claim_due)(datetime.now(UTC), backend.account)) == 1
    for _ in range(3):
        await sync_to_async(request)(busy, "timeout", ANNA, seconds=60)
    await sync_to_async(request)(free, "timeout", ANNA, seconds=60)
    monkeypatch.setattr(claims, "BATCH", 2)
    claimed = await sync_to_async(claim_due)(datetime.now(UTC), backend.account)
    assert [claim.action.sandbox_id for claim in claimed] == [free.pk]


async def test_a_pause_is_as_old_as_it_is_and_not_as_the_one_before(backend, kills):
    """It ran again and was paused again between two of our looks."""
    name = backend.make()
    backend.call("POST", f"/sandboxes/{name}/pause", json={})
    sandbox = await backend.held(name)
    await Sandbox.objects.filter(pk=sandbox.pk).aupdate(paused_at=ago(days=9), started_at=ago(days=10))
    await policy(match={"states": ["paused"]}, orphan_when={"paused_for_seconds": 86_400})
    await act()
    assert ((await only()).outcome, kills) == ("spared on the final check: paused_for_seconds", [])


async def test_the_list_too_tells_a_run_between_two_pauses_once(backend):
    name = backend.make()
    backend.call("POST", f"/sandboxes/{name}/pause", json={})
    before = await backend.held(name)
    backend.call("POST", f"/sandboxes/{name}/connect", json={"timeout": 600})
    backend.call("POST", f"/sandboxes/{name}/pause", json={})
    told = []
    for _ in range(3):
        held = await backend.held(name)
        told.append(await LifecycleEvent.objects.filter(sandbox_id=name, type__endswith="paused").acount())
    assert told == [2, 2, 2]
    assert before.paused_at < held.started_at < held.paused_at


async def duplicates(backend, number):
    names = [backend.make(job="7") for _ in range(number)]
    held = [await backend.held(name) for name in names]
    for age, sandbox in enumerate(reversed(held)):
        started = (ago(hours=age + 1)).timestamp()
        backend.simulator.fleet.alive(sandbox.sandbox_id).runs[-1].started = started
        await Sandbox.objects.filter(pk=sandbox.pk).aupdate(started_at=datetime.fromtimestamp(started, UTC))
    await policy(orphan_when={"duplicate_of": ["job"]}, grace_seconds=600)
    return names


async def test_the_newest_is_kept(backend, kills):
    names = await duplicates(backend, 3)
    await act()
    await grace_is_over()
    await act()
    assert sorted(kills) == sorted(names[:2])


@pytest.mark.parametrize("how", ["died", "condemned", "silent"])
async def test_nobody_is_a_duplicate_of_one_that_is_not_there(backend, kills, how):
    names = await duplicates(backend, 2)
    await act()
    await grace_is_over()
    match how:
        case "died":
            backend.call("DELETE", f"/sandboxes/{names[1]}")
        case "condemned":
            keeper = await Sandbox.objects.aget(sandbox_id=names[1])
            await sync_to_async(request)(keeper, "kill", ANNA)
        case "silent":
            backend.simulator.faults.add(Fault(status=400, path=f"/sandboxes/{names[1]}"))
    await reaper.run_all()
    await send_due()
    assert names[0] not in kills
    assert backend.state(names[0]) == "running"


async def test_what_its_owner_paused_is_no_quarantine(backend, kills):
    name = backend.make()
    await backend.held(name)
    await policy(quarantine_seconds=0)
    await reaper.run_all()
    backend.call("POST", f"/sandboxes/{name}/pause", json={})
    await send_due()
    await Action.objects.filter(state="sent").aupdate(next_attempt_at=ago(seconds=1))
    await send_due()
    await backend.sync()
    await act()
    await act()
    pause = await only()
    assert (pause.kind, pause.outcome, kills) == ("pause", "already_paused", [])


async def test_a_run_that_began_after_our_pause_was_sent_is_no_quarantine(backend, kills):
    """Even where the answer to our pause came later than the run."""
    name = backend.make()
    await backend.held(name)
    await policy(quarantine_seconds=0)
    await act()
    await backend.sync()
    await act()
    backend.call("POST", f"/sandboxes/{name}/connect", json={"timeout": 600})
    backend.call("POST", f"/sandboxes/{name}/pause", json={})
    await Action.objects.filter(kind="pause").aupdate(answered_at=datetime.now(UTC) + timedelta(seconds=30))
    await backend.sync()
    await grace_is_over()
    await act()
    assert kills == []
    assert backend.state(name) == "paused"


async def test_a_quarantine_that_ran_out_meanwhile_has_its_grace(backend, kills):
    await backend.held(backend.make())
    kept = await policy(quarantine_seconds=60)
    await act()
    await sync_to_async(freezing.freeze)("anna")
    await backend.sync()
    await act()
    await Action.objects.filter(kind="pause").aupdate(answered_at=ago(hours=1))
    await Policy.objects.filter(pk=kept.pk).aupdate(grace_seconds=600)
    await sync_to_async(freezing.lift)("anna")
    await act()
    kill = await only(kind="kill")
    assert (kill.state, kills) == ("grace", [])
    assert kill.act_at - kill.requested_at == timedelta(seconds=600)


async def test_a_run_has_one_answered_kill_whoever_asks(backend, kills):
    """Another policy does not shoot again at what lives on after E2B has said that it was killed."""
    sandbox = await backend.held(backend.make())
    await policy()
    await act()
    assert kills == [sandbox.sandbox_id]
    await Action.objects.aupdate(state="failed", outcome="came_back")
    await Sandbox.objects.aupdate(state="running", lock=F("lock"))
    await type(sandbox.lock).objects.aupdate(pending_action=None)
    await policy(name="another")
    await act()
    assert await states() == ["failed"]
    assert len(kills) == 1


async def test_nor_does_a_mark_that_was_there_before(backend, kills):
    sandbox = await backend.held(backend.make())
    await policy(grace_seconds=600)
    await act()
    await Action.objects.aupdate(state="queued", verified_at=datetime.now(UTC))
    await Action.objects.acreate(
        kind="kill", state="failed", account=backend.account, sandbox=sandbox, actor_kind="policy",
        actor_name="another", requested_at=datetime.now(UTC), sent_at=datetime.now(UTC), answered_at=datetime.now(UTC),
    )  # fmt: skip
    await send_due()
    assert (await Action.objects.aget(actor_name="all")).outcome == "void: a kill of this run has been answered already"
    assert kills == []


async def test_one_that_comes_back_long_after_its_mark_is_told(backend):
    sandbox = await backend.held(backend.make())
    await sync_to_async(request)(sandbox, "kill", ANNA)
    await send_due()
    await backend.sync()
    await send_due()
    await Action.objects.aupdate(requested_at=ago(days=7))
    await Sandbox.objects.aupdate(state="running")
    await backend.account.health.arefresh_from_db()
    health = backend.account.health
    health.last_sync_at = datetime.now(UTC) + timedelta(seconds=1)
    await health.asave()
    await send_due()
    assert (await only()).outcome == "came_back"
