"""The last sign of life of each sandbox: resumed, at work, its end moved, leased."""

from collections.abc import Iterable
from datetime import datetime

from sandboxes.cleanup.whatif.tally import Sign
from sandboxes.cleanup.whatif.timeline import Life
from sandboxes.fleet.last_signs import at_work, end_moved


def last_signs(lives: Iterable[Life], start: datetime, end: datetime, at_work_pct: float) -> dict[int, Sign]:
    """By sandbox key, the latest in [start, end); those that gave none are left out."""
    found: dict[int, Sign] = {}
    keys = []
    for life in lives:
        keys.append(life.key)
        resumed = [Sign(run.started_at, "resumed") for run in life.runs[1:]]
        leased = [Sign(lease.since, "leased") for lease in life.leases]
        if resumed or leased:
            found[life.key] = (
                max(*resumed, *leased, key=_when) if len(resumed) + len(leased) > 1 else (resumed + leased)[0]
            )
    moved = {key: Sign(at, "timeout_moved") for key, at in end_moved(keys, start, end).items()}
    worked = {key: Sign(at, "cpu") for key, at in at_work(keys, start, end, at_work_pct).items()}
    for signs in (moved, worked):
        for key, sign in signs.items():
            found[key] = max(found.get(key, sign), sign, key=_when)
    return {key: sign for key, sign in found.items() if start <= sign.at < end}


def _when(sign: Sign) -> datetime:
    return sign.at
