"""The fleet over time by template or owner: the biggest groups of the span by name, all others as one."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final, Literal

import msgspec
from django.db import connection

from sandboxes.accounts import shown_account_ids
from sandboxes.fleet.grid import HOUR, MINUTE, Grid, grid
from sandboxes.fleet.histograms import HistogramSum
from sandboxes.fleet.percentiles import several_of_histogram
from sandboxes.series.groups import BIGGEST
from sandboxes.series.retention import MINUTES

POINTS: Final = 250  # eleven groups stand in one chart: more of each could not be told apart
# Whether a name is told or counts among the rest is settled first: it needs no histogram.
_NAMES: Final = """
SELECT name FROM sandboxes_fleetgroup
WHERE account_id = ANY(%(accounts)s) AND kind = %(kind)s AND span_seconds = %(unit)s
  AND at >= to_timestamp(%(start)s) AND at < to_timestamp(%(end)s) AND NOT rest
GROUP BY name ORDER BY sum(samples) DESC, name LIMIT %(biggest)s"""
# How many there were in a cell is the most of any minute or hour in it, over all accounts; a null name is the rest.
# Times are numbers by date_part: extract gives decimals, which take PostgreSQL three times as long.
_SANDBOXES: Final = """
SELECT floor((date_part('epoch', at) - %(start)s) / %(width)s)::int AS cell, known_as, max(number) FROM (
    SELECT at, CASE WHEN NOT rest AND name = ANY(%(names)s) THEN name END AS known_as, sum(sandboxes) AS number
    FROM sandboxes_fleetgroup
    WHERE account_id = ANY(%(accounts)s) AND kind = %(kind)s AND span_seconds = %(unit)s
      AND at >= to_timestamp(%(start)s) AND at < to_timestamp(%(end)s)
    GROUP BY at, known_as
) by_time GROUP BY cell, known_as"""
_HISTOGRAMS: Final = """
SELECT floor((date_part('epoch', at) - %(start)s) / %(width)s)::int,
       CASE WHEN NOT rest AND name = ANY(%(names)s) THEN name END, array_send(cpu_hist), array_send(mem_hist)
FROM sandboxes_fleetgroup
WHERE account_id = ANY(%(accounts)s) AND kind = %(kind)s AND span_seconds = %(unit)s
  AND at >= to_timestamp(%(start)s) AND at < to_timestamp(%(end)s)
  AND date_part('epoch', at)::bigint / %(unit)s %% %(every)s = 0"""


class GroupColumns(msgspec.Struct, frozen=True):
    """One group: a row for each cell, `t` its start in Unix seconds; None where it had no sample.

    `name` is empty for sandboxes that name none; `rest` is all that were too small to be told by name. `sandboxes` is
    the most in any minute (of a long span, hour) of the cell; the others are percent.
    """

    name: str
    rest: bool
    t: list[int]
    sandboxes: list[int | None]
    cpu_p50: list[float | None]
    cpu_p95: list[float | None]
    mem_p50: list[float | None]
    mem_p95: list[float | None]


class _Group:
    def __init__(self) -> None:
        self.sandboxes: dict[int, int] = {}
        self.cpu: dict[int, HistogramSum] = defaultdict(HistogramSum)
        self.mem: dict[int, HistogramSum] = defaultdict(HistogramSum)


def by_group(
    kind: Literal["template", "owner"],
    start: datetime,
    end: datetime,
    points: int = POINTS,
    account_id: int | None = None,
    now: datetime | None = None,
) -> list[GroupColumns]:
    """The closed minutes (of a long span, hours) of [start, end) as at most `points` cells, the biggest group first."""
    now = now or datetime.now(UTC)
    cut = grid(start, min(end, now), points, now - MINUTES)
    asked: dict[str, Any] = {
        "accounts": [account_id] if account_id else shown_account_ids(), "kind": kind, "start": cut.first,
        "end": cut.last, "width": cut.width, "unit": HOUR if cut.unit == HOUR else MINUTE, "biggest": BIGGEST,
        "every": cut.every(BIGGEST),
    }  # fmt: skip
    groups: dict[str | None, _Group] = defaultdict(_Group)
    with connection.cursor() as cursor:
        cursor.execute(_NAMES, asked)
        asked["names"] = [name for (name,) in cursor.fetchall()]
        cursor.execute(_SANDBOXES, asked)
        for cell, name, number in cursor.fetchall():
            groups[name].sandboxes[cell] = int(number)
        cursor.execute(_HISTOGRAMS, asked)
        for cell, name, cpu, mem in cursor.fetchall():
            groups[name].cpu[cell].add(cpu)
            groups[name].mem[cell].add(mem)
    return _in_order(groups, asked["names"], cut)


def _in_order(groups: dict[str | None, _Group], names: Sequence[str], cut: Grid) -> list[GroupColumns]:
    return [_columns(name, groups[name], cut) for name in (*names, None) if name in groups]


def _columns(name: str | None, group: _Group, cut: Grid) -> GroupColumns:
    cells = range(cut.cells)
    cpu, mem = (
        [several_of_histogram(sums[cell].counts() if cell in sums else (), (50, 95)) for cell in cells]
        for sums in (group.cpu, group.mem)
    )
    return GroupColumns(
        name=name or "",
        rest=name is None,
        t=[cut.start(cell) for cell in cells],
        sandboxes=[group.sandboxes.get(cell) for cell in cells],
        cpu_p50=[both[0] for both in cpu],
        cpu_p95=[both[1] for both in cpu],
        mem_p50=[both[0] for both in mem],
        mem_p95=[both[1] for both in mem],
    )
