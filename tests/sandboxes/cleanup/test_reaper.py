"""The reaper: it judges, marks, waits, looks again and acts; an owner's or a person's word spares."""

from datetime import UTC, datetime, timedelta

import pytest
from asgiref.sync import sync_to_async

from sandboxes.actions import Actor, cancel, request
from sandboxes.cleanup import leases, reaper
from sandboxes.models import Account, AccountHealth, Action, MetricSeries, Policy, Verdict
from tests.support.reaping import act, grace_is_over, only, policy, states

ANNA = Actor("user", "anna")


async def test_an_orphan_is_marked_looked_at_again_killed_and_confirmed(backend, kills):
    sandbox = await backend.held(backend.make())
    await policy(grace_seconds=600)
    await act()
    mark = await only()
    assert (mark.state, mark.kind, mark.actor_kind, mark.actor_name) == ("grace", "kill", "policy", "all")
    assert mark.act_at - mark.requested_at == timedelta(seconds=600)
    assert mark.evidence[0]["rule"] == "older_than_seconds"
    assert mark.sandbox.lock.pending_action_id is None
    await act()
    assert await states() == ["grace"]
    await grace_is_over()
    await act()
    assert await states() == ["done"]
    await backend.sync()
    await act()
    confirmed = await only()
    assert (confirmed.state, confirmed.outcome) == ("confirmed", "killed")
    assert kills == [sandbox.sandbox_id]
    assert (await Verdict.objects.aget()).until is not None
    assert backend.state(sandbox.sandbox_id) == "gone"


async def test_a_dry_run_records_who_and_why_and_does_nothing(backend, kills):
    sandbox = await backend.held(backend.make())
    dry = await policy(mode="dry_run")
    await act()
    await act()
    verdict = await Verdict.objects.aget()
    assert (verdict.sandbox_id, verdict.policy_name, verdict.until) == (sandbox.pk, "all", None)
    assert verdict.reasons[0]["evidence"].startswith("running for")
    assert not await Action.objects.aexists()
    ran = await Policy.objects.aget(pk=dry.pk)
    assert (ran.hits, ran.held_why) == (1, "")
    assert ran.last_run_at
    backend.call("DELETE", f"/sandboxes/{sandbox.sandbox_id}")
    await backend.sync()
    await act()
    assert (await Verdict.objects.aget()).until is not None


@pytest.mark.parametrize("how", ["lease", "protect", "cancel", "metadata"])
async def test_an_owners_or_a_persons_word_in_grace_spares(backend, kills, how):
    sandbox = await backend.held(backend.make(keep="true") if how == "metadata" else backend.make())
    await policy(grace_seconds=600)
    await act()
    match how:
        case "lease":
            result = await sync_to_async(leases.put)("mine", 600, ids=[sandbox.sandbox_id])
            assert result.marked == [sandbox.sandbox_id]
        case "protect":
            await sync_to_async(request)(sandbox, "protect", ANNA, reason="mine")
        case "cancel":
            await sync_to_async(cancel)(await only(), ANNA)
    await grace_is_over()
    await act()
    await act()
    assert kills == []
    assert await Action.objects.filter(kind="kill").exclude(state="cancelled").acount() == 0


async def test_a_lease_between_queue_and_claim_spares_and_after_the_claim_condemns(backend, kills):
    from sandboxes.actions.claims import claim_due

    first, second = [await backend.held(backend.make()) for _ in range(2)]
    await policy()
    await reaper.run_all()
    assert await states() == ["queued", "queued"]
    await sync_to_async(leases.put)("mine", 600, ids=[first.sandbox_id])
    claims = await sync_to_async(claim_due)(datetime.now(UTC), backend.account)
    assert [c.action.sandbox_id for c in claims] == [second.pk]
    with pytest.raises(leases.LeaseConflict):
        await sync_to_async(leases.put)("late", 600, ids=[second.sandbox_id])


async def test_the_last_look_takes_the_verdict_anew(backend, kills):
    """Its owner has just given it a later end; our record does not know yet."""
    sandbox = await backend.held(backend.make(timeout=600))
    await type(sandbox).objects.filter(pk=sandbox.pk).aupdate(end_at=datetime.now(UTC) - timedelta(hours=1))
    await policy(orphan_when={"past_end_seconds": 600})
    await act()
    stopped = await only()
    assert (stopped.state, stopped.outcome) == ("cancelled", "spared on the final check: past_end_seconds")
    assert kills == []


async def test_one_that_is_gone_at_the_last_look_is_no_kill(backend, kills):
    sandbox = await backend.held(backend.make())
    await policy()
    backend.call("DELETE", f"/sandboxes/{sandbox.sandbox_id}")
    await act()
    assert (await only()).outcome == "void: already gone"
    assert kills == []


async def test_what_failed_is_not_shot_at_again(backend, kills):
    await backend.held(backend.make())
    await policy()
    await act()
    await Action.objects.aupdate(state="failed", error="it answered and did nothing")
    await act()
    assert await states() == ["failed"]


async def test_a_notice_is_given_once(backend, kills):
    backend.make()
    await backend.sync()
    await policy(action="notify")
    for _ in range(3):
        await act()
    notice = await only()
    assert (notice.kind, notice.state, notice.outcome) == ("notify", "confirmed", "notified")
    assert kills == []


async def test_what_is_paused_already_is_not_paused_again(backend, kills):
    paused, running = [await backend.held(backend.make()) for _ in range(2)]
    backend.call("POST", f"/sandboxes/{paused.sandbox_id}/pause")
    await backend.sync()
    await policy(action="pause", match={"states": ["paused", "running"]}, max_fleet_fraction=1.0)
    await act()
    assert [action.sandbox_id async for action in Action.objects.all()] == [running.pk]
    assert await Verdict.objects.filter(until=None, sandbox=paused).aexists(), "the policy hits it all the same"


async def test_a_quarantine_pauses_first_and_kills_what_stays_paused(backend, kills):
    sandbox = await backend.held(backend.make())
    await policy(quarantine_seconds=3600)
    await act()
    assert backend.state(sandbox.sandbox_id) == "paused"
    await backend.sync()
    await act()
    await act()
    pause, kill = await only(kind="pause"), await only(kind="kill")
    assert (pause.state, kill.state) == ("confirmed", "grace")
    assert kill.act_at - pause.answered_at == timedelta(seconds=3600)
    await grace_is_over()
    await act()
    assert (await only(kind="kill")).state == "done"
    assert kills == [sandbox.sandbox_id]


async def test_one_that_wakes_from_quarantine_is_let_live(backend, kills):
    sandbox = await backend.held(backend.make())
    await policy(quarantine_seconds=3600)
    await act()
    await backend.sync()
    await act()
    await act()
    backend.call("POST", f"/sandboxes/{sandbox.sandbox_id}/connect", json={"timeout": 600})
    await grace_is_over()
    await act()
    assert (await only(kind="kill")).outcome == "spared on the final check: quarantine"
    assert kills == []


async def test_one_sandbox_seen_by_two_accounts_is_killed_once(backend, kills):
    sandbox_id = backend.make()
    await backend.sync()
    other = await Account.objects.acreate(name="other", url=backend.url, api_key=backend.account.api_key)
    await AccountHealth.objects.acreate(account=other)
    from events.observe import sync

    await sync(other)
    await policy()
    await act()
    await act()
    assert kills == [sandbox_id]


async def test_idleness_is_read_from_samples_over_the_whole_window(backend):
    sandbox = await backend.held(backend.make())
    start = datetime.now(UTC) - timedelta(hours=2)
    await type(sandbox).objects.filter(pk=sandbox.pk).aupdate(started_at=start, created_at=start)
    await sync_to_async(idle_hours)(sandbox)
    await policy(mode="dry_run", orphan_when={"idle_cpu_below_pct": 2, "idle_for_seconds": 3600})
    await reaper.run_all()
    verdict = await Verdict.objects.aget()
    assert verdict.reasons[0]["rule"] == "idle_for_seconds"
    assert "CPU at most 0.50%" in verdict.reasons[0]["evidence"]
    await MetricSeries.objects.all().adelete()
    await reaper.run_all()
    assert (await Verdict.objects.aget()).until is not None


def idle_hours(sandbox):
    """Two hours of samples, one every 30 s up to now, at half a percent."""
    now = datetime.now(UTC)
    hour = now.replace(minute=0, second=0, microsecond=0)
    for back in (2, 1, 0):
        begin = hour - timedelta(hours=back)
        offsets = [second for second in range(0, 3600, 30) if begin + timedelta(seconds=second) <= now]
        flat = [0] * len(offsets)
        MetricSeries.objects.create(
            sandbox=sandbox, hour=begin, source="poll", step_seconds=30, offsets=offsets, cpu=[50] * len(offsets),
            mem=flat, disk=flat, cpu_max=50, mem_max=0,
        )  # fmt: skip


async def test_an_idle_policy_needs_samples(backend):
    await backend.held(backend.make())
    await policy(mode="dry_run", orphan_when={"idle_cpu_below_pct": 2, "idle_for_seconds": 60})
    await reaper.run_all()
    assert not await Verdict.objects.aexists()


async def test_a_policy_that_can_not_be_read_says_so_and_does_nothing(backend, kills):
    backend.make()
    await backend.sync()
    broken = await Policy.objects.acreate(name="bad", enabled=True, mode="enforce", action="kill", orphan_when={})
    await act()
    assert "can't be read" in (await Policy.objects.aget(pk=broken.pk)).held_why
    assert kills == []
