"""`/fleet`: the fleet now, over time, and as it was at a moment."""

# ruff: noqa: ARG001 - every call is handed the request

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Query, Router

from dashboard.api.answers import answer, returns
from dashboard.api.errors import bad_request
from dashboard.api.params import Moment, Paged, Span
from sandboxes.fleet import figures as fleet

router = Router(tags=["fleet"])


class Then(Paged):
    t: Moment | None = None


@router.get("", operation_id="get_fleet", **returns(fleet.FleetNow))
def now(request: HttpRequest) -> HttpResponse:
    """Counts, rates, spread of CPU and memory, burn, orphans."""
    return answer(fleet.now(timezone.now()))


@router.get("/metrics", operation_id="get_fleet_metrics", **returns(fleet.FleetColumns))
def metrics(request: HttpRequest, asked: Query[Span]) -> HttpResponse:
    """Columns by time, the last hour unless told."""
    start, end = asked.between(timezone.now())
    return answer(fleet.metrics(start, end, asked.points))


@router.get("/at", operation_id="get_fleet_at", **returns(fleet.FleetThen))
def at(request: HttpRequest, asked: Query[Then]) -> HttpResponse:
    """The fleet at `t`. `exact_t` is the tick that answers; null means states without figures."""
    try:
        return answer(fleet.at(asked.t or timezone.now(), asked.limit, asked.cursor))
    except ValueError as error:
        raise bad_request(str(error)) from None
