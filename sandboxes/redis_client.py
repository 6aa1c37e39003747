"""A connection to Redis for a short piece of work on one event loop: `async with`, opened at the first command."""

import redis.asyncio
from django.conf import settings


def short(socket_timeout: float = 5.0, connect_timeout: float | None = None) -> redis.asyncio.Redis:
    """A client; timeouts are seconds, and without one for the connect that of the socket holds.

    It does not tell Redis the version of its library: to look that up took longer than to connect.
    """
    return redis.asyncio.from_url(
        settings.REDIS_URL, socket_timeout=socket_timeout, socket_connect_timeout=connect_timeout, driver_info=None
    )
