"""The only place that publishes: one message to every web process, numbered so that a gap is noticed.

A message is `{"type": "live.message", "epoch": str, "number": int, "kind": str, "account": int, "body": bytes}`;
`body` is MessagePack. Kinds and bodies: `docs/architecture.md`, "The live stream".
"""

import logging
from typing import Any

import msgspec
import redis
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer

from sandboxes import redis_client

GROUP = "live"
EPOCH_KEY, NUMBER_KEY = "sandwarden:live:epoch", "sandwarden:live:number"
log = logging.getLogger(__name__)
_encode = msgspec.msgpack.Encoder().encode

# Number and epoch in one step: an epoch begins when Redis has forgotten the last one.
_NEXT = """
local epoch = redis.call('GET', KEYS[1])
if not epoch then
  local now = redis.call('TIME')
  epoch = now[1] .. '.' .. now[2]
  redis.call('SET', KEYS[1], epoch)
  redis.call('DEL', KEYS[2])
end
return {epoch, redis.call('INCR', KEYS[2])}
"""


class Publisher:
    """Publishes over one connection to Redis, for whoever publishes often; `async with`, on one event loop."""

    def __init__(self) -> None:
        self._redis = redis_client.short(2, 2)

    async def __aenter__(self) -> "Publisher":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._redis.aclose()

    async def publish(self, kind: str, account: int, body: Any) -> bool:
        """Sends `body` (anything MessagePack can hold) to all web processes.

        False, and one line in the log, when Redis is away: the record is already safe, browsers get the next snapshot.
        """
        try:
            epoch, number = await self._redis.eval(_NEXT, 2, EPOCH_KEY, NUMBER_KEY)
            message = {
                "type": "live.message",
                "epoch": epoch.decode(),
                "number": int(number),
                "kind": kind,
                "account": account,
                "body": _encode(body),
            }
            await get_channel_layer().group_send(GROUP, message)
        except (redis.RedisError, OSError) as error:
            log.warning("nothing published, Redis is away: %s", error)
            return False
        return True


async def apublish(kind: str, account: int, body: Any) -> bool:
    """One message, as `Publisher.publish` sends it."""
    async with Publisher() as publisher:
        return await publisher.publish(kind, account, body)


def publish(kind: str, account: int, body: Any) -> bool:
    """`apublish` for code that does not await."""
    return async_to_sync(apublish)(kind, account, body)
