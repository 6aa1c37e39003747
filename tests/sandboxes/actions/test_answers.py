"""What a backend's odd answers to our own calls make of an action."""

from datetime import timedelta

import pytest
from asgiref.sync import sync_to_async
from django.utils import timezone

from events.observe import sync
from sandboxes.actions import Actor, request
from sandboxes.actions.sending import send_due
from sandboxes.fleet.search import find
from sandboxes.models import Account, Action, Sandbox
from tests.sandboxes.cleanup.test_reaper_dialects import look_again, odd

__all__ = ["odd"]
ANNA = Actor("user", "anna")


async def asked(odd, kind, state="running", **given):
    """An action on a sandbox of ours, sent once."""
    odd.put("i1", state=state)
    await sync(odd.watched)
    box = await Sandbox.objects.select_related("account", "lock").aget(sandbox_id="i1")
    await sync_to_async(request)(box, kind, ANNA, **given)
    await send_due()


def error(status, code=""):
    return status, {"code": status, "message": "no", "error_code": code}, {}


async def test_rejected_pause_is_tried_once_and_shown(odd):
    odd.answers["/sandboxes/i1/pause"] = error(503)
    await asked(odd, "pause")
    await look_again()
    action = await Action.objects.aget()

    assert (action.state, action.outcome) == ("failed", "rejected")
    assert "the sandbox still runs" in action.error
    assert odd.asked("POST", "/sandboxes/i1/pause") == 1


async def test_rejected_pause_that_killed_is_said_to_be_ours(odd):
    odd.answers["/sandboxes/i1/pause"] = error(503)
    await asked(odd, "pause")
    del odd.sandboxes["i1"]
    await look_again()
    await sync(odd.watched)
    action, row = await Action.objects.aget(), await sync_to_async(find)("i1")

    assert (action.state, action.outcome) == ("failed", "killed")
    assert row is not None
    assert row.ended_by is not None
    assert (row.state, row.ended_by.action_id) == ("ended", action.pk)


async def test_act_that_never_reached_the_backend_says_so(odd):
    odd.put("i1")
    await sync(odd.watched)
    box = await Sandbox.objects.select_related("account", "lock").aget(sandbox_id="i1")
    await sync_to_async(request)(box, "kill", ANNA)
    odd.watched.url = "http://127.0.0.1:9"
    await odd.watched.asave()
    await Action.objects.aupdate(attempts=4)
    await send_due()
    action = await Action.objects.aget()

    assert (action.state, action.outcome) == ("failed", "never_sent")


async def test_resume_answered_for_another_sandbox_is_no_success(odd):
    odd.answers["/sandboxes/i1/connect"] = (201, {"sandboxID": "i2", "envdAccessToken": "secret"}, {})
    await asked(odd, "resume", state="paused")
    action = await Action.objects.aget()

    assert (action.state, action.outcome) == ("failed", "other_sandbox")
    assert "i2" in action.error
    assert "secret" not in action.error


async def test_snapshot_that_does_not_wake_says_what_to_do(odd):
    odd.answers["/sandboxes/i1/connect"] = error(409, "sandbox_snapshot_guest_agent_unresponsive")
    await asked(odd, "resume", state="paused")
    action = await Action.objects.aget()

    assert (action.state, action.outcome) == ("failed", "guest_unresponsive")
    assert "resume without memory" in action.error


@pytest.mark.parametrize("memory", [True, False])
async def test_resume_without_memory_asks_for_a_fresh_start(odd, memory):
    await asked(odd, "resume", state="paused", memory=memory)

    assert odd.bodies[-1].get("memory", True) is memory


async def test_pause_that_was_answered_shows_the_capability(odd):
    await asked(odd, "pause")

    assert (await Account.objects.aget()).capabilities["pause"] is True


async def test_rejected_key_leaves_the_act_to_its_next_try(odd):
    """Somebody replaces the key within the half minute, and what was asked for is done after all."""
    odd.answers["/sandboxes/i1"] = error(401)
    began = timezone.now()
    await asked(odd, "kill")
    waits = await Action.objects.aget()
    assert (waits.state, waits.attempts, odd.asked("DELETE", "/sandboxes/i1")) == ("queued", 1, 1)
    assert "Check the account's API key" in waits.error
    assert waits.next_attempt_at is not None
    assert timedelta(seconds=29) < waits.next_attempt_at - began < timedelta(seconds=60)

    del odd.answers["/sandboxes/i1"]
    await Action.objects.aupdate(next_attempt_at=began)
    await send_due()
    done = await Action.objects.aget()
    assert (done.state, done.outcome, done.error) == ("done", "killed", "")


@pytest.mark.parametrize(("status", "attempts"), [(401, 5), (403, 1)])
async def test_key_that_stays_rejected_fails_the_act(odd, status, attempts):
    """401 at its last attempt; 403 at the first: a key that is known and may not do this is no passing trouble."""
    odd.answers["/sandboxes/i1"] = error(status)
    await asked(odd, "kill")
    if status == 401:
        await Action.objects.aupdate(next_attempt_at=timezone.now(), attempts=attempts - 1)
        await send_due()
    action = await Action.objects.aget()
    assert (action.state, action.outcome, action.attempts) == ("failed", "refused", attempts)
