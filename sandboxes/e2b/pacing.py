"""Keeps within the backend's rate limits, which it counts per route: one pause holds all calls of a route.

A route that gave no answer in time is left alone for a moment too. Pauses are shared with other workers where there
is a way to (`Shared`), and nobody sleeps through a long one: the call fails at once, the next round makes it.
"""

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Protocol

from sandboxes.e2b.errors import LeftAlone, RateLimited
from sandboxes.e2b.timing import Timing, http_date

# Above this a RateLimit-Reset is no number of seconds but a Unix time, as some gateways send it.
_UNIX_TIME = 1_000_000_000
LONGEST_WAIT_SECONDS: Final = 2.0  # a worker that sleeps does nothing for anybody else
UNTOLD_SECONDS: Final = 10.0  # after refusals that do not say when to come back
SILENCE_SECONDS: Final = 20.0  # for a route that gives no answers
TIMEOUTS_IN_A_ROW: Final = 2  # one sandbox whose calls hang is not the whole route


@dataclass(frozen=True)
class Pause:
    """How long a route is left alone; `silent`: because it gave no answer, not because it asked for it."""

    seconds: float
    silent: bool = False


class Shared(Protocol):
    """Where pauses are kept for all workers of an account. Neither call raises when that place is away.

    `timeouts` counts, by route, calls in a row without an answer: for all clients of the account in this process, of
    which many make one call alone.
    """

    timeouts: Counter[str]

    async def left(self, route: str) -> Pause | None: ...
    async def pause(self, route: str, pause: Pause) -> None: ...
    async def aclose(self) -> None: ...


class Pacing:
    """When each route opens again, on the monotonic clock."""

    def __init__(self, timing: Timing, shared: Shared | None = None) -> None:
        self._timing = timing
        self._shared = shared
        self._opens_at: dict[str, float] = {}
        self._silent: set[str] = set()
        self._timeouts: Counter[str] = Counter() if shared is None else shared.timeouts  # since the last answer

    async def pause(self, route: str, seconds: float, *, silent: bool = False) -> None:
        """For this client at once, and for every other worker where the pause is longer than a call may wait."""
        self._note(route, Pause(seconds, silent))
        if self._shared is not None and seconds > LONGEST_WAIT_SECONDS:
            await self._shared.pause(route, Pause(seconds, silent))

    async def timed_out(self, route: str) -> None:
        """A call had time enough and got no answer: after some in a row the route is left alone."""
        self._timeouts[route] += 1
        if self._timeouts[route] >= TIMEOUTS_IN_A_ROW:
            await self.pause(route, SILENCE_SECONDS, silent=True)

    async def learn(self, route: str, headers: Mapping[str, str], received_at: datetime) -> None:
        """After any answer: nothing left of this window means to wait for the next."""
        del self._timeouts[route]
        if used_up(headers) and (wait := seconds_to_wait(headers, received_at)):
            await self.pause(route, wait)

    def left(self, route: str) -> float:
        """Seconds until the route opens, as this client knows it; 0.0 when it is open."""
        return max(0.0, self._opens_at.get(route, 0.0) - self._timing.monotonic())

    def is_open(self, route: str) -> bool:
        return self.left(route) <= 0

    def longest_pause(self) -> float:
        """Seconds until every route is open again; 0.0 when all are."""
        return max(0.0, max(self._opens_at.values(), default=0.0) - self._timing.monotonic())

    async def wait(self, route: str, deadline: float) -> None:
        """Until the route is open, which is soon.

        Raises RateLimited or LeftAlone at once when it takes more than `LONGEST_WAIT_SECONDS`, or is after `deadline`
        (monotonic).
        """
        if self._shared is not None and (known := await self._shared.left(route)):
            self._note(route, known)
        while (seconds := self.left(route)) > 0:
            if seconds > LONGEST_WAIT_SECONDS or self._timing.monotonic() + seconds > deadline:
                raise self._refusal(route, seconds)
            await self._timing.sleep(seconds)

    async def aclose(self) -> None:
        if self._shared is not None:
            await self._shared.aclose()

    def _note(self, route: str, pause: Pause) -> None:
        opens_at = self._timing.monotonic() + pause.seconds
        if opens_at >= self._opens_at.get(route, 0.0):
            self._opens_at[route] = opens_at
            (self._silent.add if pause.silent else self._silent.discard)(route)

    def _refusal(self, route: str, seconds: float) -> RateLimited | LeftAlone:
        if route in self._silent:
            message = f"{route} gave no answer and is left alone. It is tried again in {seconds:.1f} s"
            return LeftAlone(message, retry_after=seconds)
        message = f"{route} is paused by the backend's rate limit. Try again in {seconds:.1f} s"
        return RateLimited(message, retry_after=seconds, status=None)


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
