"""Celery's clock on monotonic time: set the wall clock back or ahead, and every task still comes at its interval."""

import heapq
import time
from typing import Any, Final

from celery.beat import ScheduleEntry, Scheduler, event_t

PRIORITY: Final = 5
LATEST_CHECK_SECONDS: Final = 60.0
FIRST_SECONDS: Final = 60.0  # an hourly task comes soon after each start, however often it is started


class MonotonicScheduler(Scheduler):  # type: ignore[misc]
    """For plain intervals alone, which are all that we have; nothing is kept over a restart.

    Celery's own scheduler compares wall times: set back by an hour, it sends nothing for an hour. After an
    interruption (a sleeping machine) a task is sent once, not once for each interval that was missed.
    """

    _due: list[Any] | None = None  # a heap of (monotonic time, priority, entry)

    def tick(self, *_: object, **__: object) -> float:
        """Sends the one task that is most overdue, if any; seconds until it should be called again."""
        now = self.monotonic()
        if self._due is None:
            first = [(min(_interval(entry), FIRST_SECONDS), entry) for entry in self.schedule.values()]
            self._due = [event_t(now + seconds, PRIORITY, entry) for seconds, entry in first]
            heapq.heapify(self._due)
        if not self._due:
            return LATEST_CHECK_SECONDS
        next_one = self._due[0]
        if next_one.time > now:
            return float(min(next_one.time - now, LATEST_CHECK_SECONDS))
        heapq.heappop(self._due)
        entry = self.reserve(next_one.entry)
        self.apply_entry(entry, producer=self.producer)
        next_time = next_one.time + _interval(entry)
        heapq.heappush(self._due, event_t(next_time if next_time > now else now + _interval(entry), PRIORITY, entry))
        return 0.0

    def install_default_entries(self, data: object) -> None:
        """None: Celery's own deletes old results, and we keep none."""

    def monotonic(self) -> float:
        """Seconds on a clock that nobody sets."""
        return time.monotonic()


def _interval(entry: ScheduleEntry) -> float:
    return float(entry.schedule.run_every.total_seconds())
