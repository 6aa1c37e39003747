"""The bill explained: a span against the one before it, by owner and template, split into what changed."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

import msgspec
from django.db import connection, transaction

from sandboxes.core.accounts import shown_account_ids
from sandboxes.cost import queries_explained as queries
from sandboxes.cost.breakdown import CURRENCY
from sandboxes.cost.decomposition import CAUSES, Span, causes, split
from sandboxes.cost.money import MICRO_USD, millionths, rounded, units
from sandboxes.cost.queries_spend import ROOM_TO_SORT
from sandboxes.cost.question import QuestionError

NONE: Final = Decimal(0)
_RUNS: Final = ("runs_before", "runs")
Place = tuple[str | None, str | None]  # owner, template


class Explained(msgspec.Struct, frozen=True):
    """One owner's use of one template: USD before and now, and the parts of the difference; they add up to it.

    `idle_usd` is the change in what was paid after the last activity, the others are of the time until then.
    """

    owner: str | None
    template: str | None
    usd_before: Decimal
    usd: Decimal
    change_usd: Decimal
    more_runs_usd: Decimal
    longer_runs_usd: Decimal
    bigger_machines_usd: Decimal
    prices_usd: Decimal
    idle_usd: Decimal
    runs_before: int
    runs: int


class Bill(msgspec.Struct, frozen=True, rename={"start": "from", "end": "to", "before": "before_from"}):
    """`total` adds the items up, those of a table and of the whole alike; the largest change comes first."""

    currency: str
    before: datetime
    start: datetime
    end: datetime
    total: Explained
    items: list[Explained]


def explain(start: datetime, end: datetime, now: datetime) -> Bill:
    """[start, end), as far as it has passed, against as long a time before it, over all accounts in sight.

    Raises QuestionError where none of it has passed.
    """
    end = min(end, now)
    if start >= end:
        raise QuestionError("from must lie before to, and before now")
    before = start - (end - start)
    spans = _spans(before, start, end, now)
    places = sorted(spans, key=lambda one: tuple((word is None, word or "") for word in one))
    befores, _ = rounded([sum(one.cost for one, _ in spans[place].values()) for place in places])
    afters, _ = rounded([sum(one.cost for _, one in spans[place].values()) for place in places])
    items = [
        _item(place, usd_before, usd, list(spans[place].values()))
        for place, usd_before, usd in zip(places, befores, afters, strict=True)
    ]
    items.sort(key=lambda one: -abs(one.change_usd))
    return Bill(CURRENCY, before, start, end, _total(items), items)


_Spans = dict[Place, dict[int, tuple[Span, Span]]]  # and by account, so that one's price never explains another's


def _spans(before: datetime, start: datetime, end: datetime, now: datetime) -> _Spans:
    given: dict[str, Any] = {
        "accounts": shown_account_ids(), "start": before, "middle": start, "end": end, "now": now,
    }  # fmt: skip
    found: _Spans = defaultdict(lambda: defaultdict(lambda: (Span(), Span())))
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(ROOM_TO_SORT)
        cursor.execute(queries.EXPLAINED, given)
        for account, place, later, idle, per_core, per_gib, core_us, mb_us, time, runs in cursor:
            one = found[place[0], place[1]][account][later]
            cores_cost, mb_cost = units(per_core, NONE, int(core_us), 0), units(NONE, per_gib, 0, int(mb_us))
            one.runs += runs
            if idle:
                one.idle += cores_cost + mb_cost
                continue
            one.time, one.cores, one.mb = one.time + int(time), one.cores + int(core_us), one.mb + int(mb_us)
            one.cores_cost, one.mb_cost = one.cores_cost + cores_cost, one.mb_cost + mb_cost
    return found


def _item(place: Place, usd_before: Decimal, usd: Decimal, pairs: Sequence[tuple[Span, Span]]) -> Explained:
    parts = [Fraction(0)] * len(CAUSES)
    for before, after in pairs:
        parts = [one + more for one, more in zip(parts, causes(before, after), strict=True)]
    micros = split(parts, int((usd - usd_before).scaleb(6)), MICRO_USD)
    more, longer, bigger, prices, idle = map(millionths, micros)
    runs_before, runs = sum(before.runs for before, _ in pairs), sum(after.runs for _, after in pairs)
    return Explained(
        *place, usd_before, usd, usd - usd_before, more, longer, bigger, prices, idle, runs_before, runs
    )  # fmt: skip


def _total(items: Sequence[Explained]) -> Explained:
    fields = Explained.__struct_fields__[2:]
    sums: dict[str, Any] = {name: sum(getattr(one, name) for one in items) for name in fields}
    whole: dict[str, Any] = {name: value or (0 if name in _RUNS else NONE) for name, value in sums.items()}
    return Explained(owner=None, template=None, **whole)
