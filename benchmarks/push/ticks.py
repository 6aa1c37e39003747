"""What a worker publishes at a tick: the frame of each part, and after it how the account is."""

import asyncio
import time
from typing import Any

from benchmarks.stack import usage
from benchmarks.stack.standing import ACCOUNT
from sandboxes.core import live
from sandboxes.metrics.polling import Part, delay_seconds, shards_for

TICK_SECONDS = 5.0
VARIANTS = 3  # different frames of each part: figures change from one tick to the next


class Ticks:
    """Frames made beforehand, published on time."""

    def __init__(self, fleet: int) -> None:
        self.parts = [Part(ACCOUNT, shard, shards) for shards in [shards_for(fleet)] for shard in range(shards)]
        start = int(time.time())
        self._columns = {
            (part.shard, variant): self._body(part, fleet, start + 5 * variant)
            for part in self.parts
            for variant in range(VARIANTS)
        }

    @staticmethod
    def _body(part: Part, fleet: int, unix: int) -> dict[str, Any]:
        frame = usage.frame(range(part.shard or part.shards, fleet + 1, part.shards), unix)
        names = ("keys", "ages", "cpu", "mem", "mem_total", "disk", "disk_total")
        return {name: getattr(frame, name) for name in names} | {
            "shard": part.shard,
            "shards": part.shards,
            "took": 0.5,
        }

    async def publish(self, count: int) -> list[float]:
        """So many ticks, one each five seconds, their parts spread as polling spreads them; the times of the frames."""
        at: list[float] = []
        begun = time.monotonic()
        async with live.Publisher() as publisher:
            for tick in range(count):
                for part in self.parts:
                    await _until(begun + tick * TICK_SECONDS + delay_seconds(part))
                    at.append(time.time())
                    body = self._columns[part.shard, tick % VARIANTS] | {"at": at[-1]}
                    assert await publisher.publish("frame", ACCOUNT, body)
                    assert await publisher.publish("status", ACCOUNT, _status(at[-1]))
        await _until(begun + count * TICK_SECONDS)
        return at


def _status(at: float) -> dict[str, Any]:
    return {"last_sync_at": at, "last_poll_at": at, "poll_seconds": 0.5, "sync_error": "", "poll_error": "",
            "reachable": True}  # fmt: skip


async def _until(moment: float) -> None:
    await asyncio.sleep(max(0.0, moment - time.monotonic()))
