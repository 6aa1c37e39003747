"""Metrics: the newest sample of many sandboxes, one sandbox's past, and the team's."""

import re
from typing import Literal

import msgspec

from simulator import rfc3339, samples, wire
from simulator.census import MINUTE
from simulator.errors import BadRequest, Forbidden
from simulator.router import Route
from simulator.wire import Request, Response
from simulator.world import Simulator

_MOST_IDS = 100
_SANDBOX_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)?")
_WEEK_SECONDS = 7 * 86_400
MaxOf = Literal["concurrent_sandboxes", "sandbox_start_rate"]


class Latest(msgspec.Struct, frozen=True):
    sandboxes: dict[str, samples.Metric]


class TeamMetric(msgspec.Struct, frozen=True, rename="camel"):
    """How many ran at once, and starts per second."""

    timestamp: str
    timestamp_unix: int
    concurrent_sandboxes: int
    sandbox_start_rate: float


class MaxTeamMetric(msgspec.Struct, frozen=True, rename="camel"):
    timestamp: str
    timestamp_unix: int
    value: float


def bulk(simulator: Simulator, request: Request) -> Response:
    """`GET /sandboxes/metrics`: one malformed ID fails all; sandboxes without a sample are absent."""
    asked = request.several("sandbox_ids")
    if not asked:
        raise BadRequest("parameter 'sandbox_ids' is required")
    if len(asked) > _MOST_IDS or len(set(asked)) != len(asked):
        raise BadRequest(f"parameter 'sandbox_ids' takes at most {_MOST_IDS} unique IDs")
    now, found = simulator.now(), {}
    for name in map(_short, asked):
        sandbox = simulator.fleet.known(name)
        metric = samples.latest(sandbox, now) if sandbox else None
        if metric:
            found[name] = metric
    return wire.json(Latest(found))


def of_sandbox(simulator: Simulator, request: Request) -> Response:
    """`GET /sandboxes/{id}/metrics`: also of the dead; nothing of what was never known."""
    start, end = request.number("start"), request.number("end")
    sandbox = simulator.fleet.known(_short(request.params["sandboxID"]))
    if sandbox is None:
        if start is not None and (end is None or start > end):
            raise BadRequest("start time cannot be after end time")
        return wire.json([])
    return wire.json(samples.between(sandbox, start, end, simulator.now()))


def of_team(simulator: Simulator, request: Request) -> Response:
    """`GET /teams/{teamID}/metrics`, in steps of a minute or more."""
    return wire.json(_team(simulator, request))


def team_maximum(simulator: Simulator, request: Request) -> Response:
    """`GET /teams/{teamID}/metrics/max`: the highest value in the interval and when it was reached."""
    asked = request.text("metric")
    if asked not in ("concurrent_sandboxes", "sandbox_start_rate"):
        raise BadRequest("parameter 'metric' must be concurrent_sandboxes or sandbox_start_rate")
    best = MaxTeamMetric(rfc3339.text(simulator.now()), int(simulator.now()), 0.0)
    for metric in _team(simulator, request):
        value = metric.concurrent_sandboxes if asked == "concurrent_sandboxes" else metric.sandbox_start_rate
        if value > best.value:
            best = MaxTeamMetric(metric.timestamp, metric.timestamp_unix, value)
    return wire.json(best)


def _team(simulator: Simulator, request: Request) -> list[TeamMetric]:
    if request.params["teamID"] != simulator.team_id:
        raise Forbidden("you don't have access to this team")
    now = int(simulator.now())
    start, end = request.number("start"), request.number("end")
    finish = now if end is None else min(end, now)
    begin = finish - 3600 if start is None else max(start, now - _WEEK_SECONDS)
    if (start or 0) > (finish if end is None else end):
        raise BadRequest("start time cannot be after end time")
    step = max(MINUTE, samples.step_for(finish - begin))
    counted = simulator.census.between(begin, finish, step)
    return [TeamMetric(rfc3339.text(at), at, most, rate) for at, most, rate in counted]


def _short(sandbox_id: str) -> str:
    if not _SANDBOX_ID.fullmatch(sandbox_id):
        raise BadRequest(f"invalid sandbox ID: {sandbox_id}")
    return sandbox_id.split("-", 1)[0]


ROUTES = (
    Route("GET", "/sandboxes/metrics", bulk),
    Route("GET", "/sandboxes/{sandboxID}/metrics", of_sandbox),
    Route("GET", "/teams/{teamID}/metrics", of_team),
    Route("GET", "/teams/{teamID}/metrics/max", team_maximum),
)
