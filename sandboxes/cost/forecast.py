"""What the month will have cost at its end: what it cost so far, and the rest at the mean rate of late. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

LEAST: Final = timedelta(hours=1)


@dataclass(frozen=True)
class Forecast:
    """USD at the month's end (UTC), and the USD an hour that the rest of it was taken at: the mean of `over`."""

    usd: Decimal
    usd_per_hour: Decimal
    over: timedelta
    until: datetime


def month_start(now: datetime) -> datetime:
    """00:00 UTC of the first of this month."""
    return now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def month_forecast(so_far_usd: Decimal, late_usd: Decimal, late: timedelta, now: datetime) -> Forecast | None:
    """`so_far_usd` since `month_start(now)`; `late_usd` was the cost of the `late` time before `now`, all of it known.

    None when that is less than LEAST: a mean of minutes says nothing of a month.
    """
    if late < LEAST:
        return None
    until = month_start(month_start(now) + timedelta(days=32))
    per_hour = late_usd / _hours(late)
    return Forecast(so_far_usd + per_hour * _hours(until - now), per_hour, late, until)


def _hours(time: timedelta) -> Decimal:
    return Decimal(time // timedelta(microseconds=1)) / 3_600_000_000
