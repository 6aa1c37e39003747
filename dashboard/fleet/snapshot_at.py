"""A second of the past as the Fleet page takes it: the honeycomb's columns and the figures, as the socket's. Pure."""

import base64
from collections.abc import Sequence
from typing import Any

from dashboard.live.messages import NO_SAMPLE
from sandboxes.base.sizes import as_number
from sandboxes.fleet.figures import CellThen, FleetNow, Moment


def told(moment: Moment) -> dict[str, Any]:
    """`{"t", "exact_t", "figures", "roster", "values"}`: times in Unix seconds, the rest as in the live stream.

    `values` are base64 of one byte a cell in the order of the roster: percent, 255 where there was no sample.
    """
    return {
        "t": moment.t.timestamp(),
        "exact_t": moment.exact_t.timestamp() if moment.exact_t else None,
        "figures": figures(moment.figures),
        "roster": roster(moment.cells),
        "values": {
            "cpu": _bytes([cell.cpu_pct for cell in moment.cells]),
            "mem": _bytes([cell.mem_pct for cell in moment.cells]),
        },
    }


def figures(then: FleetNow) -> dict[str, Any]:
    """Under the names by which the page fills its figures."""
    return {
        "running": then.running, "paused": then.paused,
        "started": then.started_per_minute, "ended": then.ended_per_minute, "ended_by": then.ended_by_reason,
        "cpu_p50": then.cpu_pct.p50, "cpu_p95": then.cpu_pct.p95,
        "mem_p50": then.mem_pct.p50, "mem_p95": then.mem_pct.p95,
        "burn": float(then.burn_usd_per_hour), "orphan_burn": float(then.orphan_usd_per_hour),
    }  # fmt: skip


def roster(cells: Sequence[CellThen]) -> dict[str, Any]:
    """Columns; what repeats (template, owner, environment) are numbers into `words`."""
    words: dict[str, int] = {}
    number = words.setdefault
    return {
        "key": [cell.key for cell in cells],
        "id": [cell.id for cell in cells],
        "template": [number(cell.template, len(words)) for cell in cells],
        "owner": [number(cell.owner, len(words)) for cell in cells],
        "environment": [number(cell.environment, len(words)) for cell in cells],
        "state": [cell.state[0] for cell in cells],
        "orphan": ["c" if cell.orphan else "n" for cell in cells],
        "created": [round(cell.created_at) for cell in cells],
        "burn": [round(float(cell.burn), 4) for cell in cells],
        "cpus": [as_number(cell.cpu_count) for cell in cells],
        "memory": [cell.memory_mb for cell in cells],
        "words": list(words),
    }


def _bytes(shares: Sequence[float | None]) -> str:
    column = bytes(NO_SAMPLE if share is None else min(100, round(share)) for share in shares)
    return base64.b64encode(column).decode()
