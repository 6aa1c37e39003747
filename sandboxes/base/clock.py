"""Two clocks, ours and a backend's, and the one place that converts; and a wall clock of ours that nobody sets."""

import time
from datetime import UTC, datetime, timedelta
from typing import Final, NewType

BackendTime = NewType("BackendTime", datetime)
"""A moment on a backend's clock, aware. Policies judge by it; made here alone, so that ours never passes for it."""

MOST_AHEAD: Final = timedelta(seconds=5)  # by which another machine's clock may be ahead of ours
_BEGAN: Final = datetime.now(UTC), time.monotonic()


def on_backend(ours: datetime, offset: timedelta) -> BackendTime:
    """What the backend's clock shows when ours shows `ours`. `offset`: the backend's clock minus ours."""
    return BackendTime(ours + offset)


def of_record(moment: datetime) -> BackendTime:
    """A moment that the backend itself has told, or one of a record that is already on its clock."""
    return BackendTime(moment)


def is_fresh(at: datetime, now: datetime, most: timedelta) -> bool:
    """Whether `at` is no older than `most`, on our clock. What lies ahead of it proves nothing: it was set back."""
    return -MOST_AHEAD <= now - at <= most


def steady_now() -> datetime:
    """The time as it would be had nobody set the machine's clock since this process began."""
    began, counted = _BEGAN
    return began + timedelta(seconds=time.monotonic() - counted)
