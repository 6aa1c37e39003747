"""Time as the client sees it: clocks and sleep that tests replace, and how far the server's clock is off ours."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Timing:
    """Every clock the client reads; seconds where there is a float."""

    now: Callable[[], datetime] = _utc_now
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    uniform: Callable[[float, float], float] = random.uniform


# How old a `Date` header may be when it is sent: many servers (uvicorn, nginx) renew theirs only now and then.
_STALE_SECONDS = 1.0


class ServerClock:
    """Narrows down, answer by answer, how many seconds the server's clock is ahead of ours.

    A `Date` header D (whole seconds) on a request sent at S and answered at R says that the server's clock was
    between D and D+1 s, or a little more, somewhere between S and R: so the offset lies between D-R and D+1-S and
    that little more. All answers' spans are cut with each other; when they contradict (a clock was set) the newest
    counts alone.
    """

    def __init__(self) -> None:
        self._low = float("-inf")
        self._high = float("inf")

    def learn(self, date: datetime, sent_at: datetime, received_at: datetime) -> None:
        low = (date - received_at).total_seconds()
        high = (date - sent_at).total_seconds() + 1 + _STALE_SECONDS
        self._low, self._high = max(self._low, low), min(self._high, high)
        if self._low > self._high:
            self._low, self._high = low, high

    @property
    def offset_seconds(self) -> float:
        """To be added to our time to get the server's; 0.0 when equal clocks would explain all that was seen."""
        return min(max(0.0, self._low), self._high)

    def at(self, ours: datetime) -> datetime:
        """Our time on the server's clock."""
        return ours + timedelta(seconds=self.offset_seconds)


def http_date(text: str | None) -> datetime | None:
    """An HTTP date (RFC 9110, 5.6.7) in UTC; None when there is none or it is not readable."""
    if not text:
        return None
    try:
        date = parsedate_to_datetime(text)
    except ValueError:
        return None
    return date.replace(tzinfo=UTC) if date.tzinfo is None else date.astimezone(UTC)
