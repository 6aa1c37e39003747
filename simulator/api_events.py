"""The lifecycle events, newest first, paged by an offset that moves as new ones arrive."""

from simulator import shapes, wire
from simulator.router import Route
from simulator.wire import Request, Response
from simulator.world import Simulator

_FURTHEST = 2**31 - 1


def of_team(simulator: Simulator, request: Request) -> Response:
    """`GET /events/sandboxes`."""
    return _page(simulator, request, None)


def of_sandbox(simulator: Simulator, request: Request) -> Response:
    """`GET /events/sandboxes/{id}`; an ID without events has an empty list."""
    return _page(simulator, request, request.params["sandboxID"])


def _page(simulator: Simulator, request: Request, sandbox_id: str | None) -> Response:
    simulator.now()
    found = simulator.journal.page(
        sandbox_id,
        frozenset(request.several("types")),
        oldest_first=request.flag("orderAsc"),
        offset=request.whole("offset", 0, 0, _FURTHEST),
        limit=request.whole("limit", 10, 1, 100),
    )
    return wire.json([shapes.rest_event(event, simulator.team_id) for event in found])


ROUTES = (
    Route("GET", "/events/sandboxes", of_team, limited=False),
    Route("GET", "/events/sandboxes/{sandboxID}", of_sandbox, limited=False),
)
