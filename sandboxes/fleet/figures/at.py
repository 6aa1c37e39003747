"""Time travel: who was there at a moment, in which state, and with which figures. State comes from runs."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Final

import msgspec
import numpy as np

from sandboxes.core import database
from sandboxes.core.accounts import shown_account_ids
from sandboxes.fleet.figures import queries
from sandboxes.fleet.figures.alive import columns_near
from sandboxes.fleet.figures.frames import FrameColumns
from sandboxes.metrics.series.frame import NO_SAMPLE

Figures = tuple[float | None, int | None, int | None]  # CPU in percent; memory used and allocated, bytes
_NO_FIGURES: Final[Figures] = (None, None, None)


class SandboxThen(msgspec.Struct, frozen=True):
    """One sandbox at that moment; figures are None when no sample of it is held for then."""

    id: str
    state: Annotated[str, msgspec.Meta(extra_json_schema={"enum": ["running", "paused"]})]
    template_id: str
    owner: str | None
    environment: str | None
    created_at: datetime
    cpu_pct: float | None
    mem_used: int | None
    mem_total: int | None
    burn_usd_per_hour: Decimal
    orphan: bool


class FleetThen(msgspec.Struct, frozen=True):
    """`GET /fleet/at`. `exact_t` is the tick that answers; None says that there is none near: states alone."""

    t: datetime
    exact_t: datetime | None
    running: int
    paused: int
    items: list[SandboxThen]
    next: str | None


def at(t: datetime, limit: int = 100, cursor: str | None = None, account_id: int | None = None) -> FleetThen:
    """The fleet at `t`, a page of `limit` at a time. Raises ValueError for a cursor that is not ours."""
    accounts = [account_id] if account_id else shown_account_ids()
    frames = columns_near(accounts, t)
    exact = max((frame.at for frame in frames), default=None)
    wanted: dict[str, Any] = {"at": exact or t, "accounts": accounts, "after": _after(cursor), "limit": limit + 1}
    running, paused = database.row(queries.COUNTS, wanted)
    rows = database.rows(queries.ITEMS, wanted)
    figures = _figures(frames, [row[0] for row in rows])
    items = [_item(row, figures.get(row[0], _NO_FIGURES)) for row in rows[:limit]]
    return FleetThen(t, exact, running, paused, items, str(rows[limit - 1][0]) if len(rows) > limit else None)


def _after(cursor: str | None) -> int:
    if not cursor:
        return 0
    if not cursor.isdecimal() or len(cursor) > 10:
        raise ValueError("this cursor is not valid: start without one")
    return int(cursor)


def _figures(frames: Sequence[FrameColumns], keys: Sequence[int]) -> dict[int, Figures]:
    """Of these keys alone."""
    found: dict[int, Figures] = {}
    for frame in frames:
        places = np.flatnonzero(np.isin(frame.keys, keys) & (frame.ages != NO_SAMPLE))
        columns = (column[places].tolist() for column in (frame.keys, frame.cpu, frame.mem, frame.mem_total))
        found |= {key: (cpu / 100, mem * 1024, total * 1024) for key, cpu, mem, total in zip(*columns, strict=True)}
    return found


def _item(row: Sequence[Any], figures: Figures) -> SandboxThen:
    cpu_pct, mem_used, mem_total = figures
    _, sandbox_id, state, template_id, owner, environment, created_at, burn, orphan = row
    return SandboxThen(
        id=sandbox_id,
        state=state,
        template_id=template_id,
        owner=owner,
        environment=environment,
        created_at=created_at,
        cpu_pct=cpu_pct,
        mem_used=mem_used,
        mem_total=mem_total,
        burn_usd_per_hour=burn,
        orphan=orphan,
    )
