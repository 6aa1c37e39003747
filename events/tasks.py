"""Celery tasks of the record: each says when and for how long at most, the named function does the work."""

from celery import shared_task
from django.utils import timezone

from events import causes, observe, own_acts
from events import reconcile as reconciling
from events.webhooks import silence, upkeep
from sandboxes.core import budget
from sandboxes.core.budget import limits

SYNC_SECONDS = 240.0
ANSWERS_SECONDS = 30.0
RECONCILE_SECONDS = 360.0
CAUSES_SECONDS = 120.0
WEBHOOK_SECONDS = 180.0


@shared_task(name="events.tasks.sync", **limits(SYNC_SECONDS))
def sync() -> None:
    """Reads every account's list and takes in what differs from the record."""
    budget.run(observe.sync_all, seconds=SYNC_SECONDS)


@shared_task(name="events.tasks.take_in_answers", **limits(ANSWERS_SECONDS))
def take_in_answers() -> None:
    """What backends answered to our own kills and pauses is taken into the record."""
    budget.run(own_acts.take_in, seconds=ANSWERS_SECONDS)


@shared_task(name="events.tasks.reconcile", **limits(RECONCILE_SECONDS))
def reconcile() -> None:
    """Reads E2B's own record of events and takes in what no webhook brought."""
    budget.run(reconciling.reconcile_all, seconds=RECONCILE_SECONDS)


@shared_task(name="events.tasks.why_they_died", **limits(CAUSES_SECONDS))
def why_they_died() -> None:
    """Infers why those died whose backend did not say."""
    budget.run(causes.look_at_all, seconds=CAUSES_SECONDS)


@shared_task(name="events.tasks.tend_webhooks", **limits(WEBHOOK_SECONDS))
def tend_webhooks() -> None:
    """Looks after each account's webhook: finishes what was left half-made, and reads what the backend says of it."""
    budget.run(upkeep.tend_all, seconds=WEBHOOK_SECONDS)
    silence.note_all(timezone.now())
