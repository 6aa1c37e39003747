"""Endpoints of one sandbox: read it, kill it, pause it, move its end, change its network."""

from typing import Annotated

import msgspec
from msgspec import Meta

from simulator import shapes, wire
from simulator.errors import BadRequest, NotFound
from simulator.router import Route
from simulator.sandbox import Sandbox
from simulator.wire import Request, Response
from simulator.world import Simulator

_SHORTEST_REFRESH_SECONDS = 15


class Pause(msgspec.Struct, frozen=True):
    memory: bool = True


class Timeout(msgspec.Struct, frozen=True):
    timeout: Annotated[int, Meta(ge=0)]


class Refresh(msgspec.Struct, frozen=True):
    duration: Annotated[int, Meta(ge=0, le=3600)] = _SHORTEST_REFRESH_SECONDS


def info(simulator: Simulator, request: Request) -> Response:
    """`GET /sandboxes/{id}`: 404 once it is gone for good."""
    return wire.json(shapes.detail(_sandbox(simulator, request), simulator.options.domain))


def kill(simulator: Simulator, request: Request) -> Response:
    """`DELETE /sandboxes/{id}`: of a paused one no event tells."""
    simulator.lifecycle.kill(simulator.now(), _sandbox(simulator, request))
    return Response(204)


def pause(simulator: Simulator, request: Request) -> Response:
    """`POST /sandboxes/{id}/pause`: answered when the snapshot is taken."""
    request.json(Pause)
    sandbox = _sandbox(simulator, request)
    seconds = simulator.options.pause_seconds_per_gib * sandbox.template.memory_mb / 1024
    simulator.lifecycle.pause(simulator.now(), sandbox, seconds)
    return Response(204, ready=lambda: sandbox.changing is None or not sandbox.alive)


def set_timeout(simulator: Simulator, request: Request) -> Response:
    """`POST /sandboxes/{id}/timeout`: the end becomes now + timeout, earlier or later, within the plan."""
    asked, sandbox, now = request.json(Timeout), _running(simulator, request), simulator.now()
    if asked.timeout > simulator.options.max_run_seconds:
        raise BadRequest(f"Timeout cannot be greater than {simulator.options.max_run_seconds // 3600} hours")
    simulator.lifecycle.set_end(now, sandbox, simulator.capped_end(sandbox, now + asked.timeout))
    return Response(204)


def refresh(simulator: Simulator, request: Request) -> Response:
    """`POST /sandboxes/{id}/refreshes`: only ever extends, by 15 s at least."""
    asked, sandbox, now = request.json(Refresh), _running(simulator, request), simulator.now()
    end = simulator.capped_end(sandbox, now + max(asked.duration, _SHORTEST_REFRESH_SECONDS))
    simulator.lifecycle.set_end(now, sandbox, end, only_later=True)
    return Response(204)


def set_network(simulator: Simulator, request: Request) -> Response:
    """`PUT /sandboxes/{id}/network`: kept and told in an event, but nothing is filtered."""
    rules = request.json(dict[str, object])
    simulator.lifecycle.set_network(simulator.now(), _running(simulator, request), rules)
    return Response(204)


def _sandbox(simulator: Simulator, request: Request) -> Sandbox:
    return simulator.sandbox(request.params["sandboxID"])


def _running(simulator: Simulator, request: Request) -> Sandbox:
    sandbox = _sandbox(simulator, request)
    if sandbox.state != "running":
        raise NotFound(f"sandbox '{sandbox.id}' is not running")
    return sandbox


ROUTES = (
    Route("GET", "/sandboxes/{sandboxID}", info),
    Route("DELETE", "/sandboxes/{sandboxID}", kill),
    Route("POST", "/sandboxes/{sandboxID}/pause", pause),
    Route("POST", "/sandboxes/{sandboxID}/timeout", set_timeout),
    Route("POST", "/sandboxes/{sandboxID}/refreshes", refresh),
    Route("PUT", "/sandboxes/{sandboxID}/network", set_network),
)
