"""Quiet hours: whether a moment lies in them, each in its own time zone."""

from collections.abc import Iterable
from datetime import UTC, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from sandboxes.policies.spec import QuietHours

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def quiet_now(kept: Any, now: datetime) -> bool:
    """`is_quiet` for quiet hours as a policy's row keeps them; what can't be read is quiet."""
    try:
        return is_quiet(msgspec.convert(kept, tuple[QuietHours, ...]), now)
    except (msgspec.ValidationError, KeyError, ValueError, OSError):
        return True


def is_quiet(all_hours: Iterable[QuietHours], now: datetime) -> bool:
    """Whether `now` (aware) lies in any of them."""
    return any(_within(hours, now) for hours in all_hours)


def _within(hours: QuietHours, now: datetime) -> bool:
    local = now.astimezone(UTC).astimezone(ZoneInfo(hours.zone))
    since, until = hours.times()
    clock, today, yesterday = local.time(), DAYS[local.weekday()], DAYS[local.weekday() - 1]
    if since < until:
        return today in hours.days and since <= clock and (clock < until or until == time.max)
    return (today in hours.days and clock >= since) or (yesterday in hours.days and clock < until)
