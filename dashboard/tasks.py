"""Celery tasks of the house: what is old goes."""

from celery import shared_task
from django.utils import timezone

from dashboard import idempotency
from events import forgetting, retention
from sandboxes import retention as fleet_retention


@shared_task(name="dashboard.tasks.retain")
def retain() -> None:
    """Deletes what is past its age, and former simulated fleets; samples grow thin where they are gathered."""
    now = timezone.now()
    forgetting.forget_set_aside()
    retention.apply(now)
    fleet_retention.apply(now)
    idempotency.delete_old(now)
