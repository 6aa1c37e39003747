"""What the Cost page shows of a range, put together from the figures: its sums, its bars, its groups, its hours."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from dashboard.cost.ranges import DAY, HOUR, Range
from sandboxes.cost import Question, RunningNow, SpendItem, running_now, spend

ZERO: Final = Decimal(0)
HEAT_STEPS: Final = 10
NOBODY: Final = RunningNow(0, ZERO, ZERO)
TREND_POINTS: Final = 28


@dataclass(frozen=True)
class Bar:
    """A bucket's cost in USD, of it orphaned and idle, and the cost of the same bucket one range before."""

    start: datetime
    cost: Decimal
    orphan: Decimal
    idle: Decimal
    before: Decimal


@dataclass(frozen=True)
class Row:
    """A group: what runs of it now, its cost and what of that was lost; `change_pct` None: it was not there before."""

    group: str | None
    now: RunningNow
    cost: Decimal
    share_pct: float
    of_most_pct: float
    change_pct: float | None
    orphan: Decimal
    idle: Decimal
    seconds: Decimal
    sandboxes: int
    trend: Sequence[float]


@dataclass(frozen=True)
class Spending:
    """A range as the page shows it; `before` cost the same time one range earlier."""

    start: datetime
    end: datetime
    total: Decimal
    before: Decimal
    orphan: Decimal
    idle: Decimal
    bars: Sequence[Bar]
    rows: Sequence[Row]

    @property
    def change_pct(self) -> float | None:
        return change(self.total, self.before)


@dataclass(frozen=True)
class Cell:
    """An hour: USD (None: it is still to come, or lies before our record), and its step of heat."""

    start: datetime
    cost: Decimal | None
    step: int


def spending(chosen: Range, group_by: str, now: datetime) -> Spending:
    """The range by group, beside the time it had so far one range earlier."""
    starts, length, start, end = chosen.starts(now), chosen.length, chosen.begin(now), chosen.end(now)
    items = spend(Question(start, end, chosen.bucket, group_by), now).items if start < end else []
    before = spend(Question(start - length, end - length, chosen.bucket, group_by), now, waste=False).items
    return Spending(
        start=start,
        end=end,
        total=_cost(items),
        before=_cost(before),
        orphan=sum((item.orphan_usd for item in items), ZERO),
        idle=sum((item.idle_usd for item in items), ZERO),
        bars=_bars(items, before, starts, length),
        rows=_rows(items, before, running_now(Question(start, end, group_by=group_by)), starts),
    )


def change(now: Decimal, before: Decimal) -> float | None:
    """In percent; None when there was nothing before."""
    return float(100 * (now - before) / before) if before else None


def _bars(
    items: Iterable[SpendItem], before: Iterable[SpendItem], starts: Sequence[datetime], length: timedelta
) -> list[Bar]:
    sums: dict[datetime, list[Decimal]] = {start: [ZERO] * 4 for start in starts}
    for item in items:
        if item.bucket in sums:
            parts = (item.cost_usd, item.orphan_usd, item.idle_usd, ZERO)
            sums[item.bucket] = [a + b for a, b in zip(sums[item.bucket], parts, strict=True)]
    for item in before:
        if item.bucket and item.bucket + length in sums:
            sums[item.bucket + length][3] += item.cost_usd
    return [Bar(start, *parts) for start, parts in sums.items()]


def _rows(
    items: Iterable[SpendItem],
    before: Iterable[SpendItem],
    now: Mapping[str | None, RunningNow],
    starts: Sequence[datetime],
) -> list[Row]:
    """Dearest first; groups that only run now, or only ran before, too."""
    mine, was = _by_group(items), _by_group(before)
    costs = {group: _cost(mine.get(group, ())) for group in {*mine, *was, *now}}
    total, most = sum(costs.values(), ZERO), max(costs.values(), default=ZERO)
    found = [
        Row(
            group=group,
            now=now.get(group, NOBODY),
            cost=cost,
            share_pct=_pct(cost, total),
            of_most_pct=_pct(cost, most),
            change_pct=change(cost, _cost(was.get(group, ()))),
            orphan=sum((item.orphan_usd for item in mine.get(group, ())), ZERO),
            idle=sum((item.idle_usd for item in mine.get(group, ())), ZERO),
            seconds=sum((item.seconds for item in mine.get(group, ())), ZERO),
            sandboxes=max((item.sandboxes for item in mine.get(group, ())), default=0),
            trend=_trend(mine.get(group, ()), starts),
        )
        for group, cost in costs.items()
    ]
    return sorted(found, key=lambda row: (-row.cost, row.group is None, row.group or ""))


def _trend(items: Iterable[SpendItem], starts: Sequence[datetime]) -> list[float]:
    """Cost by bucket, several together where there are many: a sparkline is 80 pixels wide."""
    known = {item.bucket: float(item.cost_usd) for item in items}
    values = [known.get(start, 0.0) for start in starts[:-1]]  # the newest bucket is not full yet
    together = -(-len(values) // TREND_POINTS)
    return [round(sum(values[at : at + together]), 4) for at in range(0, len(values), together)]


def hours_by_day(now: datetime, first_run: datetime | None, days: int = 7) -> list[tuple[datetime, list[Cell]]]:
    """The last days, a row each, hour by hour in UTC; heat is even from nothing to the dearest hour.

    Before `first_run` nothing is known.
    """
    first = now.replace(hour=0, minute=0, second=0, microsecond=0) - DAY * (days - 1)
    costs = {item.bucket: item.cost_usd for item in spend(Question(first, now, "hour"), now, waste=False).items}
    most, known = max(costs.values(), default=ZERO), (first_run or now, now)
    return [
        (day, [_cell(day + HOUR * hour, costs, most, known) for hour in range(24)])
        for day in (first + DAY * number for number in range(days))
    ]


def _cell(
    start: datetime, costs: Mapping[datetime | None, Decimal], most: Decimal, known: tuple[datetime, datetime]
) -> Cell:
    cost = costs.get(start, ZERO) if known[0] - HOUR < start <= known[1] else None
    return Cell(start, cost, min(HEAT_STEPS - 1, int(HEAT_STEPS * (cost or 0) / most)) if most else 0)


def _by_group(items: Iterable[SpendItem]) -> Mapping[str | None, list[SpendItem]]:
    found: dict[str | None, list[SpendItem]] = defaultdict(list)
    for item in items:
        found[item.group].append(item)
    return found


def _cost(items: Iterable[SpendItem]) -> Decimal:
    return sum((item.cost_usd for item in items), ZERO)


def _pct(part: Decimal, of: Decimal) -> float:
    return float(100 * part / of) if of else 0.0
