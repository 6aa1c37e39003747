"""A connection to Redis for a short piece of work, opened at the first command; used as a context manager.

redis-py tries again ten times by itself. That rides out a restart; after a time-out it would hold whoever asked for
eleven of them, so that a Redis that accepts and does not answer is asked once.
"""

from typing import Final

import redis.asyncio
from django.conf import settings
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import ExponentialWithJitterBackoff
from redis.exceptions import ConnectionError as Broken
from redis.retry import Retry

RETRIES: Final = 10
_BACKOFF: Final = ExponentialWithJitterBackoff(base=0.01, cap=1.0)


def short(socket_timeout: float = 5.0, connect_timeout: float | None = None) -> redis.asyncio.Redis:
    """A client for one event loop; timeouts are seconds, and without one for the connect that of the socket holds.

    It does not tell Redis the version of its library: to look that up took longer than to connect.
    """
    return redis.asyncio.from_url(
        settings.REDIS_URL, socket_timeout=socket_timeout, socket_connect_timeout=connect_timeout, driver_info=None,
        retry=AsyncRetry(_BACKOFF, RETRIES, supported_errors=(Broken,)),
    )  # fmt: skip


def blocking(timeout: float = 2.0) -> redis.Redis:
    """The same for code that is not async; `timeout` is the seconds for the connect and for each answer."""
    return redis.Redis.from_url(
        settings.REDIS_URL, socket_timeout=timeout, socket_connect_timeout=timeout, driver_info=None,
        retry=Retry(_BACKOFF, RETRIES, supported_errors=(Broken,)),
    )  # fmt: skip
