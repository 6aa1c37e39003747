"""Cost by group and time, exactly: one statement cuts every run at prices, whole numbers add it up by bucket."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

import msgspec
from django.db import connection, transaction

from sandboxes.core import database
from sandboxes.core.accounts import shown_account_ids
from sandboxes.cost import queries_spend as queries
from sandboxes.cost.money import millionths, rounded, units
from sandboxes.cost.question import Question

CURRENCY: Final = "USD"


class SpendItem(msgspec.Struct, frozen=True):
    """One group in one bucket (its start, UTC; None of the whole range). `seconds` run, over `sandboxes`.

    `orphan_usd`: while a policy, a dry run too, held it for an orphan; `idle_usd`: after its run's last sign of life.
    """

    group: str | None
    bucket: datetime | None
    cost_usd: Decimal
    orphan_usd: Decimal
    idle_usd: Decimal
    seconds: Decimal
    sandboxes: int


class Spend(msgspec.Struct, frozen=True):
    """`GET /cost`: the items' costs add up to `total_usd` exactly. Oldest bucket first, dearest group first in it."""

    currency: str
    start: datetime
    end: datetime
    items: list[SpendItem]
    total_usd: Decimal


@dataclass
class _Sum:
    cost: int = 0
    orphan: int = 0
    idle: int = 0
    microseconds: int = 0
    sandboxes: int = 0


def spend(asked: Question, now: datetime, account_id: int | None = None, *, waste: bool = True) -> Spend:
    """What was asked, over all accounts in sight or one of them; what runs is counted to `now`.

    Without `waste`, which reads samples and takes longer, `orphan_usd` and `idle_usd` are 0.
    """
    sums = _read(asked, now, [account_id] if account_id else shown_account_ids(), waste=waste)
    places = sorted(sums, key=lambda place: (place[1], -sums[place].cost, place[0] is None, place[0] or ""))
    costs, total = rounded([sums[place].cost for place in places])
    orphans, _ = rounded([sums[place].orphan for place in places])
    idles, _ = rounded([sums[place].idle for place in places])
    items = [
        SpendItem(
            group=place[0],
            bucket=None if asked.bucket == "total" else _start_of(place[1], asked.width),
            cost_usd=cost,
            orphan_usd=min(orphan, cost),
            idle_usd=min(idle, cost),
            seconds=millionths(sums[place].microseconds),
            sandboxes=sums[place].sandboxes,
        )
        for place, cost, orphan, idle in zip(places, costs, orphans, idles, strict=True)
    ]
    return Spend(CURRENCY, asked.start, asked.end, items, total)


def spent_units(asked: Question, now: datetime, account_id: int) -> dict[tuple[str | None, int], int]:
    """What one account spent, in units of `money`, by group and number of bucket (of `asked.width`, from 1970 on)."""
    first, last = (_microseconds(at) // asked.width for at in (asked.start, asked.end))
    if first == last:
        return {(group, first): spent for group, spent in _spent(asked, now, account_id).items()}
    return {place: one.cost for place, one in _read(asked, now, [account_id], waste=False).items()}


def _spent(asked: Question, now: datetime, account_id: int) -> dict[str | None, int]:
    given = {"accounts": [account_id], "start": asked.start, "end": asked.end, "now": now, **asked.given}
    sums: dict[str | None, int] = defaultdict(int)
    for group, per_core, per_gib, core_us, mb_us in database.rows(
        queries.SPENT.format(group=asked.expression, where=asked.where), given
    ):
        sums[group] += units(per_core, per_gib, int(core_us), int(mb_us))
    return sums


def _microseconds(at: datetime) -> int:
    return (at - datetime.fromtimestamp(0, UTC)) // timedelta(microseconds=1)


def _read(asked: Question, now: datetime, accounts: list[int], *, waste: bool) -> dict[tuple[str | None, int], _Sum]:
    """Sums in units of `money` by group and number of bucket."""
    given: dict[str, Any] = {
        "accounts": accounts, "start": asked.start, "end": asked.end, "now": now, "width": asked.width, **asked.given,
    }  # fmt: skip
    parts = {"found": queries.FOUND, "wasted": queries.WASTED} if waste else {"found": "", "wasted": ""}
    sums: dict[tuple[str | None, int], _Sum] = defaultdict(_Sum)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(queries.ROOM_TO_SORT)  # a hundred thousand runs stay out of temporary files
        cursor.execute(queries.PIECES.format(group=asked.expression, where=asked.where, **parts), given)
        for (kind, group, per_core, per_gib), edges in groupby(cursor, key=itemgetter(0, 1, 2, 3)):
            for bucket, core_us, mb_us, many in along(edges, 1 if kind == "count" else asked.width):
                one = sums[group, bucket]
                if kind == "count":
                    one.sandboxes = many
                    continue
                setattr(one, kind, getattr(one, kind) + units(per_core, per_gib, core_us, mb_us))
                if kind == "cost":
                    one.microseconds += many
    return sums


def along(edges: Iterable[Sequence[Any]], width: int) -> Iterator[tuple[int, int, int, int]]:
    """(bucket, core × time, MB × time, time) for each bucket with any, of one group's edges in order.

    An edge ends with its bucket, by how much cores, MB and count change in it, and each change × what is left of the
    bucket: what began earlier and goes on fills the whole `width` of it.
    """
    cores, mb, many, reached = 0, 0, 0, 0
    for row in edges:
        bucket, *rests = (int(one) for one in (row[4], *row[8:]))
        if many:
            for between in range(reached, bucket):
                yield between, cores * width, mb * width, many * width
        if here := many * width + rests[2]:
            yield bucket, cores * width + rests[0], mb * width + rests[1], here
        cores, mb, many = cores + int(row[5]), mb + int(row[6]), many + int(row[7])
        reached = bucket + 1


def _start_of(bucket: int, width: int) -> datetime:
    return datetime.fromtimestamp(bucket * width // 1_000_000, UTC)
