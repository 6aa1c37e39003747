"""Whoever looks at a sandbox has its past fetched first, once, and is never kept waiting for it."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from celery import current_app

from sandboxes.metrics.series import backfill, look_at, past, sandbox_metrics
from sandboxes.models import MetricSeries, Sandbox
from simulator import Fault, ManualClock, empty
from simulator.served import served
from tests.support import records
from tests.support.watching import account_at, on_record, run

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("mailbox")]
HOUR = 3600


@pytest.fixture
def stack():
    with served(empty(), ManualClock(time.time() - 30 * HOUR)) as it:
        yield it


@pytest.fixture
def account(stack):
    records.price()
    return account_at(stack)


@pytest.fixture
def woken(monkeypatch):
    """What the workers are sent: (task, arguments)."""
    sent = []
    monkeypatch.setattr(current_app, "send_task", lambda name, args=(), **_: sent.append((name, list(args))))
    return sent


def lived(stack, account, hours: float = 30, **fields):
    simulated = stack.simulator.create(timeout=40 * HOUR, **fields)
    stack.simulator.advance(hours * HOUR)
    return on_record(account, simulated)


def test_a_look_wakes_a_worker_once_and_the_past_is_there(stack, account, woken):
    kept = lived(stack, account)
    assert look_at(kept.pk)
    assert look_at(kept.pk)
    assert woken == [("sandboxes.tasks.backfill_looked_at", [account.pk])]
    run(backfill.backfill_looked_at(account.pk))
    assert set(MetricSeries.objects.values_list("source", flat=True)) == {"backfill"}
    now = datetime.now(UTC)
    hour = sandbox_metrics(kept.pk, now - timedelta(hours=2), now - timedelta(hours=1))
    assert len(hour.t) >= 700, "every 5 s"
    assert len(sandbox_metrics(kept.pk, now - timedelta(hours=29), now - timedelta(hours=25)).t) >= 470, "every 30 s"
    assert not look_at(kept.pk), "all is known"
    assert len(woken) == 1


def test_what_is_looked_at_goes_before_all_other(stack, account, woken, monkeypatch):
    made = [stack.simulator.create(timeout=40 * HOUR) for _ in range(4)]
    stack.simulator.advance(30 * HOUR)
    kept = [on_record(account, one) for one in made]
    order, fetch = [], backfill.fetch

    async def noted(client, one, found):
        order.append(one.key)
        await fetch(client, one, found)

    monkeypatch.setattr(backfill, "fetch", noted)
    look_at(kept[1].pk)
    look_at(kept[3].pk)
    run(backfill.backfill_some())
    assert set(order[:2]) == {kept[1].pk, kept[3].pk}
    assert sorted(order) == sorted(one.pk for one in kept), "each once"


def test_no_window_of_a_look_is_an_hour_long_and_what_we_hold_is_not_asked_for(stack, account, woken):
    kept = lived(stack, account)
    now = datetime.now(UTC)
    for minute in range(60):
        at = (now - timedelta(minutes=180 - minute)).replace(second=30)
        records.frame({kept.pk: records.Reading(5.0)}, at=at, of=account)
    (one,) = past.wanted_of(account.pk, [kept.pk], now)
    day, began = (now - timedelta(days=1)).timestamp(), (now - timedelta(minutes=179)).timestamp()
    assert {window.end - window.start < HOUR for window in one.windows if window.start >= day} == {True}
    ours = [window for window in one.windows if window.start < began + 57 * 60 and window.end > began + 60]
    assert ours == []


def test_one_that_cannot_be_served_now_is_left_to_the_rounds(stack, account, woken):
    kept = lived(stack, account)
    look_at(kept.pk)
    stack.simulator.faults.add(Fault(401, path="/sandboxes/"))
    run(backfill.backfill_looked_at(account.pk))
    assert Sandbox.objects.get().backfilled_from is None
    stack.simulator.faults.clear()
    assert look_at(kept.pk)
    assert len(woken) == 2
    run(backfill.backfill_looked_at(account.pk))
    assert Sandbox.objects.get().backfilled_from is not None


def test_without_redis_a_look_is_no_error(stack, account, settings):
    kept = lived(stack, account, hours=1)
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    assert not look_at(kept.pk)
