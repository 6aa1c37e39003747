"""The fleet in a few figures, from what the process holds in memory: recomputed at every tick, so kept cheap. Pure."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from dashboard.live.fleet import RATE_SECONDS, LiveFleet

HOT_PCT: Final = 80
SOON_SECONDS: Final = 300
CURRENT_SECONDS: Final = 300  # an older sample says nothing about the fleet now


def usage(fleet: LiveFleet) -> dict[str, float | int | None]:
    """p50 and p95 of CPU and memory, in percent of each sandbox's own; and how many are over 80 % CPU."""
    cpu: list[float] = []
    mem: list[float] = []
    for frame in fleet.frames.values():
        for age, cpu_now, used, total in zip(frame.ages, frame.cpu, frame.mem, frame.mem_total, strict=True):
            if 0 <= age <= CURRENT_SECONDS:
                cpu.append(cpu_now / 100)
                if total:
                    mem.append(100 * used / total)
    cpu.sort()
    mem.sort()
    return {
        "cpu_p50": quantile(cpu, 0.5),
        "cpu_p95": quantile(cpu, 0.95),
        "mem_p50": quantile(mem, 0.5),
        "mem_p95": quantile(mem, 0.95),
        "hot": sum(value >= HOT_PCT for value in cpu),
    }


def quantile(ordered: Sequence[float], share: float) -> float | None:
    """The value that `share` (0 to 1) of them do not exceed; None for none."""
    if not ordered:
        return None
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 1)


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
        soon += cell.state == "running" and cell.end_at is not None and cell.end_at - now < SOON_SECONDS
        if cell.orphan != "none":
            orphans += 1
            orphan_burn += cell.burn
            marked += cell.orphan in {"marked", "condemned"}
    return {
        "running": states["running"],
        "paused": states["paused"],
        "started": _per_minute(len(fleet.born)),
        "ended": _per_minute(sum(now - one.at <= RATE_SECONDS for one in fleet.ended.values())),
        "ended_by": dict(Counter(one.reason for one in fleet.ended.values()).most_common(3)),
        "burn": round(burn, 2),
        "orphans": orphans,
        "orphan_burn": round(orphan_burn, 2),
        "marked": marked,
        "soon": soon,
    }
