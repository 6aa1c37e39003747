"""Celery tasks of the server itself: what is old goes."""

import logging
from collections.abc import Callable
from datetime import datetime

from celery import shared_task
from django.utils import timezone

from dashboard.access import password_reset
from dashboard.models import IdempotentAnswer
from dashboard.system import heartbeat, on_time
from events import forgetting, retention
from sandboxes.alerts import retention as alerts_retention
from sandboxes.cleanup import retention as fleet_retention
from sandboxes.core import budget
from sandboxes.core.budget import limits
from sandboxes.notifications import retention as notified

log = logging.getLogger(__name__)


class RetentionFailed(Exception):
    """Some of what is old could not be deleted; the next hour tries again."""


@shared_task(name="dashboard.tasks.probe_api", **limits(20.0))
def probe_api() -> None:
    """Whether owners can renew their leases: only that lets the reaper act."""
    budget.run(heartbeat.probe, seconds=20.0)


@shared_task(name="dashboard.tasks.call_heartbeat", **limits(30.0))
def call_heartbeat() -> None:
    """Tells somebody outside that all is in time, where HEARTBEAT_URL is set."""
    budget.run(on_time.call, seconds=30.0)


@shared_task(name="dashboard.tasks.mail_reset", **limits(60.0))
def mail_reset(text: str) -> None:
    """A link for a new password, to whoever has this name or address."""
    password_reset.send(text)


@shared_task(name="dashboard.tasks.retain", **limits(1800.0))
def retain() -> None:
    """Deletes what is past its age, and former simulated fleets; samples grow thin where they are gathered.

    One deletion that fails skips no other. Raises RetentionFailed, naming those that did, at the end.
    """
    now = timezone.now()
    deletions: dict[str, Callable[[datetime], object]] = {
        "former simulated fleets": lambda _: forgetting.forget_set_aside(),
        "deleted accounts": forgetting.forget_deleted,
        "events and deliveries": retention.apply,
        "ended sandboxes and actions": fleet_retention.apply,
        "notifications": notified.apply,
        "alerts and silences": alerts_retention.apply,
        "answers under an Idempotency-Key": IdempotentAnswer.delete_old,
    }
    failed = [what for what, delete in deletions.items() if not _deleted(what, delete, now)]
    if failed:
        raise RetentionFailed(f"not deleted: {', '.join(failed)}")


def _deleted(what: str, delete: Callable[[datetime], object], now: datetime) -> bool:
    try:
        delete(now)
    except Exception:  # logged here, raised together by the caller
        log.exception("%s past their age could not be deleted", what)
        return False
    return True
