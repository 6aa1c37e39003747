"""Where the simulator takes its time from: the wall, or a test's hand."""

import time
from typing import Protocol


class Clock(Protocol):
    """Anything that tells Unix seconds."""

    def now(self) -> float: ...


class WallClock:
    """Real time."""

    def now(self) -> float:
        return time.time()


class ManualClock:
    """Time that stands still until it is moved."""

    def __init__(self, now: float = 1_790_000_000.0) -> None:
        self._now = now

    def now(self) -> float:
        return self._now

    def advance(self, seconds: float) -> None:
        """Move on by `seconds`; time never goes back."""
        if seconds < 0:
            raise ValueError("a clock is only moved forward")
        self._now += seconds
