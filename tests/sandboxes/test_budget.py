"""Every Celery task has a budget of time, and what waits for backends a worker of its own."""

import asyncio

import pytest
from celery import current_app
from django.conf import settings

from sandboxes import budget

OUTBOUND = {
    "events.tasks.take_in_answers", "dashboard.tasks.probe_api",
    "events.tasks.sync", "events.tasks.reconcile", "events.tasks.why_they_died", "events.tasks.tend_webhooks",
    "sandboxes.tasks.act", "sandboxes.tasks.backfill", "sandboxes.tasks.backfill_looked_at",
}  # fmt: skip


@pytest.fixture
def tasks():
    current_app.loader.import_default_modules()
    return {name: task for name, task in current_app.tasks.items() if not name.startswith("celery.")}


def test_every_task_has_time_limits(tasks):
    assert len(tasks) >= 13
    without = [name for name, task in tasks.items() if not 0 < (task.soft_time_limit or 0) < (task.time_limit or 0)]
    assert not without


def test_what_waits_for_backends_has_a_queue_of_its_own(tasks):
    route = current_app.amqp.router.route
    queues = {name: route({}, name)["queue"].name for name in tasks}
    assert {name for name, queue in queues.items() if queue == settings.OUTBOUND_QUEUE} == OUTBOUND
    assert {queue for name, queue in queues.items() if name not in OUTBOUND} == {settings.CELERY_TASK_DEFAULT_QUEUE}


def test_work_past_its_budget_is_cancelled_and_told(caplog):
    ended = []

    async def hangs():
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(True)

    budget.run(hangs, seconds=0.01)
    assert ended == [True]
    assert "hangs was not finished within 0 s" in caplog.text


def test_timeout_of_the_work_itself_is_raised():
    async def fails():
        raise TimeoutError("its own")

    with pytest.raises(TimeoutError, match="its own"):
        budget.run(fails, seconds=5)
