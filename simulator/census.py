"""How many sandboxes ran at once and how many started, minute by minute."""

from dataclasses import dataclass

MINUTE = 60
_KEPT_MINUTES = 7 * 1440


@dataclass(slots=True)
class Minute:
    """The most that ran at once in one minute, how many ran when it ended, and the starts in it."""

    most: int
    last: int
    starts: int = 0


class Census:
    """Counts as the fleet changes; a minute in which nothing changed carries the count of the one before."""

    def __init__(self) -> None:
        self._minutes: dict[int, Minute] = {}
        self._running = 0

    @property
    def running(self) -> int:
        return self._running

    def started(self, at: float) -> None:
        """One more runs."""
        minute = self._minute(at)
        self._running += 1
        minute.most = max(minute.most, self._running)
        minute.last = self._running
        minute.starts += 1

    def stopped(self, at: float) -> None:
        """One less runs."""
        minute = self._minute(at)
        self._running -= 1
        minute.last = self._running

    def between(self, start: int, end: int, step: int) -> list[tuple[int, int, float]]:
        """Per bucket of `step` seconds (a multiple of 60): its start, the most at once, and starts per second."""
        if not self._minutes:
            return []
        first = max(start, min(self._minutes) * MINUTE) // step * step
        running, answer = self._before(first), []
        for bucket in range(first, end + 1, step):
            minutes = range(bucket // MINUTE, (bucket + step) // MINUTE)
            held = [self._minutes[minute] for minute in minutes if minute in self._minutes]
            most = max([running, *(minute.most for minute in held)])
            answer.append((bucket, most, round(sum(minute.starts for minute in held) / step, 4)))
            running = held[-1].last if held else running
        return answer

    def _before(self, at: int) -> int:
        earlier = [minute for minute in self._minutes if minute * MINUTE < at]
        return self._minutes[max(earlier)].last if earlier else 0

    def _minute(self, at: float) -> Minute:
        key = int(at) // MINUTE
        if key not in self._minutes:
            self._minutes[key] = Minute(most=self._running, last=self._running)
            while len(self._minutes) > _KEPT_MINUTES:
                del self._minutes[next(iter(self._minutes))]
        return self._minutes[key]
