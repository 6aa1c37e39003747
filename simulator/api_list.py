"""The lists of sandboxes, v2 with pages and v1 without."""

from itertools import islice

from simulator import filters, shapes, wire
from simulator.errors import BadRequest
from simulator.filters import Filter
from simulator.router import Route
from simulator.sandbox import State
from simulator.wire import Request, Response
from simulator.world import Simulator

_RUNNING = frozenset[State](("running",))


def page(simulator: Simulator, request: Request) -> Response:
    """`GET /v2/sandboxes`: one page, with the token of the next one and the number of running ones in its headers."""
    order = request.text("order", "desc")
    if order not in ("asc", "desc"):
        raise BadRequest("order must be asc or desc")
    limit, wanted = request.whole("limit", 100, 1, 100), filters.read(request)
    after = filters.place(request.text("nextToken"), order)
    found = simulator.fleet.by_start(after, newest_first=order == "desc")
    chosen = list(islice((sandbox for sandbox in found if wanted.matches(sandbox)), limit + 1))
    headers = {}
    if len(chosen) > limit:
        last = chosen[limit - 1]
        headers["X-Next-Token"] = filters.cursor((last.started, last.id), order)
    if "running" in wanted.states:
        headers["X-Total-Running"] = str(_running(simulator, wanted))
    return wire.json([shapes.listed(sandbox) for sandbox in chosen[:limit]], headers=headers)


def running(simulator: Simulator, request: Request) -> Response:
    """`GET /sandboxes`: all that run, newest first."""
    wanted = Filter(_RUNNING, filters.metadata(request.text("metadata")))
    found = simulator.fleet.by_start(None, newest_first=True)
    return wire.json([shapes.listed(sandbox) for sandbox in found if wanted.matches(sandbox)])


def _running(simulator: Simulator, wanted: Filter) -> int:
    if wanted.lets_all_run and not simulator.fleet.hidden:
        return simulator.census.running
    return sum(
        sandbox.id not in simulator.fleet.hidden and wanted.matches(sandbox, _RUNNING) for sandbox in simulator.fleet
    )


ROUTES = (Route("GET", "/v2/sandboxes", page), Route("GET", "/sandboxes", running))
