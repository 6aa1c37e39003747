"""The fleet over time: minutes or hours gathered into cells, the newest ones straight from the frames."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from operator import add
from typing import Any, Final

import msgspec
from django.db import connection

from sandboxes.accounts import shown_account_ids
from sandboxes.fleet.grid import HOUR, MINUTE, MOST_POINTS, Grid, grid
from sandboxes.fleet.histograms import added, percentile
from sandboxes.fleet.levels import Level, shown
from sandboxes.series import arrays, minutes
from sandboxes.series.retention import MINUTES

# Times are numbers by date_part: extract gives decimals, which take PostgreSQL three times as long.
# A row for each minute, of all accounts together: levels are what they were at its end. Where hours are asked for,
# those that are added up already stand in for their minutes, each with its least and its greatest level.
_BY_MINUTE: Final = """
SELECT minute AS at, sum(running) AS running_min, sum(running) AS running_max, sum(paused) AS paused_min,
       sum(paused) AS paused_max, sum(burn_usd_per_hour) AS burn_min, sum(burn_usd_per_hour) AS burn_max,
       sum(started) AS started, sum(ended) AS ended
FROM sandboxes_fleetminute
WHERE account_id = ANY(%(accounts)s) AND minute >= greatest(to_timestamp(%(start)s), %(hours_until)s::timestamptz)
  AND minute < to_timestamp(%(end)s)
GROUP BY minute"""
_BY_HOUR: Final = """
SELECT hour AS at, sum(running_min), sum(running_max), sum(paused_min), sum(paused_max), sum(burn_min), sum(burn_max),
       sum(started), sum(ended)
FROM sandboxes_fleethour
WHERE account_id = ANY(%(accounts)s) AND hour >= to_timestamp(%(start)s) AND hour < %(hours_until)s::timestamptz
  AND hour < to_timestamp(%(end)s)
GROUP BY hour"""
_LEVELS: Final = f"""
SELECT floor((date_part('epoch', at) - %(start)s) / %(width)s)::int, min(running_min), max(running_max),
       min(paused_min), max(paused_max), min(burn_min), max(burn_max), sum(started), sum(ended)
FROM ({_BY_MINUTE} UNION ALL {_BY_HOUR}) spans GROUP BY 1"""
_HISTOGRAMS: Final = """
SELECT floor((date_part('epoch', minute) - %(start)s) / %(width)s)::int, array_send(cpu_hist), array_send(mem_hist)
FROM sandboxes_fleetminute
WHERE account_id = ANY(%(accounts)s) AND minute >= greatest(to_timestamp(%(start)s), %(hours_until)s::timestamptz)
  AND minute < to_timestamp(%(end)s)
  AND samples > 0 AND date_part('epoch', minute)::bigint / 60 %% %(every)s = 0
UNION ALL
SELECT floor((date_part('epoch', hour) - %(start)s) / %(width)s)::int, array_send(cpu_hist), array_send(mem_hist)
FROM sandboxes_fleethour
WHERE account_id = ANY(%(accounts)s) AND hour >= to_timestamp(%(start)s) AND hour < %(hours_until)s::timestamptz
  AND hour < to_timestamp(%(end)s)
  AND samples > 0 AND date_part('epoch', hour)::bigint / 3600 %% %(every)s = 0"""
# Until then every account asked for has its hours; one without any has none to wait for.
_HOURS_UNTIL: Final = """
SELECT coalesce(min(until), '-infinity')::text FROM (
    SELECT max(hour) + interval '1 hour' AS until FROM sandboxes_fleethour
    WHERE account_id = ANY(%(accounts)s) GROUP BY account_id
) newest"""


_Histograms = tuple[int, bytes, bytes]  # a cell, and CPU's and memory's of a minute or hour in it


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


class _Cell:
    """What the minutes of one cell add up to."""

    def __init__(self) -> None:
        self.running: Level | None = None
        self.paused: Level | None = None
        self.burn: Level | None = None
        self.started: int | None = None
        self.ended: int | None = None

    def add_levels(self, levels: Sequence[Any], started: int, ended: int) -> None:
        """`levels` are least and greatest of running, paused and burn."""
        least, most = levels[::2], levels[1::2]
        running, paused, burn = (Level(float(low), float(high)) for low, high in zip(least, most, strict=True))
        self.running, self.paused = running.with_(self.running), paused.with_(self.paused)
        self.burn = burn.with_(self.burn)
        self.started, self.ended = (self.started or 0) + int(started), (self.ended or 0) + int(ended)


def metrics(
    start: datetime,
    end: datetime,
    points: int = MOST_POINTS,
    account_id: int | None = None,
    now: datetime | None = None,
) -> FleetColumns:
    """The minutes of [start, end) as at most `points` cells of whole minutes, or of whole hours in a long span."""
    now = now or datetime.now(UTC)
    accounts = [account_id] if account_id else shown_account_ids()
    cut = grid(start, min(end, now), points, now - MINUTES)
    cells = [_Cell() for _ in range(cut.cells)]
    asked = asked_for(cut, accounts)
    for number, *levels, started, ended in arrays.fetch(_LEVELS, asked):
        cells[number].add_levels(levels, started, ended)
    histograms = arrays.fetch(_HISTOGRAMS, {**asked, "every": cut.every(len(accounts))})
    histograms += _add_newest(cells, accounts, cut)
    return _columns(cells, histograms, cut)


def asked_for(cut: Grid, accounts: Sequence[int]) -> dict[str, Any]:
    """The parameters of a statement that reads minutes and, where `cut` is in hours, hours."""
    asked: dict[str, Any] = {
        "accounts": accounts, "start": cut.first, "end": cut.last, "width": cut.width,
        "hours_until": "-infinity",
    }  # fmt: skip
    if cut.unit == HOUR:
        with connection.cursor() as cursor:
            cursor.execute(_HOURS_UNTIL, asked)
            asked["hours_until"] = cursor.fetchone()[0]
    return asked


def _add_newest(cells: Sequence[_Cell], accounts: Iterable[int], cut: Grid) -> list[_Histograms]:
    """The minutes after the newest rolled up one; their histograms are given back."""
    span = datetime.fromtimestamp(cut.first, UTC), datetime.fromtimestamp(cut.last, UTC)
    levels: dict[int, list[Any]] = {}
    histograms: list[_Histograms] = []
    for account_id in accounts:
        for minute, *counted, _, cpu, mem in minutes.not_rolled_up(account_id, *span):
            at = int(minute.timestamp())
            histograms.append(((at - cut.first) // cut.width, cpu, mem))
            levels[at] = list(map(add, levels.get(at, [0] * 5), counted))
    for at, (running, paused, started, ended, burn) in levels.items():
        both = [running, running, paused, paused, burn, burn]
        cells[(at - cut.first) // cut.width].add_levels(both, started, ended)
    return histograms


def _columns(cells: Sequence[_Cell], histograms: Sequence[_Histograms], cut: Grid) -> FleetColumns:
    running = _values([cell.running for cell in cells], cut)
    paused = _values([cell.paused for cell in cells], cut)
    burn = _values([cell.burn for cell in cells], cut)
    places, *sent = zip(*histograms, strict=True) if histograms else ((), (), ())
    cpu, mem = (added(places, one, len(cells)) for one in sent)
    return FleetColumns(
        t=[cut.start(number) for number in range(len(cells))],
        running=[_rounded(value, 2) for value in running],
        paused=[_rounded(value, 2) for value in paused],
        cpu_p50=percentile(cpu, 50),
        cpu_p95=percentile(cpu, 95),
        mem_p50=percentile(mem, 50),
        mem_p95=percentile(mem, 95),
        started=[cell.started for cell in cells],
        ended=[cell.ended for cell in cells],
        burn_usd_per_hour=[_rounded(value, 6) for value in burn],
    )


def _values(levels: Sequence[Level | None], cut: Grid) -> list[float | None]:
    """A minute is what it is: only longer cells have extremes."""
    return [level.most if level else None for level in levels] if cut.width == MINUTE else shown(levels)


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
