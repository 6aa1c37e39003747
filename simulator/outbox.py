"""Webhook deliveries on their way: sent many at a time, tried again three times 10 s apart, then lost."""

import asyncio
import heapq
import time
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from threading import Lock

import httpx
import msgspec

from simulator import ids, posting, rfc3339, webhooks
from simulator.deliveries import Attempt, Record
from simulator.events import Event
from simulator.faults import Faults
from simulator.options import Options
from simulator.webhooks import Webhook, Webhooks

RETRIES = 3
RETRY_SECONDS = 10.0
_TIMEOUT_SECONDS = 10.0
_AT_ONCE = 64
_LONGEST_WAIT_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event for one webhook, with the number of times it was tried already."""

    webhook_id: str
    event: Event
    body: bytes
    tried: int = 0


class Outbox:
    """Takes events from the fleet's thread and posts them from the server's event loop."""

    def __init__(self, options: Options, team_id: str, registered: Webhooks, faults: Faults) -> None:
        self._options, self._team_id, self._webhooks, self._faults = options, team_id, registered, faults
        self._chance = Random(f"{options.seed}:outbox")
        self._due: list[tuple[float, int, Delivery]] = []
        self._count = 0
        self._in_flight = 0
        self._guard = Lock()
        self._wake: Callable[[], object] | None = None
        self.record = Record()
        self.lost: list[Delivery] = []

    def post(self, event: Event) -> None:
        """Queue the event for every webhook that wants it; some go out late, some twice, as in real life."""
        body = b""
        for webhook in self._webhooks.all():
            if not webhook.wants(event) or self._faults.drops():
                continue
            body = body or webhooks.body(event, self._team_id)
            delivery = Delivery(webhook.id, event, body)
            late = self._chance.random() < self._options.late_share
            self._push(event.at + (self._chance.uniform(0.3, 3.0) if late else 0.0), delivery)
            if self._chance.random() < self._options.duplicate_share:
                self._push(event.at + self._chance.uniform(0.2, 5.0), delivery)
        if body:
            self.wake()

    def wake(self) -> None:
        """Have the pump look again; from any thread."""
        if self._wake is not None:
            self._wake()

    def waiting(self, now: float) -> int:
        """How many deliveries are due or in flight."""
        with self._guard:
            return self._in_flight + sum(at <= now for at, _, _ in self._due)

    async def pump(self, now: Callable[[], float]) -> None:
        """Deliver what falls due by the clock `now`, until cancelled."""
        loop, woken = asyncio.get_running_loop(), asyncio.Event()
        self._wake = lambda: loop.call_soon_threadsafe(woken.set)
        room = asyncio.Semaphore(_AT_ONCE)
        try:
            async with self._client() as client, asyncio.TaskGroup() as group:
                while True:
                    woken.clear()
                    for delivery in self._take(now()):
                        await room.acquire()
                        task = group.create_task(self._deliver(client, delivery, now))
                        task.add_done_callback(lambda _: room.release())
                    await _first(woken, self._wait(now()))
        finally:
            self._wake = None

    async def flush(self, now: Callable[[], float]) -> None:
        """Deliver all that is due and wait for it: for tests without a running server."""
        async with self._client() as client:
            await asyncio.gather(*(self._deliver(client, delivery, now) for delivery in self._take(now())))

    def _client(self) -> httpx.AsyncClient:
        limits = httpx.Limits(max_connections=_AT_ONCE, max_keepalive_connections=_AT_ONCE)
        return httpx.AsyncClient(limits=limits, timeout=_TIMEOUT_SECONDS, trust_env=False)

    def _push(self, at: float, delivery: Delivery) -> None:
        with self._guard:
            self._count += 1
            heapq.heappush(self._due, (at, self._count, delivery))

    def _take(self, now: float) -> list[Delivery]:
        with self._guard:
            taken = []
            while self._due and self._due[0][0] <= now:
                taken.append(heapq.heappop(self._due)[2])
            self._in_flight += len(taken)
            return taken

    def _wait(self, now: float) -> float:
        with self._guard:
            return min(_LONGEST_WAIT_SECONDS, max(0.0, self._due[0][0] - now)) if self._due else _LONGEST_WAIT_SECONDS

    async def _deliver(self, client: httpx.AsyncClient, delivery: Delivery, now: Callable[[], float]) -> None:
        try:
            webhook = self._webhooks.get(delivery.webhook_id) if self._registered(delivery) else None
            if webhook is not None and not await self._attempt(client, webhook, delivery, now()):
                self._try_again(delivery, now())
        finally:
            with self._guard:
                self._in_flight -= 1

    def _registered(self, delivery: Delivery) -> bool:
        return any(webhook.id == delivery.webhook_id for webhook in self._webhooks.all())

    def _try_again(self, delivery: Delivery, now: float) -> None:
        if delivery.tried >= RETRIES:
            self.lost.append(delivery)
            del self.lost[:-1000]
            return
        again = Delivery(delivery.webhook_id, delivery.event, delivery.body, delivery.tried + 1)
        self._push(now + RETRY_SECONDS, again)
        self.wake()

    async def _attempt(self, client: httpx.AsyncClient, webhook: Webhook, delivery: Delivery, at: float) -> bool:
        delivery_id = ids.uuid4(self._chance)
        headers = {
            "content-type": "application/json",
            "user-agent": "e2b-webhooks/1.0",
            "e2b-webhook-id": webhook.id,
            "e2b-delivery-id": delivery_id,
            "e2b-signature-version": "v1",
            "e2b-signature": webhooks.signature(webhook.secret, delivery.body, self._chance.randrange(4)),
        }
        began = time.perf_counter()
        outcome = await posting.post(client, webhook.url, delivery.body, headers)
        taken_ms = round((time.perf_counter() - began) * 1000)
        self.record.add(at, self._written(delivery_id, webhook, delivery, headers, outcome, at, taken_ms))
        return outcome.error_class is None

    def _written(
        self,
        delivery_id: str,
        webhook: Webhook,
        delivery: Delivery,
        headers: dict[str, str],
        outcome: posting.Outcome,
        at: float,
        taken_ms: int,
    ) -> Attempt:
        response = outcome.response
        return Attempt(
            id=delivery_id,
            team_id=self._team_id,
            webhook_id=webhook.id,
            event_id=delivery.event.id,
            sandbox_id=delivery.event.sandbox_id,
            event_type=delivery.event.type,
            status="success" if outcome.error_class is None else "failed",
            duration_ms=taken_ms,
            request_body=delivery.body.decode(),
            request_headers=msgspec.json.encode({**headers, "e2b-signature": "[REDACTED]"}).decode(),
            request_url=webhook.url,
            response_body=None if response is None else response.text[:1024],
            response_headers=None if response is None else msgspec.json.encode(dict(response.headers)).decode(),
            response_http_status_code=None if response is None else response.status_code,
            error_class=outcome.error_class,
            error_message=outcome.message,
            timestamp=rfc3339.text(at),
        )


async def _first(woken: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await woken.wait()
    except TimeoutError:
        return
