"""A wall clock that nobody sets: where the process began, plus what the monotonic clock has counted since."""

import time
from datetime import UTC, datetime, timedelta
from typing import Final

_BEGAN: Final = datetime.now(UTC), time.monotonic()


def steady_now() -> datetime:
    """The time as it would be had nobody set the machine's clock since this process began."""
    began, counted = _BEGAN
    return began + timedelta(seconds=time.monotonic() - counted)
