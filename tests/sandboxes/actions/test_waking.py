"""Sandboxes that wake on traffic: known from the look at one, told before a pause, and one alarm when one has woken."""

from datetime import UTC, datetime

import pytest
from asgiref.sync import sync_to_async

from dashboard.actions import confirm_dialog
from sandboxes.actions.sending import send_due
from sandboxes.cleanup.whatif.now import fleets_of, judged_now
from sandboxes.models import Action, Policy, Sandbox
from sandboxes.policies import parse
from tests.support.reaping import act, grace_is_over, only, policy, spec_with


async def made(backend, *, wakes):
    box = backend.simulator.create(timeout=600, auto_resume=wakes)
    return await backend.held(box.id)


async def resumed(backend, sandbox_id):
    backend.call("POST", f"/sandboxes/{sandbox_id}/connect", json={"timeout": 300})
    await backend.sync()
    await send_due()


@pytest.mark.parametrize("wakes", [True, False])
async def test_the_look_before_a_pause_tells_and_the_evidence_says_so(backend, wakes):
    box = await made(backend, wakes=wakes)
    assert box.auto_resume is None
    await policy(action="pause")
    await act()
    await box.arefresh_from_db()
    assert box.auto_resume is wakes
    told = [reason["rule"] for reason in (await only(kind="pause")).evidence]
    assert ("auto_resume" in told) is wakes


async def test_a_mark_says_so_where_it_is_known_already(backend):
    await made(backend, wakes=True)
    await Sandbox.objects.aupdate(auto_resume=True)
    await policy(action="pause", grace_seconds=600)
    await act()
    assert (await only(kind="pause")).evidence[-1]["rule"] == "auto_resume"


async def test_the_question_and_the_preview_count_them(backend):
    box, _ = await made(backend, wakes=True), await made(backend, wakes=False)
    await Sandbox.objects.filter(pk=box.pk).aupdate(auto_resume=True)
    keys = [pk async for pk in Sandbox.objects.values_list("pk", flat=True)]
    now = datetime.now(UTC)
    asked = await sync_to_async(confirm_dialog.about)("pause", keys, now)
    assert (asked.wake, (await sync_to_async(confirm_dialog.about)("kill", keys, now)).wake) == (1, 0)
    fleets = await sync_to_async(fleets_of)([backend.account])
    for action, count in (("pause", 1), ("kill", 0)):
        spec = parse(spec_with(action=action))
        assert (await sync_to_async(judged_now)(spec, fleets, now)).wake == count


async def test_one_that_runs_again_after_our_pause_is_an_alarm_once_and_not_paused_again(backend):
    box = await made(backend, wakes=True)
    await policy(action="pause")
    await act()
    await backend.sync()
    await send_due()
    assert (await only()).state == "confirmed"
    await resumed(backend, box.sandbox_id)
    alarm = await only()
    assert (alarm.state, alarm.outcome) == ("failed", "woke_again")
    assert "autoResume" in alarm.error
    for _ in range(3):
        await grace_is_over()
        await act()
    assert await Action.objects.acount() == 1
    assert backend.state(box.sandbox_id) == "running"


async def test_one_that_a_person_resumed_is_no_alarm(backend):
    from sandboxes.actions import Actor, request

    box = await made(backend, wakes=False)
    await policy(action="pause")
    await act()
    await backend.sync()
    await send_due()
    await Policy.objects.aupdate(enabled=False)
    held = await Sandbox.objects.select_related("lock", "account").aget(pk=box.pk)
    await sync_to_async(request)(held, "resume", Actor("user", "anna"), seconds=300)
    await send_due()
    await backend.sync()
    await send_due()
    assert (await only(kind="pause")).state == "confirmed"
