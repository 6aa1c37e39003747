"""What is queued is sent once, survives crashes and refusals, and ends confirmed or with a clear alarm."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from asgiref.sync import sync_to_async

from sandboxes.actions import Actor, request, sending
from sandboxes.actions.claims import claim_due, still_mine
from sandboxes.actions.confirming import MOST_LOOKS
from sandboxes.actions.sending import send_due
from sandboxes.actions.settling import MOST_ATTEMPTS
from sandboxes.core import accounts, round_errors
from sandboxes.e2b import E2BClient, E2BError
from sandboxes.models import AccountHealth, Action, Sandbox, SandboxLock
from simulator import Fault
from tests.support.ageing import cooldowns_are_over

ANNA = Actor("user", "anna")


async def ask(sandbox, kind="kill", **given):
    return await sync_to_async(request)(sandbox, kind, ANNA, **given)


async def again(action):
    return await Action.objects.select_related("sandbox__lock").aget(pk=action.pk)


async def come_due(action):
    """As much time passes as the action waits for."""
    past = datetime.now(UTC) - timedelta(seconds=1)
    await Action.objects.filter(pk=action.pk).aupdate(next_attempt_at=past)


async def test_a_kill_is_sent_answered_and_confirmed_once_the_record_shows_it(backend, kills):
    sandbox = await backend.held(backend.make())
    action = await ask(sandbox, reason="enough")
    assert (action.state, action.actor_name, action.reason) == ("queued", "anna", "enough")
    assert await send_due() == 1
    done = await again(action)
    assert (done.state, done.outcome, done.attempts) == ("done", "killed", 1)
    assert done.requested_at <= done.sent_at <= done.answered_at
    assert backend.state(sandbox.sandbox_id) == "gone"
    await backend.sync()
    assert await send_due() == 0
    confirmed = await again(action)
    assert confirmed.state == "confirmed"
    assert confirmed.confirmed_at
    assert confirmed.sandbox.state == "ended"
    assert kills == [sandbox.sandbox_id]


async def test_one_that_is_gone_already_is_an_answer_too(backend):
    sandbox = await backend.held(backend.make())
    backend.call("DELETE", f"/sandboxes/{sandbox.sandbox_id}")
    action = await ask(sandbox)
    await send_due()
    assert (await again(action)).outcome == "already_gone"
    await backend.sync()
    await send_due()
    assert (await again(action)).state == "confirmed"


async def test_pause_and_resume(backend):
    sandbox = await backend.held(backend.make())
    pause = await ask(sandbox, "pause")
    await send_due()
    assert backend.state(sandbox.sandbox_id) == "paused"
    sandbox = await backend.held(sandbox.sandbox_id)
    await send_due()
    pause = await again(pause)
    assert (pause.state, pause.outcome) == ("confirmed", "paused")
    assert pause.sandbox.lock.pending_action_id is None
    resume = await ask(sandbox, "resume")
    assert resume.parameters["seconds"] == 300
    await send_due()
    assert backend.state(sandbox.sandbox_id) == "running"
    await come_due(resume)
    await send_due()
    assert (await again(resume)).state == "confirmed"


async def test_an_extension_never_moves_the_end_earlier_and_a_timeout_does(backend):
    sandbox = await backend.held(backend.make(timeout=1000))
    shorter = await ask(sandbox, "extend", seconds=60)
    await send_due()
    shorter = await again(shorter)
    assert (shorter.state, shorter.outcome) == ("confirmed", "already_longer")
    longer = await ask(sandbox, "extend", seconds=2000)
    await send_due()
    assert (await again(longer)).outcome == "extended"
    assert await left(backend, sandbox) == pytest.approx(2000, abs=5)
    timeout = await ask(sandbox, "timeout", seconds=120)
    await send_due()
    assert await left(backend, sandbox) == pytest.approx(120, abs=5)
    await come_due(timeout)
    await send_due()
    assert (await again(timeout)).state == "confirmed"


async def left(backend, sandbox):
    seen = await backend.held(sandbox.sandbox_id)
    return (seen.end_at - datetime.now(UTC)).total_seconds()


async def test_a_rate_limit_waits_as_told_and_costs_no_attempt(backend):
    sandbox = await backend.held(backend.make())
    fault = backend.simulator.faults.add(Fault(status=429, method="DELETE", retry_after="120"))
    action = await ask(sandbox)
    await send_due()
    waiting = await again(action)
    assert (waiting.state, waiting.attempts) == ("queued", 0)
    assert waiting.next_attempt_at > datetime.now(UTC) + timedelta(seconds=60)
    assert waiting.sandbox.lock.pending_action_id == action.pk  # a person's kill stays announced
    backend.simulator.faults.remove(fault)
    assert await send_due() == 0
    await come_due(action)
    await send_due()
    assert (await again(action)).state == "queued", "the account's other workers and rounds obey too"
    assert cooldowns_are_over()
    await come_due(action)
    await send_due()
    assert (await again(action)).state == "done"
    assert backend.state(sandbox.sandbox_id) == "gone"


async def test_an_answer_that_got_lost_keeps_it_condemned_until_a_look(backend, kills):
    sandbox = await backend.held(backend.make())
    fault = backend.simulator.faults.add(Fault(status=502, method="DELETE"))
    action = await ask(sandbox)
    await send_due()
    backend.simulator.faults.remove(fault)
    unknown = await again(action)
    assert (unknown.state, unknown.sandbox.lock.pending_action_id) == ("sent", action.pk)
    assert await send_due() == 0
    await come_due(action)
    await send_due()  # looks: it is alive
    assert (await again(action)).state == "queued"
    await come_due(action)
    await send_due()
    assert (await again(action)).state == "done"
    assert backend.state(sandbox.sandbox_id) == "gone"


async def test_while_e2b_does_not_answer_the_look_it_stays_condemned(backend):
    sandbox = await backend.held(backend.make())
    backend.simulator.faults.add(Fault(status=400, path=f"/sandboxes/{sandbox.sandbox_id}"))
    action = await ask(sandbox)
    claims = await sync_to_async(claim_due)(datetime.now(UTC), backend.account)
    assert len(claims) == 1  # and the worker dies here
    await come_due(action)
    await send_due()
    unseen = await again(action)
    assert (unseen.state, unseen.sandbox.lock.pending_action_id) == ("sent", action.pk)
    assert "does not answer" in unseen.error


async def test_a_crash_before_sending_loses_nothing(backend, kills):
    sandbox = await backend.held(backend.make())
    action = await ask(sandbox)
    assert await sync_to_async(claim_due)(datetime.now(UTC), backend.account)
    assert await send_due() == 0
    for _ in range(2):  # a look, then the sending
        await come_due(action)
        await send_due()
    assert (await again(action)).state == "done"
    assert kills == [sandbox.sandbox_id]


async def test_a_crash_after_sending_sends_nothing_twice(backend, kills):
    sandbox = await backend.held(backend.make())
    action = await ask(sandbox)
    assert await sync_to_async(claim_due)(datetime.now(UTC), backend.account)
    backend.call("DELETE", f"/sandboxes/{sandbox.sandbox_id}")  # sent, and the worker dies
    await come_due(action)
    await send_due()
    done = await again(action)
    assert (done.state, done.outcome) == ("done", "killed")
    assert kills == []


async def test_a_sender_whose_claim_has_been_taken_over_sends_nothing(backend):
    sandbox = await backend.held(backend.make())
    await ask(sandbox)
    (claim,) = await sync_to_async(claim_due)(datetime.now(UTC), backend.account)
    assert await sync_to_async(still_mine)([claim], datetime.now(UTC))
    assert not await sync_to_async(still_mine)([claim], claim.until)
    await SandboxLock.objects.filter(pk=sandbox.lock_id).aupdate(claim_number=claim.number + 1)
    assert not await sync_to_async(still_mine)([claim], datetime.now(UTC))


async def test_two_workers_send_one_delete(backend, kills):
    made = [backend.make() for _ in range(12)]
    await backend.sync()
    async for sandbox in Sandbox.objects.filter(sandbox_id__in=made):
        await ask(sandbox)
    await asyncio.gather(send_due(), send_due())
    assert len(kills) == 12
    assert len(set(kills)) == 12


@pytest.fixture
def slow_pause(monkeypatch):
    """A pause that takes until somebody says so: whether it began, and the word."""
    began, over = asyncio.Event(), asyncio.Event()
    pause = E2BClient.pause

    async def slowly(self, *given, **more):
        began.set()
        await over.wait()
        return await pause(self, *given, **more)

    monkeypatch.setattr(E2BClient, "pause", slowly)
    return began, over


@pytest.mark.parametrize("lingers", [3600.0, -1.0], ids=["by the same round", "by the next round"])
async def test_kill_does_not_wait_for_another_sandbox_s_slow_pause(backend, kills, slow_pause, lingers, monkeypatch):
    monkeypatch.setattr(sending, "LINGER_SECONDS", lingers)
    monkeypatch.setattr(sending, "ASK_AGAIN_SECONDS", 0.01)
    began, over = slow_pause
    large, other = await backend.held(backend.make()), await backend.held(backend.make())
    paused = await ask(large, "pause")
    first = asyncio.create_task(send_due())
    await began.wait()
    killed = await ask(other)
    async with asyncio.timeout(20):
        while not kills:
            if lingers < 0:
                await send_due()
            await asyncio.sleep(0.01)
    assert (await again(paused)).state == "sent"
    assert not first.done()
    over.set()
    await first
    assert (await again(paused)).outcome == "paused"
    assert (await again(killed)).outcome == "killed"


async def test_repeated_failure_stops_with_a_clear_state(backend, monkeypatch):
    sandbox = await backend.held(backend.make())
    backend.simulator.faults.add(Fault(status=503, method="DELETE"))
    action = await ask(sandbox)
    for _ in range(2 * MOST_ATTEMPTS):
        await come_due(action)
        await send_due()
    failed = await again(action)
    assert (failed.state, failed.attempts) == ("failed", MOST_ATTEMPTS)
    assert failed.error.startswith(f"Gave up after {MOST_ATTEMPTS} attempts")
    assert failed.sandbox.lock.pending_action_id is None


async def test_a_kill_that_kills_nothing_is_an_alarm_once_and_no_loop(backend, kills, monkeypatch):
    from sandboxes.e2b import Answer, E2BClient

    async def says_yes(self, sandbox_id, **given):
        kills.append(sandbox_id)
        return Answer(204, datetime.now(UTC), datetime.now(UTC))

    monkeypatch.setattr(E2BClient, "kill", says_yes)
    sandbox = await backend.held(backend.make())
    action = await ask(sandbox)
    await send_due()
    for _ in range(MOST_LOOKS + 3):
        await backend.sync()
        await come_due(action)
        await send_due()
    failed = await again(action)
    assert (failed.state, failed.outcome) == ("failed", "not_confirmed")
    assert "still" in failed.error or "checks later" in failed.error
    assert failed.sandbox.lock.pending_action_id is None
    assert kills == [sandbox.sandbox_id]


async def test_one_that_comes_back_is_told(backend):
    sandbox = await backend.held(backend.make())
    action = await ask(sandbox)
    await send_due()
    await backend.sync()
    await send_due()
    await Sandbox.objects.filter(pk=sandbox.pk).aupdate(state="running")
    await backend.sync()
    await Sandbox.objects.filter(pk=sandbox.pk).aupdate(state="running")
    await send_due()
    failed = await again(action)
    assert (failed.state, failed.outcome) == ("failed", "came_back")


async def test_error_of_an_account_with_nothing_left_to_send_goes(backend):
    await sync_to_async(accounts.health_of)(backend.account)
    await sync_to_async(round_errors.store)(backend.account, "act", E2BError("502"), datetime.now(UTC))
    await send_due()
    assert (await AccountHealth.objects.aget(account=backend.account)).round_errors == {}
