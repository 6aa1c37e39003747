"""How many sandboxes ran at once and how many started, minute by minute."""

from dataclasses import dataclass

MINUTE = 60
_KEPT_MINUTES = 7 * 1440


@dataclass(slots=True)
class Minute:
    """The most that ran at once in one minute, and the starts in it."""

    most: int
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
        minute.starts += 1

    def stopped(self, at: float) -> None:
        """One less runs."""
        self._minute(at)
        self._running -= 1

    def between(self, start: int, end: int, step: int) -> list[tuple[int, int, float]]:
        """Per bucket of `step` seconds (a multiple of 60): its start, the most at once, and starts per second."""
        if not self._minutes:
            return []
        first, answer = min(self._minutes) * MINUTE, []
        carried = self._before(max(start, first) // step * step)
        for bucket in range(max(start, first) // step * step, end + 1, step):
            held = [
                self._minutes[minute]
                for minute in range(bucket // MINUTE, (bucket + step) // MINUTE)
                if minute in self._minutes
            ]
            most = max([carried, *(minute.most for minute in held)]) if not held else max(m.most for m in held)
            answer.append((bucket, most, round(sum(minute.starts for minute in held) / step, 4)))
            carried = held[-1].most if held else carried
        return answer

    def _before(self, at: int) -> int:
        earlier = [minute for minute in self._minutes if minute * MINUTE < at]
        return self._minutes[max(earlier)].most if earlier else 0

    def _minute(self, at: float) -> Minute:
        key = int(at) // MINUTE
        if key not in self._minutes:
            self._minutes[key] = Minute(most=self._running)
            while len(self._minutes) > _KEPT_MINUTES:
                del self._minutes[next(iter(self._minutes))]
        return self._minutes[key]
