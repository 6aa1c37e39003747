"""The whole fleet at one second of the past, with its figures: what a page draws while somebody drags through a day."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from django.db.models import Count

from sandboxes.core import database
from sandboxes.core.accounts import fleets
from sandboxes.fleet.figures import queries
from sandboxes.fleet.figures.alive import columns_near
from sandboxes.fleet.figures.frames import FrameColumns, shares
from sandboxes.fleet.figures.now import REASONS_OVER, FleetNow, cap_of
from sandboxes.fleet.figures.percentiles import spread
from sandboxes.models import Execution, Sandbox

RATE_OVER: Final = timedelta(minutes=5)
SERIES_OVER: Final = timedelta(seconds=90)  # a back-fill's steps are a minute at most, or of no use here


@dataclass(frozen=True, slots=True)
class CellThen:
    """One sandbox then. `created_at` in Unix seconds, burn in USD an hour; shares in percent of its own, or None."""

    key: int
    id: str
    template: str
    owner: str
    environment: str
    state: str
    created_at: float
    burn: Decimal
    cpu_count: float
    memory_mb: int
    orphan: bool
    cpu_pct: float | None
    mem_pct: float | None


@dataclass(frozen=True)
class Moment:
    """The fleet at `t`; `exact_t` is the tick that answers, None says that none is near: states without figures."""

    t: datetime
    exact_t: datetime | None
    cells: list[CellThen]
    figures: FleetNow


def moment(t: datetime) -> Moment:
    """All accounts that pages show, at `t`; rates and reasons are of the minutes and the hour before it."""
    accounts = fleets()
    ids = [account.pk for account in accounts]
    frames = columns_near(ids, t)
    exact = max((frame.at for frame in frames), default=None)
    rows = database.rows(queries.CELLS, {"at": exact or t, "accounts": list(ids)})
    shares = _shares(frames)
    if exact is None:
        exact, shares = _from_series(rows, t)
    cells = _cells(rows, shares)
    return Moment(t, exact, cells, _figures(cells, ids, t, cap_of(accounts)))


def _from_series(
    rows: Sequence[tuple[Any, ...]], t: datetime
) -> tuple[datetime | None, dict[int, tuple[float, float | None]]]:
    """Where nobody polled, what was asked for afterwards: the newest samples of the minute and a half before `t`."""
    memory = {row[0]: row[9] * 1024 for row in rows if row[5] == "running"}
    given = {"keys": list(memory), "since": t - SERIES_OVER, "until": t}
    found = database.rows(queries.NEAR_SAMPLES, given) if memory else []
    shares = {key: (cpu / 100, 100 * mem / memory[key] if memory[key] else None) for key, _, cpu, mem in found}
    return max((at for _, at, _, _ in found), default=None), shares


def _cells(rows: Sequence[tuple[Any, ...]], shares: dict[int, tuple[float, float | None]]) -> list[CellThen]:
    nothing = (None, None)
    # A paused one has no sample of then, whatever the frame before its pause still says.
    return [CellThen(*row, *(shares.get(row[0], nothing) if row[5] == "running" else nothing)) for row in rows]


def _shares(frames: Sequence[FrameColumns]) -> dict[int, tuple[float, float | None]]:
    """CPU and memory in percent by sandbox key; no memory where its limit is not known."""
    found: dict[int, tuple[float, float | None]] = {}
    for frame in frames:
        known = frame.ages >= 0
        cpu, mem = shares(frame, known)
        with_limit = (frame.mem_total[known] > 0).tolist()
        figures = zip(cpu.tolist(), mem.tolist(), with_limit, strict=True)
        pairs = [(pct, share if limited else None) for pct, share, limited in figures]
        found |= dict(zip(frame.keys[known].tolist(), pairs, strict=True))
    return found


def _figures(cells: Sequence[CellThen], ids: Sequence[int], t: datetime, cap: int | None) -> FleetNow:
    states = Counter(cell.state for cell in cells)
    held = [cell for cell in cells if cell.orphan]
    return FleetNow(
        t=t,
        running=states["running"],
        paused=states["paused"],
        started_per_minute=_per_minute(_born(ids, t)),
        ended_per_minute=_per_minute(sum(_ended(ids, t, RATE_OVER).values())),
        ended_by_reason=_ended(ids, t, REASONS_OVER),
        cpu_pct=spread([cell.cpu_pct for cell in cells if cell.cpu_pct is not None]),
        mem_pct=spread([cell.mem_pct for cell in cells if cell.mem_pct is not None]),
        burn_usd_per_hour=sum((cell.burn for cell in cells), Decimal(0)),
        orphans=len(held),
        orphan_usd_per_hour=sum((cell.burn for cell in held), Decimal(0)),
        cap=cap,
        stale_since=None,
    )


def _per_minute(count: int) -> float:
    return round(count / (RATE_OVER / timedelta(minutes=1)), 2)


def _born(ids: Sequence[int], t: datetime) -> int:
    """Created in the minutes before; found by the start of a run, which has an index."""
    span: dict[str, Any] = {"started_at__gt": t - RATE_OVER, "started_at__lte": t}
    created: dict[str, Any] = {f"sandbox__created_at{how.removeprefix('started_at')}": at for how, at in span.items()}
    return Execution.objects.filter(sandbox__account__in=ids, **span, **created).values("sandbox").distinct().count()


def _ended(ids: Sequence[int], t: datetime, over: timedelta) -> dict[str, int]:
    ended = Sandbox.objects.filter(account__in=ids, ended_at__gt=t - over, ended_at__lte=t)
    reasons: dict[str, int] = {}
    for reason, count in ended.values_list("end_reason").annotate(n=Count("pk")).order_by("-n"):
        reasons[reason or "unknown"] = reasons.get(reason or "unknown", 0) + count
    return reasons
