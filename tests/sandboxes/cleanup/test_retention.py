"""Ended sandboxes go after 400 days with all that hangs on them; the living and the open stay."""

from datetime import UTC, datetime, timedelta

import pytest

from sandboxes.cleanup import retention
from sandboxes.models import Account, Action, Execution, Sandbox, SandboxLock

NOW = datetime(2026, 11, 1, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=401)

pytestmark = pytest.mark.django_db


def sandbox(name, **values):
    """A sandbox with one run and its lock."""
    account = Account.objects.get_or_create(name="prod", defaults={"url": "http://127.0.0.1:9"})[0]
    lock = SandboxLock.objects.create(sandbox_id=name)
    times = {"created_at": LONG_AGO, "started_at": LONG_AGO, "first_seen_at": LONG_AGO}
    made = Sandbox.objects.create(account=account, lock=lock, sandbox_id=name, **times, **values)
    Execution.objects.create(sandbox=made, key="x", started_at=LONG_AGO)
    return made


def action(of, state):
    """An action of long ago."""
    return Action.objects.create(
        kind="kill", state=state, account=of.account, sandbox=of, actor_kind="user", actor_name="a",
        requested_at=LONG_AGO,
    )  # fmt: skip


def test_it_works():
    sandbox("old", state="ended", ended_at=LONG_AGO)
    young = sandbox("young", state="ended", ended_at=NOW - timedelta(days=399))
    alive = sandbox("alive", state="running")
    assert retention.apply(NOW)["sandboxes"] == 1
    assert set(Sandbox.objects.all()) == {young, alive}
    assert Execution.objects.count() == SandboxLock.objects.count() == 2


def test_actions_that_are_over_go_and_open_ones_stay():
    alive = sandbox("alive", state="running")
    action(alive, "confirmed")
    kept = action(alive, "sent")
    assert retention.apply(NOW)["actions"] == 1
    assert Action.objects.get() == kept
