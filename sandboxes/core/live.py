"""The only place that publishes: one message to every web process, numbered so that a gap is noticed.

A message is `{"type": "live.message", "format": int, "epoch": str, "number": int, "kind": str, "account": int, "body":
bytes}`; `body` is MessagePack. Processes of two versions run side by side while an upgrade rolls over them: one that
gets a format it does not know asks the record instead. Kinds and bodies: `docs/architecture.md`, "The live stream".
"""

import logging
from typing import Any

import msgspec
import redis
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer

from sandboxes.core import redis_client

GROUP = "live"
FORMAT = 1  # raised whenever a body means something else than before
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
        Entries of the body's lists that MessagePack can't hold (an integer of more than 64 bits) are left out.
        """
        encoded = _encoded(kind, account, body)
        if encoded is None:
            return False
        try:
            epoch, number = await self._redis.eval(_NEXT, 2, EPOCH_KEY, NUMBER_KEY)
            message = {
                "type": "live.message",
                "format": FORMAT,
                "epoch": epoch.decode(),
                "number": int(number),
                "kind": kind,
                "account": account,
                "body": encoded,
            }
            await get_channel_layer().group_send(GROUP, message)
        except (redis.RedisError, OSError) as error:
            log.warning("nothing published, Redis is away: %s", error)
            return False
        return True


def _encoded(kind: str, account: int, body: Any) -> bytes | None:
    """The body without those entries (objects in its lists) that can't be encoded; None when the rest can't either."""
    try:
        return _encode(body)
    except Exception:
        log.exception("account %d: a %r message holds what MessagePack can't: that is left out", account, kind)
    if not isinstance(body, dict):
        return None
    kept = {name: [one for one in value if _fits(one)] if _is_entries(value) else value for name, value in body.items()}
    return _encode(kept) if _fits(kept) else None


def _is_entries(value: object) -> bool:
    """A list of objects; columns of figures belong together and are never thinned."""
    return isinstance(value, list) and all(isinstance(one, dict) for one in value)


def _fits(value: object) -> bool:
    try:
        _encode(value)
    except Exception:  # noqa: BLE001 - told by the caller
        return False
    return True


async def apublish(kind: str, account: int, body: Any) -> bool:
    """One message, as `Publisher.publish` sends it."""
    async with Publisher() as publisher:
        return await publisher.publish(kind, account, body)


def publish(kind: str, account: int, body: Any) -> bool:
    """`apublish` for code that does not await."""
    return async_to_sync(apublish)(kind, account, body)
