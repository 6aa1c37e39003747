"""How long a backend is to be left alone, by account and route: kept in Redis, so that every worker and tick obeys."""

import asyncio
import hashlib
import logging
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from dataclasses import replace
from typing import Final

from redis.asyncio import Redis
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeout

from sandboxes.base.recent import Recent
from sandboxes.core import redis_client
from sandboxes.e2b.pacing import Pause
from sandboxes.models import Account

LONGEST_SECONDS: Final = 3600.0  # a backend that says more is asked again anyway
FRESH_SECONDS: float = 1.0  # so old may be what one process knows of the others' pauses
REDIS_SECONDS: float = 2.0  # for one question and all that redis-py tries by itself
ACCOUNTS_HELD: Final = 256
_timeouts: Recent[str, Counter[str]] = Recent(ACCOUNTS_HELD)  # by account and URL: see `e2b.pacing.Shared`
log = logging.getLogger(__name__)

# A pause never ends earlier because another worker received a shorter one.
_START: Final = """
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[2]) then redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2]) end"""


def key_of(name: str) -> str:
    """The Redis key of a cooldown; it is gone when the cooldown is over."""
    return f"sandwarden:cooldown:{name}"


async def start(name: str, seconds: float, why: str = "asked", connection: Redis | None = None) -> None:
    """Nobody is to do `name` for so long. Raises redis.RedisError when Redis is away."""
    wait_ms = int(min(seconds, LONGEST_SECONDS) * 1000)
    if wait_ms > 0:
        async with _in_time(), nullcontext(connection) if connection else redis_client.short() as redis:
            await redis.eval(_START, 1, key_of(name), why, wait_ms)


async def is_on(name: str, connection: Redis | None = None) -> bool:
    """Whether `name` has to wait still, asked on `connection` where there is one. Raises redis.RedisError."""
    async with _in_time(), nullcontext(connection) if connection else redis_client.short() as redis:
        return bool(await redis.exists(key_of(name)))


class SharedPauses:
    """One account's pauses by route, for its E2B client (`e2b.pacing.Shared`).

    They belong to the account's URL: one that was corrected is asked at once. Without Redis a client knows only its
    own pauses.
    """

    def __init__(self, account: Account) -> None:
        self._prefix = f"{account.pk}:{hashlib.blake2s(account.url.encode(), digest_size=4).hexdigest()}"
        self.timeouts = _timeouts_of(self._prefix)
        self._redis: Redis | None = None
        self._known: dict[str, tuple[float, Pause | None]] = {}  # by route: read when (monotonic), and what

    def name_of(self, route: str) -> str:
        """The cooldown's name."""
        return f"{self._prefix}:{route}"

    async def left(self, route: str) -> Pause | None:
        """The pause that the route has still to wait for, at most `FRESH_SECONDS` old."""
        read_at, known = self._known.get(route, (float("-inf"), None))
        if time.monotonic() - read_at >= FRESH_SECONDS:
            known, read_at = await self._read(route), time.monotonic()
            self._known[route] = read_at, known
        return _aged(known, time.monotonic() - read_at)

    async def pause(self, route: str, pause: Pause) -> None:
        """Shares a pause with all workers."""
        self._known.pop(route, None)
        try:
            await start(self.name_of(route), pause.seconds, "silent" if pause.silent else "asked", self._connection())
        except (RedisError, OSError) as error:
            log.warning("a pause of %s is known to this worker alone, Redis is away: %s", route, error)

    async def aclose(self) -> None:
        if self._redis is not None:
            await self._redis.aclose()
            self._redis = None

    async def _read(self, route: str) -> Pause | None:
        key = key_of(self.name_of(route))
        try:
            async with _in_time(), self._connection().pipeline(transaction=False) as pipe:
                await pipe.pttl(key)
                await pipe.get(key)
                left_ms, why = await pipe.execute()
        except (RedisError, OSError) as error:
            log.warning("pauses of %s are not known, Redis is away: %s", route, error)
            return None
        return Pause(left_ms / 1000, silent=why == b"silent") if left_ms > 0 else None

    def _connection(self) -> Redis:
        if self._redis is None:
            self._redis = redis_client.short(REDIS_SECONDS, REDIS_SECONDS)
        return self._redis


def _timeouts_of(prefix: str) -> Counter[str]:
    held = _timeouts.get(prefix)
    if held is None:
        held = Counter()
        _timeouts.set(prefix, held)
    return held


@asynccontextmanager
async def _in_time() -> AsyncIterator[None]:
    """Raises redis.TimeoutError after REDIS_SECONDS: redis-py tries again by itself, each time as long."""
    try:
        async with asyncio.timeout(REDIS_SECONDS):
            yield
    except TimeoutError:
        raise RedisTimeout(f"no answer within {REDIS_SECONDS:.0f} s") from None


def _aged(pause: Pause | None, seconds: float) -> Pause | None:
    """What is left of a pause that was read `seconds` ago."""
    return replace(pause, seconds=pause.seconds - seconds) if pause and pause.seconds > seconds else None
