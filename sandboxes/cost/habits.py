"""Habits: how the runs of each owner and template end, how long they are of use, and which timeout would save most."""

from datetime import datetime
from decimal import Decimal
from typing import Any, Final

import msgspec
from django.db import connection, transaction

from sandboxes.core.accounts import shown_account_ids
from sandboxes.cost import queries_habits as queries
from sandboxes.cost.money import units, usd_of
from sandboxes.cost.queries_spend import ROOM_TO_SORT
from sandboxes.cost.question import QuestionError

LEAST_RUNS: Final = 20  # with samples: of fewer nothing is suggested
Place = tuple[str | None, str | None]  # owner, template


class Habit(msgspec.Struct, frozen=True):
    """Of the runs of one owner and template that ended in the span, each whole.

    `ended_by_owner` counts kills and pauses on request; `median_timeout_seconds` is from the start to the end that was
    planned last. `measured` runs have samples: `idle_usd` was paid after their last sign of life, and within
    `suggested_timeout_seconds` 99 of 100 were of use. `saves_usd` is what that timeout would have spared, of those that
    were of no use after it; None of both where fewer than 20 were measured. `short_pauses` lasted under five minutes.
    """

    owner: str | None
    template: str | None
    runs: int
    ended_by_owner: int
    timed_out: int
    ended_by_policy: int
    ended_otherwise: int
    short_pauses: int
    measured: int
    median_life_seconds: int
    median_timeout_seconds: int | None
    idle_usd: Decimal
    suggested_timeout_seconds: int | None
    saves_usd: Decimal | None


class Habits(msgspec.Struct, frozen=True, rename={"start": "from", "end": "to"}):
    """Whatever would save most first."""

    currency: str
    start: datetime
    end: datetime
    items: list[Habit]


def habits(start: datetime, end: datetime) -> Habits:
    """Of the runs that ended in [start, end), over all accounts in sight. Raises QuestionError for an empty span."""
    if start >= end:
        raise QuestionError("from must lie before to")
    given: dict[str, Any] = {"accounts": shown_account_ids(), "start": start, "end": end, "least": LEAST_RUNS}
    told: dict[Place, tuple[Any, ...]] = {}
    idle, spared = dict[Place, int](), dict[Place, int]()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(ROOM_TO_SORT)
        cursor.execute(queries.HABITS, given)
        for group, *counts, per_core, per_gib, idle_cores, idle_mb, spared_cores, spared_mb in cursor:
            place = group[0], group[1]
            told[place] = tuple(counts)
            idle[place] = idle.get(place, 0) + units(per_core, per_gib, int(idle_cores), int(idle_mb))
            spared[place] = spared.get(place, 0) + units(per_core, per_gib, int(spared_cores), int(spared_mb))
    items = [_habit(place, told[place], usd_of(idle[place]), usd_of(spared[place])) for place in told]
    items.sort(key=lambda one: (-(one.saves_usd or 0), -one.idle_usd, one.owner or "", one.template or ""))
    return Habits("USD", start, end, items)


def _habit(place: Place, counts: tuple[Any, ...], idle: Decimal, spared: Decimal) -> Habit:
    *numbers, life, asked, most = counts
    runs, by_owner, by_timeout, by_policy, otherwise, short, measured = numbers
    return Habit(
        *place, runs, by_owner, by_timeout, by_policy, otherwise, short, measured,
        median_life_seconds=life // 1_000_000, median_timeout_seconds=None if asked is None else asked // 1_000_000,
        idle_usd=idle, suggested_timeout_seconds=None if most is None else most // 1_000_000,
        saves_usd=None if most is None else spared,
    )  # fmt: skip
