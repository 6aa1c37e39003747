"""What is still to come, in the order of time."""

import heapq
from collections.abc import Callable

Deed = Callable[[float], None]


class Agenda:
    """Deeds with their times; running it takes time forward step by step, so that each sees its own moment."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Deed]] = []
        self._count = 0

    def push(self, at: float, deed: Deed) -> None:
        """Do `deed(at)` at Unix second `at`; what falls on one moment is done in the order it was pushed."""
        self._count += 1
        heapq.heappush(self._heap, (at, self._count, deed))

    @property
    def next_at(self) -> float | None:
        """When the next deed is due, or None when nothing is to come."""
        return self._heap[0][0] if self._heap else None

    def run_until(self, now: float) -> None:
        """Do all that is due up to and with `now`, also what those deeds push."""
        while self._heap and self._heap[0][0] <= now:
            at, _, deed = heapq.heappop(self._heap)
            deed(at)
