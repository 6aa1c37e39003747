"""Celery tasks of the house: what is old goes."""

from celery import shared_task
from django.utils import timezone

from dashboard import idempotency
from events import retention


@shared_task(name="dashboard.tasks.retain")
def retain() -> None:
    """Deletes events, deliveries and kept answers past their age; samples grow thin where they are gathered."""
    now = timezone.now()
    retention.apply(now)
    idempotency.delete_old(now)
