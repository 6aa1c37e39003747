"""The freeze switch: policies start nothing, marks stand still, people go on."""

from datetime import UTC, datetime, timedelta

import pytest
from asgiref.sync import sync_to_async

from sandboxes.actions.sending import send_due
from sandboxes.cleanup import freezing, reaper
from sandboxes.core import live
from sandboxes.models import Action, Freeze, Verdict
from tests.support.reaping import act, only, policy, states


@sync_to_async
def freeze(reason="an incident"):
    return freezing.freeze("ada", reason)


@sync_to_async
def lift(now=None):
    return freezing.lift("bob", now)


async def test_while_frozen_a_policy_judges_but_marks_and_kills_nobody(backend, kills):
    orphan = backend.make()
    await backend.held(orphan)
    await freeze()
    written = await policy()
    await act()
    assert await Verdict.objects.filter(until=None).acount() == 1
    assert await states() == []
    assert kills == []
    await written.arefresh_from_db()
    assert written.held_why == "everything is frozen by ada: an incident"
    await lift()
    await act()
    assert kills == [orphan]


async def test_freeze_and_its_end_are_published_to_open_pages(backend, monkeypatch):
    told = []
    monkeypatch.setattr(live, "publish", lambda kind, account, body: told.append((kind, account, body)))
    frozen = await freeze()
    await freeze("again")
    await lift()
    await lift()
    assert told == [("freeze", 0, {"at": frozen.at.timestamp()}), ("freeze", 0, {"at": None})]


async def test_marks_stand_still_and_have_as_long_to_go_afterwards(backend, kills):
    await backend.held(backend.make())
    await policy(grace_seconds=60)
    await reaper.run_all()
    due = (await only()).act_at
    frozen = await freeze()
    await Action.objects.aupdate(act_at=datetime.now(UTC) - timedelta(seconds=1))
    await act()
    assert await states() == ["grace"]
    assert kills == []
    await Action.objects.aupdate(act_at=due)
    await lift(frozen.at + timedelta(minutes=10))
    assert (await only()).act_at == due + timedelta(minutes=10)


async def test_what_a_policy_had_queued_is_called_off(backend, kills):
    await backend.held(backend.make())
    await policy()
    await reaper.run_all()
    assert await states() == ["queued"]
    await freeze()
    await send_due()
    action = await only()
    assert (action.state, action.outcome) == ("cancelled", "void: everything is frozen by ada: an incident")
    assert kills == []


async def test_what_is_queued_by_a_round_that_ran_on_is_not_sent(backend, kills):
    await backend.held(backend.make())
    await policy()
    await reaper.run_all()
    await Freeze.objects.acreate(at=datetime.now(UTC), by="ada")
    await send_due()
    assert (await only()).outcome == "void: everything is frozen"
    assert kills == []


async def test_a_persons_kill_goes_through(backend, kills):
    from sandboxes.actions.actor import Actor
    from sandboxes.actions.requests import request

    orphan = backend.make()
    held = await backend.held(orphan)
    await freeze()
    await sync_to_async(request)(held, "kill", Actor("user", "ada"))
    await send_due()
    assert kills == [orphan]


@pytest.mark.django_db
def test_a_second_freeze_keeps_the_first_and_lifting_nothing_is_nothing():
    first = freezing.freeze("ada", "one")
    assert freezing.freeze("bob", "two") == first
    lifted = freezing.lift("bob")
    assert lifted is not None
    assert lifted.lifted_by == "bob"
    assert freezing.lift("bob") is None
    assert freezing.current() is None
