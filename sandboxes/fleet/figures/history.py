"""The fleet over time: minutes, ten minutes or hours gathered into cells, the newest ones straight from the frames."""

import math
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from operator import add
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from sandboxes.core import binary
from sandboxes.core.accounts import shown_account_ids
from sandboxes.fleet.figures import queries_history as queries
from sandboxes.fleet.figures.grid import HOUR, MINUTE, MOST_POINTS, TEN, Grid, grid
from sandboxes.fleet.figures.histograms import added, percentile
from sandboxes.fleet.figures.levels import Values, extremes, shown
from sandboxes.metrics.series import arrays, minutes
from sandboxes.metrics.series.arrays import Numbers
from sandboxes.metrics.series.retention import MINUTES

_TABLES: Final = {
    MINUTE: {"table": "sandboxes_fleetten", "time": "at"},  # of which it then reads none
    TEN: {"table": "sandboxes_fleetten", "time": "at"},
    HOUR: {"table": "sandboxes_fleethour", "time": "hour"},
}


_Row = tuple[float, ...]


class FleetColumns(msgspec.Struct, frozen=True):
    """`GET /fleet/metrics`: a row for each cell, `t` its start in Unix seconds; None where nothing is known.

    `running`, `paused` and burn are those at the end of a minute. Where a cell is longer, of two side by side one tells
    their least and the other their greatest value, so that no peak is lost. `started` and `ended` count.
    """

    t: list[int]
    running: list[float | None]
    paused: list[float | None]
    cpu_p50: list[float | None]
    cpu_p95: list[float | None]
    mem_p50: list[float | None]
    mem_p95: list[float | None]
    started: list[int | None]
    ended: list[int | None]
    burn_usd_per_hour: list[float | None]


def metrics(
    start: datetime,
    end: datetime,
    points: int = MOST_POINTS,
    account_id: int | None = None,
    now: datetime | None = None,
) -> FleetColumns:
    """The minutes of [start, end) as at most `points` cells: of whole minutes, in a long span of ten or of hours."""
    now = now or datetime.now(UTC)
    accounts = [account_id] if account_id else shown_account_ids()
    cut = grid(start, min(end, now), points, now - MINUTES)
    asked = _asked_for(cut, accounts)
    newest, at, *new = _newest(accounts, cut, now)
    levels = np.array(binary.fetch(queries.LEVELS.format(**_TABLES[cut.unit]), asked) + newest, float).reshape(-1, 9)
    ((cells, *sent),) = binary.fetch(queries.HISTOGRAMS.format(**_TABLES[cut.unit]), asked)
    places = np.append(arrays.numbers(cells) if cells else [], at).astype(np.int64)
    cpu, mem = (
        added(places, (old or b"") + added_later, cut.cells) for old, added_later in zip(sent, new, strict=True)
    )
    return _columns(levels, cpu, mem, cut)


def _asked_for(cut: Grid, accounts: Sequence[int]) -> dict[str, Any]:
    asked: dict[str, Any] = {
        "accounts": accounts, "start": cut.first, "end": cut.last, "width": cut.width, "unit": cut.unit,
        "every": cut.every(len(accounts)), "steps_until": "-infinity",
    }  # fmt: skip
    if cut.unit != MINUTE:
        ((asked["steps_until"],),) = binary.fetch(queries.STEPS_UNTIL.format(**_TABLES[cut.unit]), asked)
    return asked


def _newest(accounts: Iterable[int], cut: Grid, now: datetime) -> tuple[list[_Row], list[int], bytes, bytes]:
    """The minutes after the newest rolled up one: rows as `queries.LEVELS` gives them, and the cells and histograms
    of CPU and memory."""
    span = datetime.fromtimestamp(cut.first, UTC), min(datetime.fromtimestamp(cut.last, UTC), now)
    levels: dict[int, list[float]] = {}
    cells: list[int] = []
    sent: tuple[list[bytes], list[bytes]] = [], []
    for account_id in accounts:
        for minute, *counted, _, cpu, mem in minutes.not_rolled_up(account_id, *span):
            at = int(minute.timestamp())
            levels[at] = list(map(add, levels.get(at, [0.0] * 5), map(float, counted)))
            cells.append((at - cut.first) // cut.width)
            sent[0].append(cpu)
            sent[1].append(mem)
    rows: list[_Row] = [
        ((at - cut.first) // cut.width, running, running, paused, paused, burn, burn, started, ended)
        for at, (running, paused, started, ended, burn) in levels.items()
    ]
    return rows, cells, b"".join(sent[0]), b"".join(sent[1])


def _columns(levels: Values, cpu: Numbers, mem: Numbers, cut: Grid) -> FleetColumns:
    """`levels`: a row for each cell (for some two) as `queries.LEVELS` gives them; `cpu`, `mem`: histograms by cell."""
    cells = levels[:, 0].astype(np.int64)
    known = np.bincount(cells, minlength=cut.cells) > 0
    started, ended = (np.bincount(cells, levels[:, place], cut.cells).tolist() for place in (7, 8))
    running, paused, burn = (_level(cells, levels[:, place : place + 2], cut) for place in (1, 3, 5))
    return FleetColumns(
        t=[cut.start(number) for number in range(cut.cells)],
        running=_rounded(running, 2),
        paused=_rounded(paused, 2),
        cpu_p50=percentile(cpu, 50),
        cpu_p95=percentile(cpu, 95),
        mem_p50=percentile(mem, 50),
        mem_p95=percentile(mem, 95),
        started=_counts(started, known),
        ended=_counts(ended, known),
        burn_usd_per_hour=_rounded(burn, 6),
    )


def _level(cells: Numbers, pairs: Values, cut: Grid) -> Values:
    """A minute is what it is: only longer cells have extremes."""
    least, most = extremes(cells, pairs[:, 0], pairs[:, 1], cut.cells)
    return most if cut.width == MINUTE else shown(least, most)


def _counts(counts: list[float], known: NDArray[np.bool_]) -> list[int | None]:
    return [int(count) if there else None for count, there in zip(counts, known.tolist(), strict=True)]


def _rounded(values: Values, digits: int) -> list[float | None]:
    return [None if math.isnan(value) else round(value, digits) for value in values.tolist()]
