"""That a round of ours ran: one row for each, by its name."""

from datetime import datetime

from django.utils import timezone

from sandboxes.models import Heartbeat

REAP = "reap"
CALLED = "heartbeat call"  # the last one that was answered


def note(name: str, now: datetime | None = None) -> None:
    """It ran just now."""
    at = now or timezone.now()
    Heartbeat.objects.update_or_create(name=name, defaults={"at": at}, create_defaults={"at": at, "up_since": at})


def last(name: str) -> datetime | None:
    """When it ran last; None when it never did."""
    return Heartbeat.objects.filter(name=name).values_list("at", flat=True).first()
