"""Every Celery task has a budget of time, and what waits for backends a worker of its own."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from asgiref.sync import sync_to_async
from celery import current_app
from django.conf import settings
from django.db import connections

from config.roles import __main__ as roles
from sandboxes.core import budget
from sandboxes.models import Account

OUTBOUND = {
    "events.tasks.take_in_answers", "dashboard.tasks.probe_api", "dashboard.tasks.call_heartbeat",
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


def test_every_thread_of_a_process_that_plays_all_roles_has_a_connection():
    threads = roles.ACTS_THREADS + roles.WORK_THREADS + 2  # and those that count the fleet and notify
    assert settings.DATABASES["default"]["OPTIONS"]["pool"]["max_size"] > threads


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


def test_slow_query_of_one_task_holds_up_no_other():
    """All tasks of the outbound worker are threads of one process: their database work must not share a thread."""
    begun, may_end = threading.Event(), threading.Event()

    def slow():
        begun.set()
        assert may_end.wait(30)

    async def blocked():
        await sync_to_async(slow)()

    async def other():
        await sync_to_async(may_end.set)()

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(budget.run, blocked, seconds=60)
        assert begun.wait(30)
        try:
            pool.submit(budget.run, other, seconds=10).result(20)
            first.result(20)
        finally:
            may_end.set()


@pytest.mark.django_db(transaction=True)
def test_connection_of_a_task_is_closed_with_it():
    held = []

    async def asks():
        await sync_to_async(Account.objects.count)()
        held.append(await sync_to_async(lambda: connections["default"])())

    budget.run(asks, seconds=10)
    assert held[0].connection is None


def test_timeout_of_the_work_itself_is_raised():
    async def fails():
        raise TimeoutError("its own")

    with pytest.raises(TimeoutError, match="its own"):
        budget.run(fails, seconds=5)
