"""Frames become series and minutes, in sets; each step is one transaction, so a kill neither loses nor doubles."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import connection, transaction

from sandboxes.core import database
from sandboxes.metrics.series import hours, minutes, partitions, queries_fleet, retention, rollup_hours
from sandboxes.metrics.series import queries_series as queries
from sandboxes.models import MetricFrame, MetricSeries

LOCK: Final = 0x53616E64  # one compaction at a time, on all machines
EVERY = timedelta(minutes=5)  # a series row is rewritten when it grows: not for every frame
FRAMES_AT_ONCE: Final = 60
THIN_MINUTES: Final = 10


def compact_all(now: datetime | None = None) -> None:
    """Rolls up closed minutes and hours, moves frames into series when the oldest has waited `EVERY`, keeps the tables'
    parts in order and lets go what is old. Does nothing while another process is at it.
    """
    now = now or datetime.now(UTC)
    with _alone() as ours:
        if ours:
            partitions.keep(now)
            minutes.roll_up(now)
            _frames_to_series(now)
            rollup_hours.roll_up(now)
            if now.minute % THIN_MINUTES == 0:
                hours.roll_up(now)
                retention.thin(now)


@contextmanager
def _alone() -> Iterator[bool]:
    with connection.cursor() as cursor:
        cursor.execute(queries.TRY_TO_LOCK, [LOCK])
        held = bool(cursor.fetchone()[0])
        try:
            yield held
        finally:
            if held:
                cursor.execute(queries.UNLOCK, [LOCK])


def _frames_to_series(now: datetime) -> None:
    waiting = MetricFrame.objects.filter(compacted=False)
    oldest = waiting.order_by("at").values_list("at", flat=True).first()
    if oldest is None or now - oldest < EVERY:
        return
    while waiting.filter(at__lt=now).exists():
        compact_frames(now)


def compact_frames(before: datetime, limit: int = FRAMES_AT_ONCE) -> None:
    """The oldest `limit` frames from before `before`, in one transaction."""
    step = max(1, round(settings.POLL_INTERVAL_SECONDS))
    with transaction.atomic():
        database.execute(queries_fleet.ROOM_TO_SORT)
        database.execute(
            queries.COMPACT, {"before": before, "limit": limit, "source": MetricSeries.Source.POLL.value, "step": step}
        )
