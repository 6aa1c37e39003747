"""After a restore nothing is killed on what was known at the backup: all that could act stands still."""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from asgiref.sync import sync_to_async
from django.db import connection, connections

from dashboard.system import heartbeat
from runner.backup import BackupError, archive, dump, load
from runner.backup.programs import Database
from sandboxes.actions import machine
from sandboxes.actions.sending import send_due
from sandboxes.cleanup import freezing, reaper, restored
from sandboxes.models import Action, BulkRequest, Execution, Freeze, Sandbox
from tests.support import reaping


def here() -> Database:
    """The database of this test."""
    url = os.environ["DATABASE_URL"]
    return Database(url.replace("/sandwarden?", f"/{connection.settings_dict['NAME']}?"))


@pytest.fixture
def restore(tmp_path: Path) -> Callable[[], None]:
    """Makes a backup now; called, it puts everything back as it is now."""
    file = tmp_path / "backup.tar"
    held = dump.write(file, here())

    def put_back() -> None:
        connections.close_all()
        assert archive.read(file) == held
        load.load(file, here(), restored.statements(held.made_at))

    return put_back


@pytest.fixture
async def fleet(backend):
    """A mark whose grace is over, a person's kill that waits, one that was sent without an answer, and the rest."""
    names = [backend.make() for _ in range(5)]
    boxes = [await backend.held(name) for name in names]
    policy = await reaping.policy(max_fleet_fraction=1.0)
    await sync_to_async(make)(backend.account, boxes, policy)
    return names


def make(account, boxes, policy):
    from tests.support import records

    marked, asked, sent, _, _ = boxes
    records.action(
        marked, state="grace", kind="kill", policy=policy, policy_version=policy.version, actor_kind="policy"
    )
    records.action(asked, state="queued", kind="kill")
    under_way = records.action(sent, state="sent", kind="kill", attempts=1)
    for box, action in ((sent, under_way), (asked, Action.objects.get(sandbox=asked))):
        box.lock.pending_action = action
        box.lock.save()
    BulkRequest.objects.create(
        bulk_id="8f0d5a2e-6f1c-4a35-9d0b-0a4f0f2f6a11", kind="kill", actor_kind="user", actor_name="ada",
        keys=[boxes[3].pk], requested_at=under_way.requested_at,
    )  # fmt: skip


async def rounds(backend):
    """What a started stack does, twice over."""
    from sandboxes.actions import bulk

    for _ in range(2):
        await sync_to_async(heartbeat.beat)()
        await backend.sync()
        await reaper.run_all()
        await sync_to_async(bulk.carry_on_all)()
        await send_due()


async def test_nothing_is_killed_on_old_knowledge(fleet, backend, kills, restore):
    await sync_to_async(restore)()
    await rounds(backend)
    assert kills == []
    assert [backend.state(name) for name in fleet] == ["running"] * 5
    assert await reaping.states() == ["cancelled", "cancelled", "failed"]
    failed = await reaping.only(state="failed")
    assert "not sent again after a restore" in failed.error


async def test_owner_may_lease_what_was_condemned_and_lives(fleet, backend, restore):
    await sync_to_async(restore)()
    await rounds(backend)
    assert await Sandbox.objects.filter(lock__pending_action=None).acount() == 5


async def test_policies_stand_still_until_somebody_lifts_the_freeze(fleet, backend, kills, restore):
    await sync_to_async(restore)()
    await rounds(backend)
    freeze = await Freeze.objects.aget(lifted_at=None)
    assert freeze.by == "restore"
    assert freeze.reason.startswith("restored from the backup of 2")
    await sync_to_async(freezing.lift)("ada")
    await rounds(backend)
    assert kills, "the policy acts again, on what is known now"


async def test_freeze_of_before_the_backup_stays(backend, tmp_path):
    await sync_to_async(freezing.freeze)("ada", "ours")
    file = tmp_path / "backup.tar"
    held = await sync_to_async(dump.write)(file, here())
    await sync_to_async(connections.close_all)()
    await sync_to_async(load.load)(file, here(), restored.statements(held.made_at))
    assert [one.by async for one in Freeze.objects.all()] == ["ada"]


async def test_what_happened_since_is_learned_from_the_backend(fleet, backend, restore):
    backend.call("DELETE", f"/sandboxes/{fleet[2]}")
    later = backend.make()
    await sync_to_async(restore)()
    await rounds(backend)
    assert (await Sandbox.objects.aget(sandbox_id=later)).state == "running"
    assert (await reaping.only(sandbox__sandbox_id=fleet[2])).state in ("done", "confirmed")
    assert await Execution.objects.acount() == 6


async def test_samples_of_the_time_between_are_asked_for_again(fleet, restore):
    await Sandbox.objects.aupdate(backfilled_from=datetime(2026, 11, 1, tzinfo=UTC))
    await sync_to_async(restore)()
    assert await Sandbox.objects.filter(backfilled_from=None).acount() == len(fleet)


async def test_damaged_load_leaves_the_database_as_it_was(fleet, restore, tmp_path):
    before = await Sandbox.objects.acount()
    await sync_to_async(connections.close_all)()
    with pytest.raises(BackupError, match="the database is as it was"):
        await sync_to_async(load.load)(tmp_path / "backup.tar", here(), "SELECT 1 / 0;")
    assert await Sandbox.objects.acount() == before
    assert await reaping.states() == ["grace", "queued", "sent"]


def test_statements_leave_no_action_that_could_be_sent():
    assert {*machine.CANCELLABLE, Action.State.SENT} == set(Action.OPEN)
