"""A second of the past as the Fleet page takes it: the honeycomb's columns and the figures, as the socket's."""

import base64
from collections.abc import Sequence
from typing import Any

import msgspec

from dashboard.live import shapes
from dashboard.live.messages import NO_SAMPLE
from dashboard.live.shapes import Columns, Counts, Values
from sandboxes.base.sizes import as_number
from sandboxes.fleet.figures import CellThen, FleetNow, Moment


def told(moment: Moment) -> dict[str, Any]:
    """A `shapes.Moment` as JSON holds it."""
    told: dict[str, Any] = msgspec.to_builtins(
        shapes.Moment(
            t=moment.t.timestamp(),
            exact_t=moment.exact_t.timestamp() if moment.exact_t else None,
            figures=figures(moment.figures),
            roster=roster(moment.cells),
            values=Values(
                cpu=_bytes([cell.cpu_pct for cell in moment.cells]), mem=_bytes([cell.mem_pct for cell in moment.cells])
            ),
        )
    )
    return told


def figures(then: FleetNow) -> Counts:
    """Under the names by which the page fills its figures."""
    return Counts(
        running=then.running, paused=then.paused,
        started=then.started_per_minute, ended=then.ended_per_minute, ended_by=then.ended_by_reason,
        cpu_p50=then.cpu_pct.p50, cpu_p95=then.cpu_pct.p95,
        mem_p50=then.mem_pct.p50, mem_p95=then.mem_pct.p95,
        burn=float(then.burn_usd_per_hour), orphan_burn=float(then.orphan_usd_per_hour),
    )  # fmt: skip


def roster(cells: Sequence[CellThen]) -> Columns:
    """Columns; what repeats (template, owner, environment) are numbers into `words`."""
    words: dict[str, int] = {}
    number = words.setdefault
    return Columns(
        key=[cell.key for cell in cells],
        id=[cell.id for cell in cells],
        template=[number(cell.template, len(words)) for cell in cells],
        owner=[number(cell.owner, len(words)) for cell in cells],
        environment=[number(cell.environment, len(words)) for cell in cells],
        state=[cell.state[0] for cell in cells],
        orphan=["c" if cell.orphan else "n" for cell in cells],
        created=[round(cell.created_at) for cell in cells],
        burn=[round(float(cell.burn), 4) for cell in cells],
        cpus=[as_number(cell.cpu_count) for cell in cells],
        memory=[cell.memory_mb for cell in cells],
        words=list(words),
    )


def _bytes(shares: Sequence[float | None]) -> str:
    column = bytes(NO_SAMPLE if share is None else min(100, round(share)) for share in shares)
    return base64.b64encode(column).decode()
