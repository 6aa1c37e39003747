"""Time passes in Redis: what ends by itself there is ended, without waiting for it."""

from datetime import timedelta

import redis
from django.conf import settings


def cooldowns_are_over() -> int:
    """As if every backend's cooldown had run out; how many there were."""
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        keys = list(client.scan_iter("sandwarden:cooldown:*"))
        return int(client.delete(*keys)) if keys else 0


def time_passes(span: timedelta) -> None:
    """As if so much time had passed: every key that ends by itself ends so much sooner."""
    passed = int(span.total_seconds() * 1000)
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        for key in client.scan_iter("sandwarden:*"):
            left = int(client.pttl(key))
            if left >= 0:
                client.pexpire(key, max(0, left - passed))
