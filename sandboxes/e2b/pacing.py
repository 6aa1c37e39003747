"""Keeps within the backend's rate limits, which it counts per route: one pause holds all calls of a route."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime

from sandboxes.e2b.errors import RateLimited
from sandboxes.e2b.timing import Timing, http_date

# Above this a RateLimit-Reset is no number of seconds but a Unix time, as some gateways send it.
_UNIX_TIME = 1_000_000_000


class Pacing:
    """When each route opens again, on the monotonic clock."""

    def __init__(self, timing: Timing) -> None:
        self._timing = timing
        self._opens_at: dict[str, float] = {}

    def pause(self, route: str, seconds: float) -> None:
        self._opens_at[route] = max(self._opens_at.get(route, 0.0), self._timing.monotonic() + seconds)

    def learn(self, route: str, headers: Mapping[str, str], received_at: datetime) -> None:
        """After any answer: nothing left of this window means to wait for the next."""
        if used_up(headers) and (wait := seconds_to_wait(headers, received_at)):
            self.pause(route, wait)

    def is_open(self, route: str) -> bool:
        return self._opens_at.get(route, 0.0) <= self._timing.monotonic()

    def longest_pause(self) -> float:
        """Seconds until every route is open again; 0.0 when all are."""
        return max(0.0, max(self._opens_at.values(), default=0.0) - self._timing.monotonic())

    async def wait(self, route: str, deadline: float) -> None:
        """Until the route is open. Raises RateLimited at once when that is after `deadline` (monotonic)."""
        while (seconds := self._opens_at.get(route, 0.0) - self._timing.monotonic()) > 0:
            if self._timing.monotonic() + seconds > deadline:
                message = f"{route} is paused by the backend's rate limit. Try again in {seconds:.1f} s"
                raise RateLimited(message, retry_after=seconds, status=None)
            await self._timing.sleep(seconds)


def used_up(headers: Mapping[str, str]) -> bool:
    """True when `RateLimit-Remaining` says 0; False without the header."""
    return _number(headers.get("ratelimit-remaining")) == 0


def seconds_to_wait(headers: Mapping[str, str], received_at: datetime) -> float | None:
    """`Retry-After` (seconds or an HTTP date), else `RateLimit-Reset`, in seconds; None when neither is there."""
    given = headers.get("retry-after")
    seconds = _number(given)
    if seconds is None and (date := http_date(given)):
        # Both dates are the server's, so the difference holds whatever our own clock says.
        seconds = (date - (http_date(headers.get("date")) or received_at)).total_seconds()
    if seconds is None:
        seconds = _number(headers.get("ratelimit-reset"))
        if seconds is not None and seconds > _UNIX_TIME:
            seconds -= received_at.astimezone(UTC).timestamp()
    return None if seconds is None else max(0.0, seconds)


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if math.isfinite(number) else None
