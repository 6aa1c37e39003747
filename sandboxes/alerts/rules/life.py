"""The life of an alert, step by step: how long its figure was beyond the limit, when it fires, when it is over. Pure.

Only time between two judgements that both knew the figure counts, and of a longer pause no more than `LONGEST_STEP`:
our own restart, a clock that jumps and a gap in the polling neither fire nor resolve anything.
"""

from datetime import datetime
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from sandboxes.alerts.rules.figures import Level

LONGEST_STEP_SECONDS: Final = 30.0
LONGEST_CLEAR_SECONDS: Final = 60.0


class Watch(Struct, frozen=True, kw_only=True):
    """One group that is beyond a rule's limit, or was and is not over yet.

    `since` is when that began; `over` and `clear` are the seconds in a row for which it was known to be so (`clear` is
    None while it is not); `known` is whether the last judgement knew its figure.
    """

    since: datetime
    judged_at: datetime
    over: float = 0.0
    clear: float | None = None
    known: bool = True
    firing: bool = False


def step(
    watch: Watch | None, level: Level, now: datetime, for_seconds: float, longest: float = LONGEST_STEP_SECONDS
) -> Watch | None:
    """The watch after a judgement at `now`; None when there is nothing to watch, any more or yet.

    It fires once it was beyond the limit for `for_seconds`, and is over once it was clear for as long, a minute at
    most. A figure between the two keeps what fires, and forgets what does not.
    """
    if watch is None:
        return _begun(now, for_seconds) if level is Level.OVER else None
    if level is Level.UNKNOWN:
        return replace(watch, judged_at=now, known=False)
    passed = _passed(watch, now, longest)
    if level is Level.OVER:
        over = watch.over + passed
        return replace(
            watch, judged_at=now, known=True, over=over, clear=None, firing=watch.firing or over >= for_seconds
        )
    if not watch.firing:
        return None
    if level is Level.BETWEEN:
        return replace(watch, judged_at=now, known=True, clear=None)
    return _clearing(watch, now, passed, min(for_seconds, LONGEST_CLEAR_SECONDS))


def _begun(now: datetime, for_seconds: float) -> Watch:
    return Watch(since=now, judged_at=now, firing=for_seconds <= 0)


def _passed(watch: Watch, now: datetime, longest: float) -> float:
    """Seconds since the last judgement, as far as they count."""
    if not watch.known:
        return 0.0
    return min(max((now - watch.judged_at).total_seconds(), 0.0), longest)


def _clearing(watch: Watch, now: datetime, passed: float, needed: float) -> Watch | None:
    """Of a row of clear judgements the time before the first one does not count."""
    clear = 0.0 if watch.clear is None else watch.clear + passed
    return None if clear >= needed else replace(watch, judged_at=now, known=True, clear=clear)
