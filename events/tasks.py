"""Celery tasks of the record: each says when, the named function does the work."""

import asyncio

from celery import shared_task

from events import causes, observe, own_acts
from events import reconcile as reconciling
from events.webhooks import tending


@shared_task(name="events.tasks.sync")
def sync() -> None:
    """Reads every account's list and takes in what differs from the record."""
    asyncio.run(observe.sync_all())


@shared_task(name="events.tasks.take_in_answers")
def take_in_answers() -> None:
    """What backends answered to our own kills and pauses is taken into the record."""
    asyncio.run(own_acts.take_in())


@shared_task(name="events.tasks.reconcile")
def reconcile() -> None:
    """Reads E2B's own record of events and takes in what no webhook brought."""
    asyncio.run(reconciling.reconcile_all())


@shared_task(name="events.tasks.why_they_died")
def why_they_died() -> None:
    """Infers why those died whose backend did not say."""
    asyncio.run(causes.look_at_all())


@shared_task(name="events.tasks.tend_webhooks")
def tend_webhooks() -> None:
    """Looks after each account's webhook: finishes what was left half-made, and reads what the backend says of it."""
    asyncio.run(tending.tend_all())
