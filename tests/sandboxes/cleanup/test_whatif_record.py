"""The record that a preview replays: a run that only lists have shown has its sandbox's size, and so its cost."""

import time
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from asgiref.sync import async_to_sync

from events import observe
from events.writing import context
from sandboxes.cleanup import whatif
from sandboxes.cost import Question, spend
from sandboxes.models import Account, AccountHealth, Execution, Sandbox
from sandboxes.policies import parse
from simulator import DEFAULT_API_KEY, ManualClock, empty
from tests.support import records

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("mailbox")]
HOUR = timedelta(hours=1)


@pytest.fixture
def seen(serve_simulator):
    """A sandbox that began three hours ago, known by E2B's list alone, on a record that reaches back for weeks."""
    context.forget()
    now = datetime.fromtimestamp(int(time.time()), UTC)
    backend = serve_simulator(empty(), ManualClock((now - 3 * HOUR).timestamp()))
    records.price()
    account = records.account("prod", url=backend.url, api_key=DEFAULT_API_KEY)
    AccountHealth.objects.create(account=account)
    long_ago = records.sandbox(
        of=account, started_at=now - timedelta(days=9), state="ended", ended_at=now - timedelta(days=8)
    )
    long_ago.executions.create(key="x", started_at=long_ago.started_at, ended_at=long_ago.ended_at)
    made = backend.simulator.create(timeout=86_000)
    backend.simulator.advance(3 * 3600)
    async_to_sync(observe.sync)(account)
    sandbox = Sandbox.objects.get(sandbox_id=made.id)
    return SimpleNamespace(now=now, account=Account.objects.get(pk=account.pk), sandbox=sandbox)


def previewed(now, action="kill"):
    spec = parse({"name": "old", "action": action, "grace_seconds": 0, "orphan_when": {"older_than_seconds": 3600}})
    return whatif.preview(spec, now).history


def cost_of(sandbox, seconds):
    """In USD, at E2B's price of August 2026: that of `records.price`."""
    assert sandbox.cpu_count
    assert sandbox.memory_mb
    return seconds * (float(sandbox.cpu_count) * 0.000014 + sandbox.memory_mb / 1024 * 0.0000045)


@pytest.mark.parametrize("action", ["kill", "pause"])
def test_preview_saves_what_an_observed_run_costs(seen, action):
    run = Execution.objects.get(sandbox=seen.sandbox)
    assert (run.cpu_count, run.memory_mb) == (None, None)
    (outcome,) = previewed(seen.now, action).outcomes
    two_hours = cost_of(seen.sandbox, seconds=2 * 3600)  # it is an orphan after one of its three
    assert (seen.now - outcome.at).total_seconds() == 2 * 3600
    assert outcome.saved_usd == pytest.approx(two_hours, abs=1e-6)
    assert float(spend(Question(outcome.at, seen.now), seen.now).total_usd) == pytest.approx(two_hours, abs=1e-6)


def test_preview_knows_the_size_of_one_without_a_run_on_record(seen):
    saved = previewed(seen.now).saved_usd
    Execution.objects.filter(sandbox=seen.sandbox).delete()
    assert previewed(seen.now).saved_usd == saved > 0


def test_a_run_s_own_size_counts_before_its_sandbox_s(seen):
    saved = previewed(seen.now).saved_usd
    size = {"cpu_count": 2 * seen.sandbox.cpu_count, "memory_mb": 2 * seen.sandbox.memory_mb}
    Execution.objects.filter(sandbox=seen.sandbox).update(**size)
    assert previewed(seen.now).saved_usd == pytest.approx(2 * saved, abs=1e-6)
