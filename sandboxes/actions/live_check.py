"""Checks a backend with two sandboxes of our own: what it does, held against what the API says it does.

They are marked in their metadata, live for two minutes at most, and are killed at the end whatever happened. Nothing
else of the account is touched. What it costs at the price book's rates is counted; on E2B under 0.01 USD.
"""

import asyncio
import logging
import uuid
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final, Literal

from sandboxes.base.pricing import PriceBook
from sandboxes.e2b import E2BClient, E2BError, NotFound, Unsupported

TIMEOUT_SECONDS: Final = 120
MARK: Final = "sandwarden"
PATIENCE_SECONDS: Final = 60.0
STEP_SECONDS: Final = 1.0
CLOSE: Final = timedelta(seconds=30)  # how far a planned end may lie from what was asked for
Result = Literal["as told", "otherwise", "not offered"]
Arrived = Callable[[Collection[str]], Awaitable[Collection[str]]]
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Step:
    """One thing that was compared: `says` is what was seen, in words."""

    name: str
    result: Result
    says: str


@dataclass
class LiveCheck:
    """One check. `arrived` gives those of some IDs whose `created` event our own webhook has brought.

    `pause` waits for some seconds.
    """

    client: E2BClient
    template: str
    prices: PriceBook
    arrived: Arrived
    pause: Callable[[float], Awaitable[object]] = asyncio.sleep
    mark: str = field(default_factory=lambda: f"doctor-{uuid.uuid4().hex[:12]}")
    ids: list[str] = field(default_factory=list)
    began: datetime = field(default_factory=lambda: datetime.now(UTC))

    async def steps(self) -> AsyncGenerator[Step]:
        """Each step as it is done. What was made is killed at the end, also when the caller stops early."""
        try:
            yield await self._create()
            for step in (self._list, self._event, self._webhook, self._metric, self._pause):
                yield await _told(step)
            yield await _told(self._end)
        finally:
            await asyncio.shield(self._clean_up())

    def cost_usd(self, cpu_count: float, memory_mb: float, now: datetime) -> Decimal:
        """What both have cost at most, at the price book's rates."""
        size = Decimal(str(cpu_count)), int(memory_mb)
        return len(self.ids) * self.prices.cost_usd(*size, self.began, now)

    async def _create(self) -> Step:
        for _ in range(2):
            made = await self.client.create(self.template, TIMEOUT_SECONDS, metadata={MARK: self.mark})
            if not made.sandbox_id:
                return Step("create", "otherwise", "the answer names no sandbox")
            self.ids.append(made.sandbox_id)
        return Step("create", "as told", f"{' and '.join(self.ids)} of template {self.template}")

    async def _list(self) -> Step:
        async def look() -> str | None:
            found = {one.sandbox_id: one for one in (await self.client.list_all(("running",))).items}
            if not set(self.ids) <= set(found):
                return None
            ours = [found[name] for name in self.ids]
            if any(one.metadata.get(MARK) != self.mark for one in ours):
                return "!their metadata are not what they were made with"
            wanted = self.began + timedelta(seconds=TIMEOUT_SECONDS + self.client.clock_offset_seconds)
            ends = [one.end_at for one in ours]
            if any(end is None or abs(end - wanted) > CLOSE for end in ends):
                return f"!they end at {ends}, not {TIMEOUT_SECONDS} s after they were made"
            return f"both, with metadata and an end {TIMEOUT_SECONDS} s ahead"

        return await self._until("list", look, "the list does not show them")

    async def _event(self) -> Step:
        async def look() -> str | None:
            for name in self.ids:
                events = await self.client.events(sandbox_id=name)
                if not any(event.type.endswith(".created") for event in events):
                    return None
            return "`created` of both in the events API"

        return await self._until("event", look, "no `created` event came")

    async def _webhook(self) -> Step:
        async def look() -> str | None:
            return "both delivered to us" if set(self.ids) <= set(await self.arrived(self.ids)) else None

        return await self._until(
            "webhook", look, "no delivery came: is the webhook registered, and Sandwarden running?"
        )

    async def _metric(self) -> Step:
        async def look() -> str | None:
            found = (await self.client.latest_metrics(self.ids)).samples
            if not set(self.ids) <= set(found):
                return None
            one = found[self.ids[0]]
            return f"{one.cpu_used_pct:.1f}% of {one.cpu_count:g} vCPU, {one.mem_used / 2**20:.0f} MiB memory"

        return await self._until("metric", look, "no sample came")

    async def _pause(self) -> Step:
        await self.client.pause(self.ids[0])

        async def look() -> str | None:
            return "it reads back as paused" if (await self.client.get(self.ids[0])).state == "paused" else None

        return await self._until("pause", look, "it does not read back as paused")

    async def _end(self) -> Step:
        for name in self.ids:
            await self.client.kill(name)

        async def look() -> str | None:
            for name in self.ids:
                try:
                    await self.client.get(name)
                except NotFound:
                    continue
                return None
            return "both are gone after a kill: a GET answers 404"

        return await self._until("end", look, "a killed one still answers")

    async def _until(self, name: str, look: Callable[[], Awaitable[str | None]], otherwise: str) -> Step:
        """Looks until there is something to say, `!` before what contradicts the API."""
        waited = 0.0
        while True:
            seen = await look()
            if seen is not None:
                return Step(name, "otherwise" if seen.startswith("!") else "as told", seen.lstrip("!"))
            if waited >= PATIENCE_SECONDS:
                return Step(name, "otherwise", f"{otherwise} within {PATIENCE_SECONDS:.0f} s")
            await self.pause(STEP_SECONDS)
            waited += STEP_SECONDS

    async def _clean_up(self) -> None:
        """By our mark too: a create whose answer was lost may have made one that we have no ID of."""
        left = dict.fromkeys(self.ids)
        try:
            listed = (await self.client.list_all(("running", "paused"), {MARK: self.mark})).items
            left |= dict.fromkeys(one.sandbox_id for one in listed if one.metadata.get(MARK) == self.mark)
        except E2BError as error:
            log.warning("what was made could not be listed; it ends by itself: %s", error)
        for name in left:
            try:
                await self.client.kill(name)
            except E2BError as error:
                log.warning("%s could not be killed: it ends by itself within %d s: %s", name, TIMEOUT_SECONDS, error)


async def _told(step: Callable[[], Awaitable[Step]]) -> Step:
    """A step that the backend refuses is a result too."""
    name = step.__name__.lstrip("_")
    try:
        return await step()
    except (NotFound, Unsupported) as error:
        return Step(name, "not offered", str(error))
    except E2BError as error:
        return Step(name, "otherwise", str(error))
