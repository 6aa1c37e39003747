"""Figures of ourselves: when our disk is full, and which channels fail."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sandboxes.alerts.look import Look
from sandboxes.alerts.measures.shapes import Measured, one
from sandboxes.alerts.rules import AlertRuleSpec, Figure
from sandboxes.core import disk
from sandboxes.models import AlertClock, ChannelState

KEPT: Final = timedelta(days=14)
WITHIN: Final = timedelta(days=2)  # the pace is that of the last two days
LEAST_RECORD: Final = timedelta(hours=6)
NEVER_DAYS: Final = 3650.0


def disk_full(spec: AlertRuleSpec, look: Look) -> list[Measured]:  # noqa: ARG001 - as every measure
    """Days until DATA_DIR is full at the pace of the last two days; none left where it is almost full now."""
    room = disk.space()
    clock = AlertClock.objects.first()
    days = 0.0 if room.is_low else days_left(_readings(clock), look.now, room.free)
    return [one({}, Figure(value=days, told={"free": room.free, "total": room.total}), [])]


def note_free(clock: AlertClock, now: datetime) -> bool:
    """Takes down how much is free, once an hour; whether it did."""
    readings = _readings(clock)
    hour = now.replace(minute=0, second=0, microsecond=0)
    if readings and readings[-1][0] >= hour:
        return False
    kept = [*[x for x in readings if now - x[0] < KEPT], (hour, disk.space().free)]
    clock.disk_free = [[at.isoformat(), free] for at, free in kept]
    return True


def days_left(readings: Sequence[tuple[datetime, int]], now: datetime, free: int) -> float:
    """Days until nothing is free, by the slope from the first reading of the last two days until now; `NEVER_DAYS`
    where it does not shrink, or where too little is on record to say."""
    recent = [(at, left) for at, left in readings if now - at <= WITHIN]
    if not recent or now - recent[0][0] < LEAST_RECORD:
        return NEVER_DAYS
    at, left = recent[0]
    pace = (left - free) / ((now - at).total_seconds() / 86_400)
    return min(free / pace, NEVER_DAYS) if pace > 0 else NEVER_DAYS


def _readings(clock: AlertClock | None) -> list[tuple[datetime, int]]:
    return [(datetime.fromisoformat(at), int(free)) for at, free in (clock.disk_free if clock else [])]


def channel_failed(spec: AlertRuleSpec, look: Look) -> list[Measured]:  # noqa: ARG001 - as every measure
    """Seconds for which each enabled channel has failed."""
    failing = ChannelState.objects.filter(channel__enabled=True).exclude(failing_since=None).select_related("channel")
    return [
        one({"channel": state.channel.name}, Figure(
            value=max((look.now - state.failing_since).total_seconds(), 0.001), told={"why": state.error}), [])
        for state in failing if state.failing_since is not None
    ]  # fmt: skip
