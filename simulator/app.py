"""The HTTP face: a plain ASGI app that finds the endpoint, asks it, and tells its errors as E2B does.

No framework: each has its own words for a 404, a bad body or a missing key, and E2B's clients read E2B's. It is asked
some thousand times a second in benchmarks, where routing by a framework would be measured beside us.
"""

import asyncio
import hmac
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from email.utils import formatdate
from typing import Any

from simulator import (
    api_create,
    api_events,
    api_list,
    api_logs,
    api_metrics,
    api_sandbox,
    api_snapshots,
    api_templates,
    api_webhooks,
    wire,
)
from simulator.clock import Clock
from simulator.errors import ApiError, BadRequest, Injected, NotFound, Unauthorized
from simulator.faults import Fault
from simulator.options import Options
from simulator.request_log import RequestLog
from simulator.router import Route, Router
from simulator.wire import Request, Response
from simulator.world import Simulator

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

PARTS = (
    api_list,
    api_create,
    api_sandbox,
    api_metrics,
    api_logs,
    api_events,
    api_webhooks,
    api_templates,
    api_snapshots,
)
_ROUTES: tuple[Route, ...] = tuple(route for part in PARTS for route in part.ROUTES)
_LARGEST_BODY_BYTES = 4 * 1024 * 1024
_LOOK_AGAIN_SECONDS = 0.02
_LONGEST_SLEEP_SECONDS = 1.0


class App:
    """An ASGI app over a `simulator`. While its lifespan lasts, the fleet lives and webhooks are delivered."""

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator
        self._router = Router(_ROUTES)
        self._base = simulator.options.base_path.rstrip("/")
        self._requests = RequestLog(simulator.options.request_log)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            response, now = await self._respond(scope, receive), self.simulator.clock.now()
            self._requests.note(now, scope["method"], scope["path"], response.status)
            await _answer(send, response, now)

    async def _respond(self, scope: Message, receive: Receive) -> Response:
        try:
            response = await self._served(await self._read(scope, receive))
            # Looked at again and again, since another thread may be the one that moves the clock.
            while response.ready is not None and not self._is_ready(response):  # noqa: ASYNC110
                await asyncio.sleep(_LOOK_AGAIN_SECONDS)
        except ApiError as error:
            return refusal(error)
        return response

    def _is_ready(self, response: Response) -> bool:
        with self.simulator.lock:
            self.simulator.now()
            return response.ready is None or response.ready()

    async def _read(self, scope: Message, receive: Receive) -> Request:
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        raw_path = scope.get("raw_path") or scope["path"].encode()
        body = await _body(receive)
        found = wire.request(scope["method"], raw_path, scope["query_string"], headers, body)
        if self._base:
            if not found.raw_path.startswith(self._base + "/"):
                raise NotFound("no matching operation was found")
            found.path, found.raw_path = found.path[len(self._base) :], found.raw_path[len(self._base) :]
        return found

    async def _served(self, request: Request) -> Response:
        fault = self.simulator.faults.hit(request.method, request.path)
        if fault is not None:
            await asyncio.sleep(fault.delay_seconds)
            if fault.status and fault.html:
                return Response(fault.status, fault.page, fault.headers, "text/html")
            if fault.status:
                raise _injected(fault)
        with self.simulator.lock:
            return self._asked(request)

    def _asked(self, request: Request) -> Response:
        route, request.params = self._router.find(request.method, request.raw_path)
        if not route.public:
            self._authenticate(request)
        now = self.simulator.now()
        headers = self.simulator.limits.take(f"{route.method} {route.path}", now) if route.limited else {}
        try:
            response = route.endpoint(self.simulator, request)
        except ApiError as error:
            error.headers = {**headers, **error.headers}
            raise
        response.headers = {**headers, **response.headers}
        return response

    def _authenticate(self, request: Request) -> None:
        key = request.headers.get("x-api-key", "")
        if not key:
            raise Unauthorized("authorization header is missing")
        if not hmac.compare_digest(key.encode(), self.simulator.options.api_key.encode()):
            raise Unauthorized("Invalid API key, please visit https://e2b.dev/docs/api-key for more information.")

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        tasks = [
            asyncio.create_task(self._keep_time()),
            asyncio.create_task(self.simulator.outbox.pump(self.simulator.clock.now)),
        ]
        await send({"type": "lifespan.startup.complete"})
        await receive()
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task
        await send({"type": "lifespan.shutdown.complete"})

    async def _keep_time(self) -> None:
        """Let the fleet live on also when nobody asks; asleep until something is due, a second at the most."""
        while True:
            now, due = self.simulator.now(), self.simulator.agenda.next_at
            wait = _LONGEST_SLEEP_SECONDS if due is None else min(_LONGEST_SLEEP_SECONDS, max(0.01, due - now))
            await asyncio.sleep(wait)


def create(options: Options | None = None, clock: Clock | None = None) -> App:
    """An ASGI app over a new simulator, which is its attribute `simulator`."""
    return App(Simulator(options, clock))


def refusal(error: ApiError) -> Response:
    """The answer that tells an error: its `code` equals the HTTP status."""
    content: dict[str, object] = {"code": error.status, "message": error.message}
    if error.error_code:
        content["error_code"] = error.error_code
    return wire.json(content, error.status, error.headers)


def _injected(fault: Fault) -> Injected:
    return Injected(fault.status, fault.sentence, fault.headers)


async def _body(receive: Receive) -> bytes:
    parts, size = [], 0
    while True:
        message = await receive()
        part = message.get("body", b"")
        size += len(part)
        if size > _LARGEST_BODY_BYTES:
            raise BadRequest("request body is too large")
        parts.append(part)
        if message["type"] == "http.disconnect" or not message.get("more_body", False):
            return b"".join(parts)


async def _answer(send: Send, response: Response, now: float) -> None:
    headers = {"date": formatdate(now, usegmt=True), **response.headers}
    # A 204 has no body and may not tell a length.
    if response.status != 204:
        headers |= {"content-length": str(len(response.body)), "content-type": response.content_type}
    raw = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": response.status, "headers": raw})
    await send({"type": "http.response.body", "body": response.body})
