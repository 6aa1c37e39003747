"""Endpoints that start runs: create, connect, resume and fork."""

from typing import Annotated

import msgspec
from msgspec import Meta

from simulator import patterns, shapes, wire
from simulator.errors import BadRequest, TooMany
from simulator.lifecycle import Wish
from simulator.router import Route
from simulator.sandbox import Sandbox
from simulator.wire import Request, Response
from simulator.world import Simulator

Seconds = Annotated[int, Meta(ge=0)]
_V1_TIMEOUT, _V2_TIMEOUT = 15, 300


class AutoResume(msgspec.Struct, frozen=True):
    enabled: bool = False


class NewSandbox(msgspec.Struct, frozen=True, rename="camel"):
    """The body of a create; what it says of networks, volumes and identities is not simulated."""

    template_id: str = msgspec.field(name="templateID")
    timeout: Seconds | None = None
    auto_pause: bool = False
    auto_resume: AutoResume | None = None
    secure: bool = False
    allow_internet_access: bool | None = msgspec.field(name="allow_internet_access", default=None)
    metadata: dict[str, str] | None = None


class Connect(msgspec.Struct, frozen=True):
    timeout: Seconds


class ConnectV2(msgspec.Struct, frozen=True):
    timeout: Seconds = _V2_TIMEOUT


class Resume(msgspec.Struct, frozen=True):
    timeout: Seconds = _V1_TIMEOUT


class Fork(msgspec.Struct, frozen=True):
    timeout: Seconds = _V1_TIMEOUT
    count: Annotated[int, Meta(ge=1, le=100)] = 1


class Forked(msgspec.Struct, frozen=True):
    sandbox: shapes.Started


def create_v1(simulator: Simulator, request: Request) -> Response:
    """`POST /sandboxes`: 15 s unless told otherwise, secured only when asked."""
    asked = request.json(NewSandbox)
    return _create(simulator, request, asked, _V1_TIMEOUT, secured=asked.secure)


def create_v2(simulator: Simulator, request: Request) -> Response:
    """`POST /v2/sandboxes`: 300 s unless told otherwise, always secured."""
    return _create(simulator, request, request.json(NewSandbox), _V2_TIMEOUT, secured=True)


def connect_v1(simulator: Simulator, request: Request) -> Response:
    """`POST /sandboxes/{id}/connect`, where a timeout is required."""
    return _connect(simulator, request, request.json(Connect).timeout)


def connect_v2(simulator: Simulator, request: Request) -> Response:
    """`POST /v2/sandboxes/{id}/connect`."""
    return _connect(simulator, request, request.json(ConnectV2).timeout)


def resume(simulator: Simulator, request: Request) -> Response:
    """`POST /sandboxes/{id}/resume`: only for what is paused."""
    timeout, sandbox = request.json(Resume).timeout, simulator.sandbox(request.params["sandboxID"])
    _within_plan(simulator, timeout)
    if sandbox.state == "paused":
        _room_for(simulator, 1)
    simulator.lifecycle.resume(simulator.now(), sandbox, timeout)
    return wire.json(shapes.started(sandbox, simulator.options.domain), 201)


def fork(simulator: Simulator, request: Request) -> Response:
    """`POST /sandboxes/{id}/fork`: all forks asked for start, or none does."""
    asked, sandbox = request.json(Fork), simulator.sandbox(request.params["sandboxID"])
    _within_plan(simulator, asked.timeout)
    _room_for(simulator, asked.count)
    forks = simulator.lifecycle.fork(simulator.now(), sandbox, asked.timeout, asked.count)
    return wire.json([Forked(shapes.started(each, simulator.options.domain)) for each in forks], 201)


def _create(
    simulator: Simulator, request: Request, asked: NewSandbox, default_timeout: int, *, secured: bool
) -> Response:
    key = request.headers.get("idempotency-key", "")
    made = simulator.fleet.alive(simulator.created_by_key.get(key, "")) if key else None
    sandbox = made or _made(simulator, asked, default_timeout, secured=secured)
    if key:
        simulator.remember_key(key, sandbox.id)
    return wire.json(shapes.started(sandbox, simulator.options.domain), 201)


def _made(simulator: Simulator, asked: NewSandbox, default_timeout: int, *, secured: bool) -> Sandbox:
    timeout = default_timeout if asked.timeout is None else asked.timeout
    _within_plan(simulator, timeout)
    _room_for(simulator, 1)
    metadata = asked.metadata or {}
    wish = Wish(
        template=simulator.template(asked.template_id),
        timeout=timeout,
        metadata=metadata,
        on_timeout="pause" if asked.auto_pause else "kill",
        auto_resume=asked.auto_resume is not None and asked.auto_resume.enabled,
        secured=secured,
        internet=asked.allow_internet_access,
        curve=patterns.wished(simulator.chance, metadata.get("pattern", "")),
    )
    return simulator.lifecycle.create(simulator.now(), wish)


def _connect(simulator: Simulator, request: Request, timeout: int) -> Response:
    sandbox, now = simulator.sandbox(request.params["sandboxID"]), simulator.now()
    _within_plan(simulator, timeout)
    if sandbox.state == "paused":
        _room_for(simulator, 1)
        simulator.lifecycle.resume(now, sandbox, timeout)
        return wire.json(shapes.started(sandbox, simulator.options.domain), 201)
    simulator.lifecycle.set_end(now, sandbox, simulator.capped_end(sandbox, now + timeout), only_later=True)
    return wire.json(shapes.started(sandbox, simulator.options.domain), 200)


def _within_plan(simulator: Simulator, timeout: int) -> None:
    longest = simulator.options.max_run_seconds
    if timeout > longest:
        raise BadRequest(f"Timeout cannot be greater than {longest // 3600} hours")


def _room_for(simulator: Simulator, count: int) -> None:
    cap = simulator.options.cap
    if cap and simulator.census.running + count > cap:
        raise TooMany(
            f"you have reached the maximum number of concurrent E2B sandboxes ({cap}). "
            "If you need more, please contact us at 'https://e2b.dev/docs/getting-help'"
        )


ROUTES = (
    Route("POST", "/sandboxes", create_v1),
    Route("POST", "/v2/sandboxes", create_v2),
    Route("POST", "/sandboxes/{sandboxID}/connect", connect_v1),
    Route("POST", "/v2/sandboxes/{sandboxID}/connect", connect_v2),
    Route("POST", "/sandboxes/{sandboxID}/resume", resume),
    Route("POST", "/sandboxes/{sandboxID}/fork", fork),
)
