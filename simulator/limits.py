"""Rate limits: so many requests per route and window, told in `RateLimit-*` headers."""

from math import ceil

from simulator.errors import TooMany


class Limits:
    """Counts requests in fixed windows, one count per route."""

    def __init__(self, requests: int, window_seconds: int) -> None:
        self._requests, self._window = requests, window_seconds
        self._counts: dict[str, tuple[int, int]] = {}

    def take(self, route: str, now: float) -> dict[str, str]:
        """Count one request and give the headers that go with its answer; TooMany with `Retry-After` beyond it."""
        window = int(now // self._window)
        held, count = self._counts.get(route, (window, 0))
        count = count + 1 if held == window else 1
        self._counts[route] = (window, count)
        reset = str(max(1, ceil((window + 1) * self._window - now)))
        headers = {
            "RateLimit-Limit": str(self._requests),
            "RateLimit-Remaining": str(max(0, self._requests - count)),
            "RateLimit-Reset": reset,
        }
        if count > self._requests:
            raise TooMany("rate limit exceeded, please try again later", headers={**headers, "Retry-After": reset})
        return headers
