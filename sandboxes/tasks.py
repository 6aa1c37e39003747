"""Celery tasks of the fleet: each says when, the named function does the work."""

import asyncio

import uvloop
from celery import shared_task
from django.conf import settings

from sandboxes import audit, polling, reaper, series
from sandboxes.actions import bulk, sending


@shared_task(name="sandboxes.tasks.poll")
def poll() -> None:
    """Hands out the parts of every account's fleet; one that nobody takes within its tick is dropped."""
    for part in polling.due():
        given = part.account_id, part.shard, part.shards
        poll_part.apply_async(
            given,
            countdown=polling.delay_seconds(part),
            expires=settings.POLL_INTERVAL_SECONDS,
            retry=False,
            ignore_result=True,
        )


@shared_task(name="sandboxes.tasks.poll_part")
def poll_part(account_id: int, shard: int, shards: int) -> None:
    """The newest sample of every running sandbox of one part."""
    uvloop.run(polling.poll_part(polling.Part(account_id, shard, shards)))


@shared_task(name="sandboxes.tasks.reap")
def reap() -> None:
    """Judges the fleet by every enabled policy; marks what an enforcing one hits."""
    asyncio.run(reaper.run_all())


@shared_task(name="sandboxes.tasks.act")
def act() -> None:
    """Sends what is due and looks for what is not confirmed yet."""
    asyncio.run(sending.send_due())


@shared_task(name="sandboxes.tasks.take_bulks")
def take_bulks() -> None:
    """Wishes for many become actions, also those that a crash left half done."""
    bulk.carry_on_all()


@shared_task(name="sandboxes.tasks.compact")
def compact() -> None:
    """Frames become series and minutes."""
    series.compact_all()


@shared_task(name="sandboxes.tasks.backfill")
def backfill() -> None:
    """A little history from before we watched, at low priority."""
    asyncio.run(series.backfill_some())


@shared_task(name="sandboxes.tasks.backfill_looked_at")
def backfill_looked_at(account_id: int) -> None:
    """The past of what somebody looks at, before all other."""
    asyncio.run(series.backfill_looked_at(account_id))


@shared_task(name="sandboxes.tasks.seal")
def seal() -> None:
    """The audit's new entries are sealed into its chain."""
    audit.seal()
