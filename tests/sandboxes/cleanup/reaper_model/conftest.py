"""The stack under the model: a simulated E2B on driven time, and our own steps made to crash and to be looked at."""

from contextlib import asynccontextmanager

import pytest


@pytest.fixture
def world(mailbox, monkeypatch):
    from sandboxes.actions import claims, confirming, sending, settling
    from sandboxes.cleanup import reaper
    from sandboxes.cleanup.reaper import marks
    from sandboxes.core import locks
    from sandboxes.e2b import E2BClient
    from sandboxes.models import Action
    from simulator import ManualClock, empty
    from simulator.served import served
    from tests.sandboxes.cleanup.reaper_model.machine import START, Broken, Fleet, World

    running = lambda: Fleet.now_running  # noqa: E731
    kill, claim, settle, mark = E2BClient.kill, claims.claim_due, settling.settle, marks.mark
    release, confirm, lock = reaper.acting.conclude, confirming.confirm_answered, locks.lock

    async def killed(self, sandbox_id, **given):
        try:
            running().a_delete_leaves(sandbox_id)
        except AssertionError as wrong:
            raise Broken(str(wrong)) from wrong
        running().crash_if("before the DELETE")
        answer = await kill(self, sandbox_id, **given)
        running().answered.add(sandbox_id)
        running().crash_if("after the DELETE")
        return answer

    def claimed(*given, **more):
        found = claim(*given, **more)
        if found:
            running().crash_if("claimed")
        return found

    def settled(*given, **more):
        running().crash_if("settling")
        return settle(*given, **more)

    def marked(*given, **more):
        found = mark(*given, **more)
        running().crash_if("marking")
        return found

    def released(*given, **more):
        queued = release(*given, **more)
        if queued:
            running().crash_if("released")
        return queued

    async def confirmed(account):
        if await Action.objects.filter(state="done").aexists():
            running().crash_if("confirming")
        await confirm(account)

    @asynccontextmanager
    async def locked(*given):
        async with lock(*given) as ours:
            yield ours or running().without_turns

    monkeypatch.setattr(reaper.acting, "conclude", released)
    monkeypatch.setattr(confirming, "confirm_answered", confirmed)
    monkeypatch.setattr(reaper.round, "lock", locked)
    monkeypatch.setattr(E2BClient, "kill", killed)
    monkeypatch.setattr(sending, "claim_due", claimed)
    monkeypatch.setattr(sending, "settle", settled)
    monkeypatch.setattr(marks, "mark", marked)
    with served(empty(), ManualClock(START.timestamp())) as it:
        world = World(it)
        monkeypatch.setattr(Fleet, "world", world, raising=False)
        Fleet.reached.clear()
        yield world
