"""The fleet in a few figures, from what the process holds in memory: recomputed at every tick, so kept cheap. Pure."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from dashboard.live.fleet import RATE_SECONDS, Frame, LiveFleet
from sandboxes.fleet.figures.percentiles import nearest

HOT_PCT: Final = 80
SOON_SECONDS: Final = 300
CURRENT_SECONDS: Final = 300  # an older sample says nothing about the fleet now
MOST_REASONS: Final = 8  # why sandboxes ended; a backend may make words up


class Usage:
    """Each frame is put in order once: of a fleet in four shards one is new at a time, and the rest only merged."""

    def __init__(self) -> None:
        self._ordered: dict[tuple[int, int], tuple[Frame, list[float], list[float]]] = {}

    def told(self, fleet: LiveFleet) -> dict[str, float | int | None]:
        """p50 and p95 of CPU and memory, in percent of each sandbox's own; and how many are over 80% CPU."""
        self._ordered = {
            place: known if (known := self._ordered.get(place)) and known[0] is frame else (frame, *_in_order(frame))
            for place, frame in fleet.frames.items()
        }
        # Sorting what is in order by pieces is merging them.
        cpu = sorted(value for _, values, _ in self._ordered.values() for value in values)
        mem = sorted(value for _, _, values in self._ordered.values() for value in values)
        return _figures(cpu, mem)


def _in_order(frame: Frame) -> tuple[list[float], list[float]]:
    current = [
        (cpu / 100, 100 * used / total if total else None)
        for age, cpu, used, total in zip(frame.ages, frame.cpu, frame.mem, frame.mem_total, strict=True)
        if 0 <= age <= CURRENT_SECONDS
    ]
    return sorted(cpu for cpu, _ in current), sorted(mem for _, mem in current if mem is not None)


def _figures(cpu: Sequence[float], mem: Sequence[float]) -> dict[str, float | int | None]:
    return {
        "cpu_p50": nearest(cpu, 50),
        "cpu_p95": nearest(cpu, 95),
        "mem_p50": nearest(mem, 50),
        "mem_p95": nearest(mem, 95),
        "hot": len(cpu) - bisect_left(cpu, HOT_PCT),
    }


def _per_minute(count: int) -> float:
    return round(count * 60 / RATE_SECONDS, 1)


def counts(fleet: LiveFleet, now: float) -> dict[str, Any]:
    """Who runs and waits, what came and went (a minute, over five; reasons over an hour), what it burns."""
    fleet.forget_old(now)
    states: Counter[str] = Counter()
    soon = orphans = marked = 0
    burn = orphan_burn = 0.0
    for cell in fleet.cells.values():
        states[cell.state] += 1
        burn += cell.burn
        soon += cell.state == "running" and cell.end_at is not None and 0 < cell.end_at - now < SOON_SECONDS
        if cell.orphan != "none":
            orphans += 1
            orphan_burn += cell.burn
            marked += cell.orphan == "marked"
    return {
        "running": states["running"],
        "paused": states["paused"],
        "started": _per_minute(len(fleet.born)),
        "ended": _per_minute(sum(now - one.at <= RATE_SECONDS for one in fleet.ended.values())),
        "ended_by": dict(Counter(one.reason for one in fleet.ended.values()).most_common(MOST_REASONS)),
        "burn": round(burn, 2),
        "orphans": orphans,
        "orphan_burn": round(orphan_burn, 2),
        "marked": marked,
        "soon": soon,
    }
