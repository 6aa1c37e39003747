"""How often one caller may have a backend tested: a test connects wherever it is sent."""

from typing import Final

from dashboard.access.callers import Caller
from sandboxes.core import redis_client

MOST: Final = 10
WINDOW_SECONDS: Final = 60


def wait_seconds(by: Caller) -> float:
    """Counts a try; 0.0 when it may go ahead, else how long to wait. Raises redis.RedisError: no test uncounted."""
    key = f"sandwarden:account-test:{by.key}"
    with redis_client.blocking() as counter:
        counter.set(key, 0, ex=WINDOW_SECONDS, nx=True)
        if int(counter.incr(key)) <= MOST:
            return 0.0
        return max(1.0, float(counter.ttl(key)))
