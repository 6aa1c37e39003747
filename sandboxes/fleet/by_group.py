"""The fleet over time by template or owner: the biggest groups of the span by name, all others as one."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, Literal

import msgspec
from django.db import connection

from sandboxes.accounts import shown_account_ids
from sandboxes.fleet.grid import HOUR, MINUTE, Grid, grid
from sandboxes.fleet.histograms import added, percentile
from sandboxes.series import arrays
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
    with connection.cursor() as cursor:
        cursor.execute(_NAMES, asked)
        asked["names"] = [name for (name,) in cursor.fetchall()]
    numbers = {(name, cell): int(number) for cell, name, number in arrays.fetch(_SANDBOXES, asked)}
    histograms = arrays.fetch(_HISTOGRAMS, asked)
    there = {name for name, _ in numbers} | {name for _, name, *_ in histograms}
    names = [name for name in (*asked["names"], None) if name in there]
    return _columns(names, numbers, histograms, cut)


def _columns(
    names: Sequence[str | None],
    numbers: Mapping[tuple[str | None, int], int],
    histograms: Sequence[tuple[int, str | None, bytes, bytes]],
    cut: Grid,
) -> list[GroupColumns]:
    """Each group has a row of cells; the percentiles of all are found at once."""
    row = {name: place * cut.cells for place, name in enumerate(names)}
    places = [row[name] + cell for cell, name, *_ in histograms]
    both = [cpu for *_, cpu, _ in histograms], [mem for *_, mem in histograms]
    sums = [added(places, sent, len(names) * cut.cells) for sent in both]
    figures = [percentile(of, percent) for of in sums for percent in (50, 95)]
    return [
        GroupColumns(
            name or "",
            name is None,
            [cut.start(cell) for cell in range(cut.cells)],
            [numbers.get((name, cell)) for cell in range(cut.cells)],
            *(column[row[name] : row[name] + cut.cells] for column in figures),
        )
        for name in names
    ]
