"""What each value of a key runs and has spent in one account: exactly as Cost says it, today and this month in UTC."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

from sandboxes.core import database
from sandboxes.cost import BUCKETS, Question, month_start, spent_units
from sandboxes.limits import queries
from sandboxes.models import Account

DAY: Final = timedelta(microseconds=BUCKETS["day"])
EPOCH: Final = datetime.fromtimestamp(0, UTC)
ZERO: Final = Decimal(0)


@dataclass(frozen=True)
class Used:
    """Sandboxes that run, USD an hour that they burn, and what was spent, in units of `cost.money`."""

    running: int = 0
    burn_usd_per_hour: Decimal = ZERO
    today: int = 0
    month: int = 0

    def __add__(self, other: "Used") -> "Used":
        return Used(
            self.running + other.running,
            self.burn_usd_per_hour + other.burn_usd_per_hour,
            self.today + other.today,
            self.month + other.month,
        )


@dataclass(frozen=True)
class Spent:
    """Units by value: of the UTC day and of the month that `now` lies in."""

    today: Mapping[str | None, int]
    month: Mapping[str | None, int]


def used_by(account: Account, key: str, spent: Spent) -> dict[str, Used]:
    """By value of `key`; those without the key, or with an empty one, are nobody."""
    given = {"account": account.pk, "key": _question(key).key}
    rows = database.rows(queries.RUNNING.format(group=_question(key).expression), given)
    runs = {value: (count, burn) for value, count, burn in rows}
    return {
        value: Used(*runs.get(value, (0, ZERO)), spent.today.get(value, 0), spent.month.get(value, 0))
        for value in {*runs, *spent.month}
        if value
    }


def spent_in(account_id: int, key: str, start: datetime, end: datetime, now: datetime) -> Spent:
    """In [start, end), which lies in the month of `now`; nothing where it is empty."""
    today, month = defaultdict[str | None, int](int), defaultdict[str | None, int](int)
    if start < end:
        number = (now - EPOCH) // DAY
        asked = Question(start, end, "day", key)
        for (value, bucket), units in spent_units(asked, now, account_id).items():
            month[value] += units
            if bucket == number:
                today[value] += units
    return Spent(today, month)


def spent_exactly(account_id: int, key: str, now: datetime) -> Spent:
    """From the record as it is: what `/cost` says of the same spans."""
    return spent_in(account_id, key, month_start(now), now, now)


def _question(key: str) -> Question:
    return Question(EPOCH, EPOCH + timedelta(1), group_by=key)  # only its group is asked for
