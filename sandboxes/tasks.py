"""Celery tasks of the fleet: each says when and for how long at most, the named function does the work."""

import uvloop
from celery import shared_task
from django.conf import settings
from django.utils import timezone

from sandboxes.actions import audit, bulk, sending
from sandboxes.alerts import judging
from sandboxes.cleanup import approvals, reaper
from sandboxes.core import budget, ticks
from sandboxes.core.budget import limits
from sandboxes.limits import round as limits_round
from sandboxes.limits.settled import Settled
from sandboxes.metrics import polling, series

POLL_SECONDS = 60.0
REAP_SECONDS = 300.0
LIMITS_SECONDS = 60.0
ACT_SECONDS = 300.0
ALERT_SECONDS = 60.0
BACKFILL_SECONDS = 90.0
SETTLED = Settled()  # of this process


@shared_task(name="sandboxes.tasks.poll", **limits(POLL_SECONDS))
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


@shared_task(name="sandboxes.tasks.poll_part", **limits(POLL_SECONDS))
def poll_part(account_id: int, shard: int, shards: int) -> None:
    """The newest sample of every running sandbox of one part; it has a deadline of its own."""
    uvloop.run(polling.poll_part(polling.Part(account_id, shard, shards)))


@shared_task(name="sandboxes.tasks.reap", **limits(REAP_SECONDS))
def reap() -> None:
    """Judges the fleet by every enabled policy; marks what an enforcing one hits."""
    budget.run(reaper.run_all, seconds=REAP_SECONDS)
    ticks.note(ticks.REAP)


@shared_task(name="sandboxes.tasks.limits", **limits(LIMITS_SECONDS))
def judge_limits() -> None:
    """How everybody stands against the limits."""
    budget.run(lambda: limits_round.run(SETTLED), seconds=LIMITS_SECONDS)


@shared_task(name="sandboxes.tasks.act", **limits(ACT_SECONDS))
def act() -> None:
    """Sends what is due and looks for what is not confirmed yet."""
    budget.run(sending.send_due, seconds=ACT_SECONDS)


@shared_task(name="sandboxes.tasks.take_bulks", **limits(300.0))
def take_bulks() -> None:
    """Wishes for many become actions, also those that a crash left half done; what nobody approved in time is over."""
    approvals.expire(timezone.now())
    bulk.carry_on_all()


@shared_task(name="sandboxes.tasks.compact", **limits(600.0))
def compact() -> None:
    """Frames become series and minutes."""
    series.compact_all()


@shared_task(name="sandboxes.tasks.backfill", **limits(BACKFILL_SECONDS))
def backfill() -> None:
    """A little history from before we watched, at low priority."""
    budget.run(series.backfill_some, seconds=BACKFILL_SECONDS)


@shared_task(name="sandboxes.tasks.backfill_looked_at", **limits(BACKFILL_SECONDS))
def backfill_looked_at(account_id: int) -> None:
    """The past of what somebody looks at, before all other."""
    budget.run(lambda: series.backfill_looked_at(account_id), seconds=BACKFILL_SECONDS)


@shared_task(name="sandboxes.tasks.seal", **limits(60.0))
def seal() -> None:
    """The audit's new entries are sealed into its chain."""
    audit.seal()


@shared_task(name="sandboxes.tasks.judge_alerts", **limits(ALERT_SECONDS))
def judge_alerts() -> None:
    """Judges every alert rule, and tells what is due."""
    judging.judge_all()
