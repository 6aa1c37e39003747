"""The fleet over time by template or owner: the biggest groups of the span by name, all others as one."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Final, Literal

import msgspec
import numpy as np

from sandboxes.core import binary
from sandboxes.core.accounts import shown_account_ids
from sandboxes.fleet.figures import queries_history as queries
from sandboxes.fleet.figures.grid import MINUTE, Grid, grid
from sandboxes.fleet.figures.histograms import added, percentile
from sandboxes.metrics.series import arrays
from sandboxes.metrics.series.groups import BIGGEST
from sandboxes.metrics.series.retention import MINUTES

POINTS: Final = 150  # eleven groups stand in one chart: more of each could not be told apart


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
        ((asked["until"],),) = binary.fetch(queries.GROUP_STEPS_UNTIL, asked)
    asked["names"] = [name for (name,) in binary.fetch(queries.GROUP_NAMES, asked)]
    numbers = {(name, cell): number for cell, name, number in binary.fetch(queries.GROUP_SANDBOXES, asked)}
    histograms = {name: sent for name, *sent in binary.fetch(queries.GROUP_HISTOGRAMS, asked)}
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
