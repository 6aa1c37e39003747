"""The fleet over time by template or owner: the biggest groups of the span by name, all others as one."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Final, Literal

import msgspec
import numpy as np

from sandboxes.core import binary
from sandboxes.core.accounts import shown_account_ids
from sandboxes.fleet.figures.grid import MINUTE, Grid, grid
from sandboxes.fleet.figures.histograms import added, percentile
from sandboxes.metrics.series import arrays
from sandboxes.metrics.series.groups import BIGGEST
from sandboxes.metrics.series.retention import MINUTES

POINTS: Final = 150  # eleven groups stand in one chart: more of each could not be told apart
# Steps of ten minutes or an hour as far as every account has them, minutes after them.
_ROWS: Final = """
FROM sandboxes_fleetgroup
WHERE account_id = ANY(%(accounts)s) AND kind = %(kind)s AND (
    (span_seconds = %(unit)s AND at >= to_timestamp(%(start)s) AND at < least(to_timestamp(%(end)s), %(until)s))
    OR (span_seconds = 60 AND at >= greatest(to_timestamp(%(start)s), %(until)s) AND at < to_timestamp(%(end)s)))"""
_UNTIL: Final = """
SELECT coalesce(min(until), '-infinity')::text FROM (
    SELECT max(at) + %(unit)s * interval '1 second' AS until FROM sandboxes_fleetgroup
    WHERE account_id = ANY(%(accounts)s) AND kind = %(kind)s AND span_seconds = %(unit)s GROUP BY account_id
) newest"""
# Whether a name is told or counts among the rest is settled first: it needs no histogram.
_NAMES: Final = f"""
SELECT name {_ROWS} AND NOT rest GROUP BY name ORDER BY sum(samples) DESC, name LIMIT %(biggest)s"""
# How many there were in a cell is the most of any minute or step in it, over all accounts; a null name is the rest.
# Times are numbers by date_part: extract gives decimals, which take PostgreSQL three times as long.
_CELL: Final = "floor((date_part('epoch', at) - %(start)s) / %(width)s)::int"
_KNOWN_AS: Final = "CASE WHEN NOT rest AND name = ANY(%(names)s) THEN name END AS known_as"
_SANDBOXES: Final = f"""
SELECT {_CELL} AS cell, known_as, max(number) FROM (
    SELECT at, {_KNOWN_AS}, sum(sandboxes)::int AS number {_ROWS} GROUP BY at, known_as
) by_time GROUP BY cell, known_as"""
# A row for each name: to take a thousand rows from PostgreSQL costs more than to read them.
_HISTOGRAMS: Final = f"""
SELECT known_as, array_send(array_agg(cell)), string_agg(array_send(cpu_hist), ''), string_agg(array_send(mem_hist), '')
FROM (
    SELECT {_CELL} AS cell, {_KNOWN_AS}, cpu_hist, mem_hist
    {_ROWS} AND date_part('epoch', at)::bigint / span_seconds %% %(every)s = 0
) spans GROUP BY known_as"""


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


def by_group(
    kind: Literal["template", "owner"],
    start: datetime,
    end: datetime,
    points: int = POINTS,
    account_id: int | None = None,
    now: datetime | None = None,
) -> list[GroupColumns]:
    """The closed minutes (of a long span, steps of ten or hours) of [start, end) as at most `points` cells, the biggest
    group first."""
    now = now or datetime.now(UTC)
    cut = grid(start, min(end, now), points, now - MINUTES)
    asked: dict[str, Any] = {
        "accounts": [account_id] if account_id else shown_account_ids(), "kind": kind, "start": cut.first,
        "end": cut.last, "width": cut.width, "unit": cut.unit, "biggest": BIGGEST, "every": cut.every(BIGGEST),
        "until": datetime.fromtimestamp(cut.last, UTC),
    }  # fmt: skip
    if cut.unit != MINUTE:
        ((asked["until"],),) = binary.fetch(_UNTIL, asked)
    asked["names"] = [name for (name,) in binary.fetch(_NAMES, asked)]
    numbers = {(name, cell): number for cell, name, number in binary.fetch(_SANDBOXES, asked)}
    histograms = {name: sent for name, *sent in binary.fetch(_HISTOGRAMS, asked)}
    there = {name for name, _ in numbers}
    names = [name for name in (*asked["names"], None) if name in there]
    return [
        GroupColumns(
            name or "",
            name is None,
            [cut.start(cell) for cell in range(cut.cells)],
            [numbers.get((name, cell)) for cell in range(cut.cells)],
            *_percentiles(histograms.get(name), cut),
        )
        for name in names
    ]


def _percentiles(sent: Sequence[bytes] | None, cut: Grid) -> Iterator[list[float | None]]:
    """p50 and p95 of CPU, then of memory; `sent`: the cells, and CPU's and memory's histograms in their order."""
    cells = arrays.numbers(sent[0]) if sent else np.empty(0, np.int64)
    for histograms in sent[1:] if sent else (b"", b""):
        sums = added(cells, histograms, cut.cells)
        yield percentile(sums, 50)
        yield percentile(sums, 95)
