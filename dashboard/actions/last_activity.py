"""What was used last: at work, run again, or kept alive by another end; of many sandboxes at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from sandboxes.fleet.last_signs import AT_WORK_PCT, at_work, end_moved
from sandboxes.fleet.search import details
from sandboxes.models import Sandbox

EVER: Final = datetime(1970, 1, 1, tzinfo=UTC)
LOOK_BACK: Final = timedelta(hours=2)  # an hour's series of each is opened; older work is no sign any more


@dataclass(frozen=True)
class Sign:
    """When, and what it was: `cpu`, `run` or `end moved`; `cpu_pct` where the newest sample is the sign."""

    at: datetime
    what: str
    cpu_pct: float | None = None


def last_signs(keys: Sequence[int], now: datetime, *, enough: int) -> dict[int, Sign]:
    """The latest signs of running sandboxes; of no others where `enough` are at work this moment.

    Every sandbox has at least the start of its run.
    """
    working = _at_work_now(keys, now)
    if len(working) >= enough:
        return working
    began = Sandbox.objects.filter(id__in=details.these(keys)).values_list("id", "started_at")
    found = {key: Sign(at, "run") for key, at in began}
    ahead = now + details.TWO_CLOCKS
    moved, worked = end_moved(keys, EVER, ahead), at_work(keys, now - LOOK_BACK, ahead)
    for what, signs in (("end moved", moved), ("cpu", worked)):
        for key, at in signs.items():
            if key in found and at > found[key].at:
                found[key] = Sign(at, what)
    return found | working


def _at_work_now(keys: Sequence[int], now: datetime) -> dict[int, Sign]:
    accounts = list(Sandbox.objects.filter(id__in=details.these(keys)).values_list("account_id", flat=True).distinct())
    samples = details.newest_samples(keys, accounts, now)
    return {
        key: Sign(sample.sampled_at, "cpu", sample.cpu_pct)
        for key, sample in samples.items()
        if sample.sampled_at and sample.cpu_pct is not None and sample.cpu_pct >= AT_WORK_PCT
    }
